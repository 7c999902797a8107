"""The signals that a site's own code receives."""

import contextlib
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from peerchat import signals
from peerchat.signals import class_started, message_posted, question_revealed, student_joined
from rooms.actions.enrollment import enroll, unenroll
from rooms.actions.messages import Post, post_message, store_posts
from rooms.actions.peer import take_step
from rooms.actions.session import control
from rooms.models import Choice, ClassSession, Enrollment, Message, Question
from rooms.wire.commands import Announce, NextQuestion, Reveal, StartQuestion, StopVote
from tests.rooms.school import School, make_school

pytestmark = pytest.mark.django_db(transaction=True)

Heard = list[dict[str, Any]]


@pytest.fixture
def school(transactional_db: None) -> School:
    school = make_school()
    for slug in ("lift", "coin"):
        question = Question.objects.create(course=school.course, slug=slug, prompt="Why?")
        for letter in "AB":
            Choice.objects.create(
                question=question, letter=letter, text=letter, is_correct=letter == "A"
            )
    return school


@contextlib.contextmanager
def heard(signal: Signal) -> Iterator[Heard]:
    """Yield a list of what a receiver gets; check that no transaction is open at that moment."""
    told: Heard = []

    def receive(**kwargs: Any) -> None:
        assert not transaction.get_connection().in_atomic_block
        assert kwargs.pop("signal") is signal
        assert kwargs.pop("sender") is None
        told.append(kwargs)

    signal.connect(receive)
    try:
        yield told
    finally:
        signal.disconnect(receive)


def start(school: School, question: str = "lift", uuid: str = "start") -> None:
    control(user=school.ines, course="physics", command=StartQuestion(uuid=uuid, question=question))


def test_a_class_starts_with_the_first_question_of_its_session(school):
    with heard(class_started) as told:
        start(school)
        start(school)  # the same command again
        assert told == [{"course": "physics", "question": "lift", "user": school.ines}]
        control(user=school.ines, course="physics", command=StopVote(uuid="stop"))
        control(
            user=school.ines, course="physics", command=NextQuestion(uuid="next", question="coin")
        )
        assert len(told) == 1

        # Long after, the next question begins a session of its own.
        control(user=school.ines, course="physics", command=StopVote(uuid="stop-2"))
        control(user=school.ines, course="physics", command=NextQuestion(uuid="finish"))
        ClassSession.objects.update(changed_at=timezone.now() - timedelta(hours=7))
        start(school, "coin", "later")
        assert [one["question"] for one in told] == ["lift", "coin"]


def test_an_announcement_before_the_first_question_starts_no_class(school):
    with heard(class_started) as told:
        control(user=school.ines, course="physics", command=Announce(uuid="say", text="Soon"))
        assert told == []
        start(school)
        assert len(told) == 1


def test_a_question_is_revealed_once(school):
    start(school)
    with heard(question_revealed) as told:
        control(user=school.tess, course="physics", command=StopVote(uuid="stop"))
        assert told == []
        control(user=school.tess, course="physics", command=Reveal(uuid="reveal"))
        control(user=school.tess, course="physics", command=Reveal(uuid="reveal"))
    assert told == [{"course": "physics", "question": "lift", "user": school.tess}]


def test_the_producer_of_peer_messages_sends_them_too(school):
    with heard(class_started) as started, heard(question_revealed) as revealed:
        for message in ("enableVote", "stopVote", "reveal"):
            take_step(user=school.ines, course="physics", message=message, question="lift")
    assert len(started) == len(revealed) == 1


def test_every_text_of_a_batch_is_told_once_and_in_order(school):
    direct = school.make_room(school.ada, school.bea, kind="direct")
    room = str(school.room.pk)
    posts = [
        Post(school.ada, room, "1", "one"),
        Post(school.bea, str(direct.pk), "2", "two"),
        Post(school.zoe, room, "3", "not in the room"),
        Post(school.ada, room, "1", "one"),  # the same again
    ]
    with heard(message_posted) as told:
        results = store_posts(posts)
        store_posts(posts)
    first, second, *_ = results
    assert told == [
        {
            "course": "physics",
            "room": school.room.pk,
            "room_kind": "course",
            "message": first.message.id,
            "kind": "text",
            "text": "one",
            "user": school.ada,
        },
        {
            "course": "physics",
            "room": direct.pk,
            "room_kind": "direct",
            "message": second.message.id,
            "kind": "text",
            "text": "two",
            "user": school.bea,
        },
    ]


def test_an_announcement_is_told_and_a_step_is_not(school):
    with heard(message_posted) as told:
        control(user=school.ines, course="physics", command=Announce(uuid="say", text="Soon"))
        start(school)
    (one,) = told
    assert (one["kind"], one["text"], one["user"]) == ("system", "Soon", school.ines)
    assert one["message"] == Message.objects.get(kind="system").pk
    assert (one["room"], one["room_kind"]) == (school.room.pk, "course")


def test_a_student_joins_once_whoever_enrols_them(school):
    with heard(student_joined) as told:
        enroll(course=school.course, users=[school.ada, school.zoe, school.ivan])
        assert told == [
            {"course": "physics", "user": school.zoe},
            {"course": "physics", "user": school.ivan},
        ]
        enroll(course=school.course, users=[school.zoe], role="assistant")
        enroll(course=school.course, users=[school.zoe])
        unenroll(course=school.course, users=[school.ivan])
        enroll(course=school.other_course, users=[school.ada], role="assistant")
        assert len(told) == 2

        Enrollment.objects.create(course=school.other_course, user=school.bea)
        Enrollment.objects.create(course=school.other_course, user=school.tess, role="assistant")
        Enrollment.objects.get(course=school.other_course, user=school.bea).save()
        assert told[2:] == [{"course": "chemistry", "user": school.bea}]


def everything(school: School) -> None:
    """Do all that the signals tell of."""
    enroll(course=school.course, users=[school.zoe])
    post_message(post=Post(school.ada, str(school.room.pk), "uuid", "Hello"))
    start(school)
    control(user=school.ines, course="physics", command=StopVote(uuid="stop"))
    control(user=school.ines, course="physics", command=Reveal(uuid="reveal"))


@pytest.mark.parametrize("name", signals.__all__)
def test_nothing_is_told_before_the_commit_and_nothing_of_what_was_rolled_back(school, name):
    with heard(getattr(signals, name)) as told:
        with transaction.atomic():
            everything(school)
            transaction.set_rollback(True)
        assert told == []
        with transaction.atomic():
            everything(school)
            assert told == []
        assert len(told) == 1


@pytest.mark.parametrize("name", signals.__all__)
def test_a_receiver_that_fails_is_logged_and_changes_nothing(school, name, caplog):
    def fail(**kwargs: Any) -> None:
        raise ZeroDivisionError(name)

    signal = getattr(signals, name)
    signal.connect(fail)
    try:
        with caplog.at_level(logging.ERROR, "django.dispatch"), heard(signal) as told:
            everything(school)
    finally:
        signal.disconnect(fail)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == name
    # The others hear it, and the class goes on.
    assert len(told) == 1
    assert ClassSession.objects.get().phase == "revealed"
    assert Message.objects.filter(text="Hello").count() == 1


def test_without_receivers_a_batch_costs_nothing_more(school):
    room = str(school.room.pk)

    def callbacks() -> int:
        with transaction.atomic():
            store_posts([Post(school.ada, room, f"{n}", "Hello") for n in range(3)])
            waiting = len(transaction.get_connection().run_on_commit)
            transaction.set_rollback(True)
        return waiting

    before = callbacks()
    with heard(message_posted):
        assert callbacks() == before + 1
