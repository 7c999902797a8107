"""Rounds that get more time, rounds that close early, and the times that are suggested."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from rooms.actions import session
from rooms.actions.votes import Ballot, cast_vote
from rooms.models import (
    ClassSession,
    ClassSettings,
    Connection,
    Course,
    Enrollment,
    Message,
    Round,
    UseLog,
    Vote,
    Worker,
)
from rooms.queries.times import suggested_seconds
from rooms.wire.commands import (
    CountDownAndStop,
    Extend,
    Reopen,
    StartQuestion,
    StartRevote,
    StopVote,
)
from rooms.wire.errors import IllegalTransition
from tests.rooms.cast import make_question
from tests.rooms.kinds import KINDS, store
from tests.rooms.school import make_person

COURSE = "physics"


@pytest.fixture
def school(school):
    make_question(school.course, "force")
    return school


def give(school, command):
    return session.control(user=school.ines, course=COURSE, command=command)


def start(school, **fields):
    give(school, StartQuestion(uuid="start", question="force", **fields))


def now():
    return ClassSession.objects.get(ended_at=None)


# --- more time -----------------------------------------------------------------------------------


def test_more_time(school):
    start(school, seconds=60)
    before = now().deadline
    moved = give(school, Extend(uuid="more"))
    assert (moved.phase, moved.epoch) == ("vote", 2)
    assert now().deadline == before + timedelta(seconds=30)
    # Clients that do not know the command follow the deadline of the event they know.
    told = Message.objects.filter(room=school.room).latest("seq")
    assert (told.text, told.control["deadline"]) == ("countDownAndStop", now().deadline.timestamp())
    # A repeated command has no effect.
    assert give(school, Extend(uuid="more")) == moved
    assert now().deadline == before + timedelta(seconds=30)
    give(school, Extend(uuid="long", seconds=3600))
    assert now().deadline <= timezone.now() + timedelta(hours=1)


def test_a_round_with_a_long_time_keeps_it(school):
    start(school, seconds=3600)
    ClassSession.objects.update(deadline=timezone.now() + timedelta(hours=2))
    before = now().deadline
    give(school, Extend(uuid="more"))
    assert now().deadline == before


def test_no_more_time_without_a_limit_or_after_it(school):
    start(school)
    with pytest.raises(IllegalTransition, match="no time limit"):
        give(school, Extend(uuid="none"))
    give(school, CountDownAndStop(uuid="down", seconds=30))
    ClassSession.objects.update(deadline=timezone.now() - timedelta(milliseconds=1))
    with pytest.raises(IllegalTransition, match="is over"):
        give(school, Extend(uuid="late"))
    assert now().epoch == 2
    session.close_due_rounds()
    with pytest.raises(IllegalTransition):
        give(school, Extend(uuid="closed"))


# --- early closes --------------------------------------------------------------------------------


@pytest.fixture
def full(school):
    """A class of ten students, all of whom are online."""
    ClassSettings.objects.create(course=school.course, closes_early=True)
    worker = Worker.objects.create(seen_at=timezone.now())
    students = [make_person(f"s{number}") for number in range(10)]
    for student in students:
        Enrollment.objects.create(course=school.course, user=student)
        Connection.objects.create(
            id=uuid.uuid4(), user=student, worker=worker, opened_at=timezone.now()
        )
    start(school)
    return students


def vote(*students):
    for student in students:
        cast_vote(ballot=Ballot(student, COURSE, "A"))


def test_a_round_counts_down_when_nine_tenths_have_voted(school, full):
    vote(*full[:8])
    # Whoever votes from elsewhere does not stand for those who are here.
    vote(school.ada, school.bea)
    assert session.close_early_rounds() == 0
    assert now().deadline is None
    vote(full[8])
    began = timezone.now()
    assert session.close_early_rounds() == 1
    left = (now().deadline - began).total_seconds()
    assert 5 <= left < 6
    assert Message.objects.filter(room=school.room).latest("seq").text == "countDownAndStop"
    # Another worker, and the next turn, find it counting down.
    assert session.close_early_rounds() == 0
    assert UseLog.objects.filter(event="peer", act="closes_early").count() == 1


def test_it_never_counts_down_twice(school, full):
    vote(*full)
    assert session.close_early_rounds() == 1
    give(school, Extend(uuid="more", seconds=60))
    assert session.close_early_rounds() == 0
    give(school, StopVote(uuid="stop"))
    give(school, Reopen(uuid="again"))
    assert session.close_early_rounds() == 0
    give(school, StopVote(uuid="stop again"))
    # The second vote is another round.
    give(school, StartRevote(uuid="revote", seconds=90))
    assert session.close_early_rounds() == 0
    vote(*full)
    assert session.close_early_rounds() == 1


@pytest.mark.parametrize("why", ["unwanted", "few", "soon", "closing"])
def test_a_round_goes_on(school, full, why):
    if why == "unwanted":
        ClassSettings.objects.update(closes_early=False)
    elif why == "few":
        Connection.objects.filter(user__in=full[4:]).update(closed_at=timezone.now())
        full = full[:4]
    elif why == "soon":
        give(school, CountDownAndStop(uuid="down", seconds=4))
    vote(*full)
    if why == "closing":
        ClassSession.objects.update(
            closing="somebody", deadline=timezone.now() + timedelta(hours=1)
        )
    before = now()
    assert session.close_early_rounds() == 0
    assert (now().epoch, now().deadline) == (before.epoch, before.deadline)


# --- suggested times -----------------------------------------------------------------------------


def voted_in(question, seconds, *, number=1):
    """A closed round in which votes took so long."""
    course = question.course
    leader = Enrollment.objects.filter(course=course, role="instructor").first().user
    began = timezone.now() - timedelta(hours=1)
    here = ClassSession.objects.create(
        course=course, controller=leader, started_at=began, changed_at=began, ended_at=began
    )
    fields = {"session": here, "question": question, "opened_at": began, "closed_at": began}
    round_ = Round.objects.create(**fields, number=1)
    if number == 2:
        round_ = Round.objects.create(**fields, number=2, first=round_)
    for index, took in enumerate(seconds):
        name = f"{question.slug}-{round_.pk}-{index}"
        at = began + timedelta(seconds=took)
        Vote.objects.create(round=round_, user=make_person(name), choice="A", cast_at=at)


def test_suggested_times(school):
    force, work = (
        school.course.questions.get(slug="force"),
        make_question(school.course, "work"),
    )
    number = store(school.course, "mass", KINDS["number"].content)
    assert suggested_seconds(force, 1) == (60, "default")
    assert suggested_seconds(force, 2) == (30, "default")
    voted_in(work, [20.0] * 9 + [400.0])
    assert suggested_seconds(force, 1) == (20, "kind")
    assert suggested_seconds(force, 2) == (30, "default")
    assert suggested_seconds(number, 1) == (120, "default")
    # What took longer than twenty minutes was voted after the round was reopened.
    voted_in(force, [33.0, 38.0, 44.0, 3_000.0])
    assert suggested_seconds(force, 1) == (45, "question")
    assert suggested_seconds(work, 1) == (20, "question")
    voted_in(force, [17.0], number=2)
    assert suggested_seconds(force, 2) == (30, "default")
    voted_in(force, [17.0, 16.0], number=2)
    assert suggested_seconds(force, 2) == (15, "question")
    assert suggested_seconds(work, 2) == (15, "kind")
    other = Course.objects.get(slug="chemistry")
    assert suggested_seconds(make_question(other, "atom"), 1) == (60, "default")


def test_the_suggested_times_by_http(school, client):
    voted_in(school.course.questions.get(slug="force"), [41.0] * 3)
    path = "/api/courses/physics/questions/force/times/"
    client.force_login(school.ines)
    assert client.get(path).json() == {
        "question": "force",
        "first": {"seconds": 40, "source": "question"},
        "second": {"seconds": 30, "source": "default"},
    }
    assert client.get("/api/courses/physics/questions/none/times/").status_code == 400
    for user in (school.ada, school.ivan, school.zoe):
        client.force_login(user)
        assert client.get(path).status_code == 403
