"""A class of a thousand connects, or asks how it stands, all at once: each with few queries."""

import pytest

from accounts import tokens
from accounts.middleware import session_identities, token_identity
from rooms.actions import session
from rooms.actions.enrollment import enroll
from rooms.models import ClassSession, Course
from rooms.queries import classroom
from rooms.queries.rooms import entries
from rooms.wire.commands import MakePartners, Reveal, StartQuestion, StopVote
from tests.rooms.cast import Person, make_question
from tests.rooms.school import make_school

MOST = 200


@pytest.fixture
def school(transactional_db):
    school = make_school()
    make_question(school.course, "force")
    return school


@pytest.mark.parametrize("way", ["session", "token"])
def test_three_queries_from_the_handshake_to_the_welcome(
    school, way, django_assert_max_num_queries
):
    raw = tokens.issue(school.ada)
    cookie = Person(school.ada, raw).log_in()
    with django_assert_max_num_queries(3):
        if way == "session":
            [identity] = session_identities([cookie])
        else:
            identity = token_identity(raw)
        [(mine, courses, heads)] = entries([identity.user], MOST)
    assert [one.course for one in mine] == ["physics"]
    assert courses == [school.course.pk]
    assert heads == [(school.room.id, school.course.pk, 0)]


def test_those_who_shake_hands_in_the_same_moment_are_looked_up_together(
    school, django_assert_num_queries
):
    people = [school.ada, school.bea, school.ines]
    cookies = [Person(user, tokens.issue(user)).log_in() for user in people]
    with django_assert_num_queries(2):
        found = session_identities([cookies[0], "none", *cookies])
    assert [one.user.username for one in found] == ["ada", "", "ada", "bea", "ines"]
    assert [one.session_key for one in found] == [cookies[0], None, *cookies]


def test_those_who_enter_in_the_same_moment_are_told_by_one_query(
    school, django_assert_num_queries
):
    """One of them twice, as with two tabs; each gets what it would get alone."""
    users = [school.bea, school.ada, school.zoe, school.ines, school.ada]
    school.make_room(school.bea, school.ada)
    with django_assert_num_queries(1):
        together = entries(users, MOST)
    assert together == [entries([user], MOST)[0] for user in users]
    assert [len(heads) for _, _, heads in together] == [2, 2, 0, 1, 2]


def test_the_entry_of_many_courses_and_rooms(school):
    course = Course.objects.create(slug="art", title="Art")
    enroll(course=course, users=[school.ada], role="assistant")
    first, second = school.make_room(school.ada), school.make_room(school.ada, school.bea)
    school.make_room(school.bea)
    [(mine, courses, heads)] = entries([school.ada], MOST)
    assert [(one.course, one.role) for one in mine] == [
        ("art", "assistant"),
        ("physics", "student"),
    ]
    assert courses == [course.pk, school.course.pk]
    assert [room for room, _, _ in heads] == [
        course.rooms.get().id,
        school.room.id,
        second.id,
        first.id,
    ]
    assert len(entries([school.ada], 3)[0][2]) == 3


def test_a_slow_reader_does_not_put_back_what_is_remembered(school, monkeypatch):
    """A read that spans a transition does not bring the old state back for others."""

    def control(command):
        session.control(user=school.ines, course="physics", command=command)

    read, moved = classroom.control_fields, []

    def slowly(course, class_session):
        fields = read(course, class_session)
        if not moved:
            moved.append(True)
            control(StopVote(uuid="2"))
            assert classroom.snapshot(school.bea, "physics").phase == "vote_closed"
        return fields

    control(StartQuestion(uuid="1", question="force"))
    monkeypatch.setattr(classroom, "control_fields", slowly)
    assert classroom.snapshot(school.ada, "physics").phase == "vote"
    monkeypatch.setattr(classroom, "control_fields", None)
    after = classroom.snapshot(school.ada, "physics")
    assert (after.phase, after.revision) == ("vote_closed", 2)


def test_what_is_remembered_ends_with_each_change_of_partners(school):
    for command in (StartQuestion(uuid="1", question="force"), StopVote(uuid="2")):
        session.control(user=school.ines, course="physics", command=command)
    assert classroom.snapshot(school.ada, "physics").revision == 2
    session.control(user=school.ines, course="physics", command=MakePartners(uuid="3"))
    assert classroom.snapshot(school.ada, "physics").revision == 3
    assert ClassSession.objects.get().epoch == 2


def test_how_a_class_stands_is_read_once_for_a_revision(school, django_assert_num_queries):
    def control(command):
        session.control(user=school.ines, course="physics", command=command)

    def ask(user):
        return classroom.snapshot(user, "physics")

    control(StartQuestion(uuid="1", question="force"))
    before = ask(school.ada)
    assert (before.phase, before.question.question) == ("vote", "force")
    # The enrolment, the epoch, one's own votes and draft.
    with django_assert_num_queries(4):
        assert ask(school.bea).question == before.question
    control(StopVote(uuid="2"))
    assert ask(school.ada).phase == "vote_closed"
    control(Reveal(uuid="3"))
    after = ask(school.ada)
    assert (after.phase, after.correct) == ("revealed", "B")
    with django_assert_num_queries(4):
        again = ask(school.bea)
    assert (again.correct, again.histograms) == (after.correct, after.histograms)
