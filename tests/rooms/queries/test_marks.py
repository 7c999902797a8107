"""The marks of a course from its database."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from rooms.actions.questions import version_of
from rooms.models import ClassSession, Enrollment, MarkRules, Release, Round, StandIn, Take
from rooms.queries import marks
from tests.rooms.cast import make_question
from tests.rooms.term import ask, hold


@pytest.fixture
def term(school):
    """Ada does everything, Bea votes once, and Carl does nothing."""
    session = hold(school)
    ask(
        session,
        "force",
        {school.ada: "B", school.bea: "A"},
        {school.ada: "B"},
        groups=({school.ada: 2, school.bea: 0},),
    )
    return session


def told(course, **chosen):
    return {
        one.name: (float(one.mark.reached), float(one.mark.possible))
        for one in marks.of(course, **chosen)
    }


def test_all_students_by_name_and_nobody_else(school, term):
    found = told(school.course)
    assert list(found.items()) == [("Ada", (3, 3)), ("Bea", (1, 3)), ("Carl", (0, 2))]
    assert told(school.course, users=[school.bea.pk, school.ines.pk]) == {"Bea": (1, 3)}
    StandIn.objects.create(user=school.bea)
    assert told(school.course) == found


def test_all_marks_follow_the_rules_at_once(school, term):
    MarkRules.objects.create(course=school.course, right_first=2, enough=50, full_mark=10)
    assert [one.mark.mark for one in marks.of(school.course)] == [
        Decimal("10.00"),
        # 1 of 5 points is 20 %, two fifths of what is enough.
        Decimal("4.00"),
        Decimal("0.00"),
    ]


def test_a_question_counts_once_the_class_has_gone_on(school, term):
    ClassSession.objects.update(
        ended_at=None, phase="revote_closed", current_round=Round.objects.get(number=2)
    )
    assert set(told(school.course).values()) == {(0, 0)}
    ClassSession.objects.update(phase="revealed")
    assert told(school.course)["Ada"] == (3, 3)


def test_a_nameless_class_counts_once_it_has_ended(school, term):
    MarkRules.objects.create(course=school.course, right_first=5)
    ClassSession.objects.update(ended_at=None, has_pseudonyms=True, lecturers_know=False)
    assert set(told(school.course).values()) == {(0, 0)}
    ClassSession.objects.update(ended_at=timezone.now())
    assert told(school.course)["Ada"] == (3, 3)


def test_whoever_joined_later_missed_nothing_before(school, term):
    later = term.started_at + timedelta(days=1)
    Enrollment.objects.filter(user__in=[school.ada, school.carl]).update(joined_at=later)
    assert told(school.course) == {"Ada": (3, 3), "Bea": (1, 3), "Carl": (0, 0)}


def test_a_term_takes_few_queries(school, term, django_assert_max_num_queries):
    with django_assert_max_num_queries(14):
        marks.of(school.course)


def test_a_released_question_counts_once_it_may_be_told(school, term):
    MarkRules.objects.create(course=school.course, released=50)
    now = timezone.now()
    question = make_question(school.course, "lift")
    release = Release.objects.create(
        course=school.course,
        question=question,
        version=version_of(question),
        name=uuid.uuid4(),
        released_by=school.ines,
        released_at=now,
        opens_at=now - timedelta(hours=2),
        due_at=now + timedelta(hours=1),
        reveals="when_due",
    )
    Take.objects.create(
        release=release,
        user=school.bea,
        started_at=now - timedelta(hours=1),
        first_choice="A",
        first_at=now - timedelta(minutes=50),
        second_choice="B",
        second_at=now - timedelta(minutes=40),
    )
    before = {"Ada": (3, 3), "Bea": (1, 3), "Carl": (0, 2)}
    # Points would tell whether the answers were right.
    assert told(school.course) == before
    Release.objects.update(reveals="at_once")
    assert told(school.course) == {**before, "Bea": (2, 4)}
    Release.objects.update(due_at=now - timedelta(minutes=1), reveals="when_due")
    assert told(school.course) == {"Ada": (3, 4), "Bea": (2, 4), "Carl": (0, 3)}
    bea = marks.of(school.course, users=[school.bea.pk])[0].mark
    assert [one.asked.question.slug for one in marks.made_of(bea.parts)] == ["force", "lift"]
    Release.objects.update(withdrawn_at=now)
    assert told(school.course) == before
