"""What is noted with partner groups, and how the rules and settings of a course form them."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import people
from rooms import pairing_said
from rooms.actions import enrollment
from rooms.models import (
    ClassSession,
    ClassSettings,
    Connection,
    Enrollment,
    PairingMember,
    PairingRule,
    Partner,
    PartnerGroup,
    Round,
    Vote,
    Worker,
)
from rooms.queries import pairing
from rooms.wire.commands import (
    EnableChat,
    MakePartners,
    MoveStudent,
    NextQuestion,
    QuickQuestion,
    SetCorrect,
    StartQuestion,
    StopVote,
)
from tests.rooms.actions.test_quick import take
from tests.rooms.cast import make_question
from tests.rooms.school import make_person


@pytest.fixture
def school(school):
    for name in ("force", "work"):
        make_question(school.course, name, correct="A")
    return school


def class_of(school, votes, **fields):
    """Let students vote, and close the vote; return them. A vote is an answer and a confidence."""
    asked = [make_person(f"s{number}") for number in range(len(votes))]
    Enrollment.objects.bulk_create(
        Enrollment(course=school.course, user=one, **fields) for one in asked
    )
    ask(school, asked, votes)
    return asked


def ask(school, students, votes, question="force"):
    if ClassSession.objects.exists():
        take(school, NextQuestion)
    take(school, StartQuestion, question=question)
    first = ClassSession.objects.get(course=school.course, ended_at=None).current_round
    Vote.objects.bulk_create(
        Vote(
            round=first,
            user=one,
            choice=vote[0],
            confidence=int(vote[1:]) if vote[1:] else None,
            cast_at=first.opened_at,
        )
        for one, vote in zip(students, votes, strict=True)
        if vote
    )
    take(school, StopVote)


def come(school, *users):
    now = timezone.now()
    worker = Worker.objects.create(seen_at=now)
    for user in users:
        Connection.objects.create(id=uuid.uuid4(), user=user, worker=worker, opened_at=now)


def groups(school):
    """Return the groups of the current question, in their order."""
    session = ClassSession.objects.get(course=school.course, ended_at=None)
    return list(PartnerGroup.objects.filter(round=session.current_round))


def members(group):
    return set(Partner.objects.filter(group=group).values_list("user", flat=True))


def rule(school, kind, *users):
    made = PairingRule.objects.create(course=school.course, kind=kind)
    PairingMember.objects.bulk_create(PairingMember(rule=made, user=user) for user in users)
    return made


def noted(group):
    return {
        name: getattr(group, name)
        for name in ("method", "size", "voters", "is_mixed", "right", "confidence_gap", "repeats")
    }


def test_each_group_has_method_and_reason(school):
    class_of(school, ["A5", "B1"])
    take(school, MakePartners)
    [group] = groups(school)
    assert noted(group) == {
        "method": "different_answers",
        "size": 2,
        "voters": 2,
        "is_mixed": True,
        "right": 1,
        "confidence_gap": 4,
        "repeats": 0,
    }
    assert pairing_said.sentence(group) == "different answers, one right, one sure, one unsure"


def test_whoever_moves_changes_what_the_groups_are_made_of(school):
    students = class_of(school, ["A", "A", "B", "B", "C", "C"])
    take(school, MakePartners)
    first, second, _ = groups(school)
    stays, mover = sorted(members(first))
    take(school, MoveStudent, username=people.username(people.everybody().get(pk=mover)), group=2)
    first, second, third = groups(school)
    assert members(first) == {stays}
    assert (first.size, first.voters, first.is_mixed) == (1, 1, False)
    assert (second.size, second.voters, second.method) == (3, 3, "by_hand")
    votes = dict(Vote.objects.values_list("user", "choice"))
    assert second.right == sum(votes[one] == "A" for one in members(second))
    assert third.method == "different_answers"
    enrollment.unenroll(course=school.course, users=[one for one in students if one.pk == stays])
    assert [group.size for group in groups(school)] == [0, 3, 2]


def test_late_students_change_what_their_group_is_made_of(school):
    students = class_of(school, ["A", "B"])
    come(school, *students)
    take(school, MakePartners)
    come(school, school.ada)
    take(school, EnableChat)
    [group] = groups(school)
    assert (group.size, group.voters, group.method) == (3, 2, "different_answers")


def test_a_right_answer_given_later_is_counted(school):
    students = [school.ada, school.bea]
    take(school, QuickQuestion)
    first = ClassSession.objects.get(course=school.course, ended_at=None).current_round
    Vote.objects.bulk_create(
        Vote(round=first, user=one, choice=choice, cast_at=first.opened_at)
        for one, choice in zip(students, "AB", strict=True)
    )
    take(school, StopVote)
    take(school, MakePartners)
    assert [group.right for group in groups(school)] == [None]
    take(school, SetCorrect, choice="B")
    assert [group.right for group in groups(school)] == [1]


def test_partners_of_earlier_questions_are_noted_and_avoided(school):
    students = class_of(school, ["A", "A", "A", "A", "B", "B", "B", "B"])
    met = set()
    for number in range(4):
        if number:
            ask(school, students, ["A"] * 4 + ["B"] * 4, ("force", "work")[number % 2])
        take(school, MakePartners)
        pairs = {frozenset(members(group)) for group in groups(school)}
        assert all(group.is_mixed for group in groups(school))
        assert [group.repeats for group in groups(school)] == [
            int(frozenset(members(group)) in met) for group in groups(school)
        ]
        if number < 2:
            assert not pairs & met
        met |= pairs


def test_earlier_partners_are_read_within_a_bound(school, monkeypatch):
    students = class_of(school, ["A", "B"])
    for question in ("work", "force", "work"):
        take(school, MakePartners)
        ask(school, students, ["A", "B"], question)
    current = Round.objects.latest("opened_at")
    keys = [one.pk for one in students]
    known = {keys[0]: {keys[1]}, keys[1]: {keys[0]}}
    assert pairing.earlier_partners(school.course, current, keys) == known
    monkeypatch.setattr(pairing, "EARLIER_PLACES", 3)
    with CaptureQueriesContext(connection) as queries:
        assert pairing.earlier_partners(school.course, current, keys) == known
    assert len(queries) == 2
    assert "LIMIT 1" in queries[0]["sql"]


def test_the_rules_of_the_course_hold(school):
    students = class_of(school, ["A", "B", "B", "A", "A", "B", "B", "A"])
    rule(school, "never", *students[:3])
    rule(school, "always", students[3], students[4])
    rule(school, "fixed", *students[5:])
    for _ in range(3):
        take(school, MakePartners)
        found = {frozenset(members(group)): group for group in groups(school)}
        assert found[frozenset(one.pk for one in students[5:])].method == "fixed"
        # All others are gone, so of three who are never together two have to be.
        assert frozenset(one.pk for one in students[3:5]) in found
    assert pairing_said.sentence(found[frozenset(one.pk for one in students[5:])]) == (
        "fixed group, different answers, one right"
    )


def test_a_late_student_is_not_seated_with_one_of_a_rule(school):
    students = class_of(school, ["A", "B", "A", "B"])
    come(school, *students)
    take(school, MakePartners)
    first, _ = groups(school)
    for one in students:
        if one.pk in members(first):
            rule(school, "never", school.ada, one)
    come(school, school.ada)
    take(school, EnableChat)
    assert school.ada.pk in members(groups(school)[1])


@pytest.mark.parametrize("asks", [True, False])
def test_groups_form_within_a_place_if_the_course_asks_for_it(school, asks):
    students = class_of(school, ["A", "A", "A", "B", "B", "B", "C"])
    ClassSettings.objects.create(course=school.course, asks_place=asks)
    hall = {one.pk for one in students[:3]}
    Enrollment.objects.filter(user__in=students).update(place="elsewhere")
    Enrollment.objects.filter(user__in=hall).update(place="hall")
    take(school, MakePartners)
    found = groups(school)
    if not asks:
        assert {group.place for group in found} == {""}
        assert all(group.is_mixed for group in found)
        return
    assert sorted((group.place, group.size) for group in found) == [
        ("elsewhere", 2),
        ("elsewhere", 2),
        ("hall", 3),
    ]


def test_methods_are_compared_within_a_class(school):
    ClassSettings.objects.create(course=school.course, compares_methods=True)
    class_of(school, ["A", "B", "C", "D"] * 4)
    take(school, MakePartners)
    found = [group.method for group in groups(school)]
    assert sorted(found) == ["different_answers"] * 4 + ["random"] * 4
    # Half of the class has no more than four of one answer.
    assert all(group.is_mixed or group.method == "random" for group in groups(school))
    take(school, MakePartners, method="same_answer")
    assert {group.method for group in groups(school)} == {"same_answer"}


def test_a_question_costs_the_same_number_of_queries_for_any_class(school):
    counts = []
    for size, question in ((2, "force"), (10, "work"), (30, "force")):
        votes = ["A", "B"] * size
        students = [make_person(f"{size}-{number}") for number in range(len(votes))]
        Enrollment.objects.bulk_create(
            Enrollment(course=school.course, user=one) for one in students
        )
        ask(school, students, votes, question)
        with CaptureQueriesContext(connection) as queries:
            take(school, MakePartners)
        counts.append(len(queries))
    # The first has no earlier question to read.
    assert counts[1] == counts[2]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"voters": None}, ""),
        ({"voters": 0, "right": 0}, "no votes"),
        ({"voters": 1, "right": 1}, "one vote only, right"),
        ({"voters": 1, "right": 0}, "one vote only, nobody right"),
        ({"voters": 2, "right": 2}, "same answer, all right"),
        ({"voters": 2}, "same answer"),
        ({"voters": 3, "is_mixed": True, "right": 2}, "different answers, 2 right"),
        ({"voters": 3, "is_mixed": True, "right": 0}, "different answers, nobody right"),
        ({"voters": 2, "repeats": 1}, "same answer, partners before"),
        ({"voters": 2, "method": "fixed"}, "fixed group, same answer"),
        (
            {"voters": 2, "is_mixed": True, "confidence_gap": 1, "place": "both"},
            "different answers, in the hall and elsewhere",
        ),
        ({"voters": 2, "method": "by_hand"}, "put together by hand, same answer"),
    ],
)
def test_what_is_said_of_a_group(fields, said):
    assert pairing_said.sentence(PartnerGroup(**fields)) == said
