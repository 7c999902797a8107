"""Moderation: messages that are removed, students who are muted, rooms that are slow."""

import itertools
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from rooms.actions import moderation, rooms
from rooms.actions.messages import Post, store_posts
from rooms.actions.votes import Ballot, store_ballots
from rooms.delivery import names, notices
from rooms.delivery.connection import LiveConnection
from rooms.delivery.hub import Hub
from rooms.models import Message, Room, UseLog
from rooms.queries import messages, missed, search
from rooms.wire.errors import (
    InvalidMessageFormat,
    InvalidRoom,
    NoSuchMessage,
    PermissionDenied,
    RateLimited,
    RoundClosed,
)
from tests.cases import case, undone
from tests.client import barrier
from tests.rooms.cast import body, eventually, in_thread
from tests.rooms.school import EVERYBODY, post

DENIED, NOWHERE, YES = PermissionDenied, InvalidRoom, None
LEADERS = {"ada": DENIED, "bea": DENIED, "carl": DENIED, "tess": YES, "ines": YES}
STRANGERS = {"ivan": NOWHERE, "zoe": NOWHERE}


def outcome(action, **fields):
    """The type of the error that an action is refused with, None where it is not."""
    try:
        action(**fields)
    except Exception as error:
        return type(error)
    return None


def acts():
    return list(UseLog.objects.filter(event="moderate").values_list("sid", "act", "course_id"))


def texts(bodies):
    return [body.text for body in bodies]


# --- removing ------------------------------------------------------------------------------------

# The people who may remove a message of ada's, by the kind of a room that she shares with bea.
REMOVE = {
    "course": {**LEADERS, **STRANGERS, "ada": YES},
    "open": {**LEADERS, **STRANGERS, "ada": YES},
    "partners": {**LEADERS, **STRANGERS, "ada": YES, "carl": NOWHERE},
    "direct": {**dict.fromkeys(EVERYBODY, NOWHERE), "ada": YES, "bea": DENIED},
}


def test_who_removes_a_message(school):
    for kind, who in itertools.product(REMOVE, EVERYBODY):
        with case(kind, who), undone():
            room = (
                school.room
                if kind == "course"
                else school.make_room(school.ada, school.bea, kind=kind)
            )
            message = post(school.ada, room, "Nonsense")
            expected = REMOVE[kind][who]
            fields = {"user": school.person(who), "room": str(room.id), "seq": message.seq}
            assert outcome(moderation.remove_message, **fields) == expected
            message.refresh_from_db()
            removed = message.removed_at is not None
            assert removed == (expected is YES)
            assert message.removed_by == (school.person(who) if removed else None)


def test_the_text_is_gone_from_every_answer(school):
    room = school.make_room(school.ada, school.bea)
    name = str(room.id)
    for text in ("One", "Nonsense @bea", "Three"):
        post(school.ada, room, text)
    moderation.remove_message(user=school.ines, room=name, seq=2)
    left = ["One", "", "Three"]
    bea = school.bea
    assert texts(messages.select_room(bea, name, 20).room_messages) == left
    assert texts(messages.history(bea, name, 4, 20).room_messages) == left
    assert texts(messages.resume(bea, {name: 0}).rooms[name].messages) == left
    assert texts(messages.messages_page(bea, name, after=0, before=None, limit=20)[1]) == left
    assert not any(
        b"Nonsense" in frame
        for _, frames_ in missed.frames_after(names.room(room.id), 0, 10).rows
        for frame in frames_
    )
    assert search.search(bea, "nonsense", limit=10) == []
    assert list(search.mentions(bea)) == []
    (body,) = [one for one in messages.select_room(bea, name, 20).room_messages if one.seq == 2]
    assert (body.user.username, body.kind, body.reply_to) == ("ada", "text", None)
    # The admin still has the whole message.
    message = Message.objects.get(room=room, seq=2)
    assert (message.text, message.removed_by) == ("Nonsense @bea", school.ines)


def test_a_removed_message_that_is_sent_again_stays_removed(school):
    room = school.make_room(school.ada)
    again = [Post(school.ada, str(room.id), "u", "Nonsense")]
    (first,) = store_posts(again)
    moderation.remove_message(user=school.ada, room=str(room.id), seq=first.message.seq)
    (second,) = store_posts(again)
    assert second.again
    assert b"Nonsense" not in second.frame
    assert room.messages.count() == 1


def test_removing_again_changes_nothing(school):
    room = school.make_room(school.ada)
    post(school.ada, room, "Nonsense")
    fields = {"room": str(room.id), "seq": 1}
    before = moderation.remove_message(user=school.ada, **fields)
    after = moderation.remove_message(user=school.ines, **fields)
    assert (after.removed_at, after.removed_by_id) == (before.removed_at, school.ada.pk)
    assert acts() == [("ada", f"remove:{room.id}:1", "physics")]


def test_what_cannot_be_removed(school):
    for seq, kind in enumerate(("control", "system"), start=1):
        Message.objects.create(
            room=school.room,
            seq=seq,
            sender=school.ines,
            uuid=kind,
            kind=kind,
            text="reveal",
            created_at=timezone.now(),
        )
    fields = {"user": school.ines, "room": str(school.room.id)}
    assert outcome(moderation.remove_message, seq=1, **fields) == PermissionDenied
    assert outcome(moderation.remove_message, seq=2, **fields) is None
    for seq in (0, 3):
        assert outcome(moderation.remove_message, seq=seq, **fields) == NoSuchMessage


def test_a_message_of_another_room_with_the_same_number_stays(school):
    here, there = school.make_room(school.ada), school.make_room(school.ada)
    kept = post(school.ada, there, "Kept")
    post(school.ada, here, "Gone")
    moderation.remove_message(user=school.ada, room=str(here.id), seq=1)
    kept.refresh_from_db()
    assert kept.removed_at is None


async def test_everybody_in_the_room_is_told(cast):
    room = cast.open_room(cast.ada, cast.bea)
    ada = await cast.chat(cast.ada, worker=0)
    bea = await cast.chat(cast.bea, worker=1)
    carl = await cast.chat(cast.carl, worker=1)
    await ada.post("new_message", room=str(room.id), text="Nonsense")
    for client in (ada, bea):
        await client.message("Nonsense")
    await in_thread(moderation.remove_message, user=cast.ines.user, room=str(room.id), seq=1)
    event = {"action": "message_removed", "room": str(room.id), "seq": 1}
    for client in (ada, bea):
        assert await client.event("message_removed") == event
    # It can be restored, and then removed again.
    again = {"user": cast.ines.user, "room": str(room.id), "seq": 1}
    restored = await in_thread(moderation.restore_message, **again)
    told = {"action": "message_restored", "room": str(room.id), "message": body(restored)}
    for client in (ada, bea):
        assert await client.event("message_restored") == told
    await in_thread(moderation.remove_message, **again)
    for client in (ada, bea):
        assert await client.event("message_removed") == event
    assert await carl.settled() == []


async def test_who_comes_back_is_told(cast):
    room = cast.open_room(cast.ada, cast.bea)
    name = str(room.id)
    ada = await cast.chat(cast.ada, worker=0)
    for text in ("One", "Two", "Three"):
        await ada.post("new_message", room=name, text=text)
        await ada.message(text)
    for seq in (1, 3):
        await in_thread(moderation.remove_message, user=cast.ines.user, room=name, seq=seq)
    # Once this worker has told it, the socket that comes then hears of it by its question only.
    for seq in (1, 3):
        await ada.event("message_removed", seq=seq)
    bea = await cast.chat(cast.bea, worker=0)
    missed = await bea.ask("resume", rooms={name: 2})
    assert [one["text"] for one in missed["rooms"][name]["messages"]] == [""]
    # The third message came without its text; bea still had the text of the first one.
    assert await bea.event("message_removed") == {
        "action": "message_removed",
        "room": name,
        "seq": 1,
    }
    assert await bea.settled() == []


async def test_that_a_message_is_gone_is_told_after_the_message(hall, cast):
    """Events of two workers may arrive in either order."""
    sent = []

    async def send(event):
        sent.append(event["text"])

    async def fetch(audience, after, limit):
        return []

    async def compare(known, within):
        return {}, []

    hub = Hub(
        fetch=fetch,
        compare=compare,
        compare_every=60,
        on_changed=lambda audience: None,
        on_seen=lambda entry: None,
        on_recheck=lambda entry: None,
        on_restored=lambda: None,
        on_late=lambda group, audience: None,
    )
    connection = LiveConnection(send, unsent_limit=1_000_000)
    try:
        hub.join(connection, "room.x", "course.x", head=0)
        gone = notices.Removed("room.x", 2, b"gone 2")
        first, second = (
            notices.Stored("room.x", seq, [f"message {seq}".encode()]) for seq in (1, 2)
        )
        hub.deliver("course.x", [gone])
        hub.deliver("course.x", [second])
        hub.deliver("course.x", [first])
        hub.deliver("course.x", [gone])
        await eventually(lambda: len(sent) == 3)
        assert sent == ["message 1", "message 2", "gone 2"]
    finally:
        connection.dispose()
        await hub.stop()


# --- muting --------------------------------------------------------------------------------------


def test_who_mutes(school):
    for act, who in itertools.product(("mute", "unmute"), EVERYBODY):
        with case(act, who), undone():
            fields = {"user": school.person(who), "course": "physics", "username": "bea"}
            if act == "mute":
                fields["seconds"] = 60
            expected = YES if who in ("tess", "ines") else DENIED
            assert outcome(getattr(moderation, act), **fields) == expected
            muted = school.enrollment(school.bea).muted_until is not None
            assert muted == (expected is YES and act == "mute")
            log = (
                []
                if expected
                else [(who, {"mute": "mute:bea:60", "unmute": "unmute:bea"}[act], "physics")]
            )
            assert acts() == log


@pytest.mark.parametrize("username", ["tess", "ines", "ivan", "zoe", "nobody"])
def test_only_students_of_the_course_are_muted(school, username):
    fields = {"user": school.ines, "course": "physics", "username": username}
    assert outcome(moderation.mute, seconds=60, **fields) == InvalidMessageFormat
    assert outcome(moderation.unmute, **fields) == InvalidMessageFormat


@pytest.mark.parametrize(
    ("seconds", "error"),
    [
        (0, InvalidMessageFormat),
        (-1, InvalidMessageFormat),
        (1, None),
        (moderation.MUTE_LIMIT, None),
        (moderation.MUTE_LIMIT + 1, InvalidMessageFormat),
    ],
)
def test_for_how_long(school, seconds, error):
    fields = {"user": school.ines, "course": "physics", "username": "bea", "seconds": seconds}
    assert outcome(moderation.mute, **fields) == error


@pytest.fixture
def muted(school):
    """Bea."""
    moderation.mute(user=school.ines, course="physics", username="bea", seconds=600)
    return school.bea


@pytest.mark.parametrize("kind", ["course", "open", "partners", "direct"])
def test_who_is_muted_posts_nowhere_in_the_course(school, muted, kind):
    room = school.room if kind == "course" else school.make_room(school.ada, muted, kind=kind)
    with pytest.raises(PermissionDenied) as refused:
        post(muted, room, "But")
    until = school.enrollment(muted).muted_until
    assert refused.value.message == (
        f"You are muted in this course until {until:%Y-%m-%d %H:%M:%S} UTC."
    )
    assert refused.value.extra == {"until": until.timestamp()}
    assert until - timezone.now() == pytest.approx(timedelta(minutes=10), abs=timedelta(seconds=30))
    post(school.ada, room, "Others go on")
    # The refused message used up no number in this room, and left no row in the log.
    assert list(room.messages.values_list("seq", flat=True)) == [1]
    assert not UseLog.objects.filter(event="sendmessage", sid="bea").exists()


def test_a_mute_is_for_one_course(school, muted):
    room = Room.objects.get(course=school.other_course)
    room.memberships.create(user=muted)
    assert post(muted, room, "Here I may").seq == 1


def test_a_mute_ends(school, muted):
    room = school.make_room(muted)
    enrollment = school.enrollment(muted)
    enrollment.muted_until = timezone.now() - timedelta(seconds=1)
    enrollment.save()
    assert post(muted, room, "Again").seq == 1
    moderation.mute(user=school.tess, course="physics", username="bea", seconds=60)
    moderation.unmute(user=school.tess, course="physics", username="bea")
    assert post(muted, room, "And again").seq == 2


def test_what_was_stored_before_a_mute_is_answered(school):
    again = [Post(school.bea, str(school.room.id), "u", "Hello")]
    (first,) = store_posts(again)
    moderation.mute(user=school.ines, course="physics", username="bea", seconds=60)
    (second,) = store_posts(again)
    assert second.message.id == first.message.id


def test_who_is_muted_makes_and_runs_no_rooms_but_reads_joins_and_removes(school):
    made = rooms.create_room(user=school.bea, course="physics", title="Mine")
    post(school.bea, made, "Mine")
    other = school.make_room()
    moderation.mute(user=school.ines, course="physics", username="bea", seconds=60)
    fields = {"user": school.bea, "room": str(made.id)}
    assert outcome(rooms.create_room, user=school.bea, course="physics", title="x") == DENIED
    assert outcome(rooms.change_topic, topic="x", **fields) == DENIED
    assert outcome(rooms.archive_room, **fields) == DENIED
    assert outcome(moderation.remove_message, seq=1, **fields) is None
    assert outcome(rooms.join_room, user=school.bea, room=str(other.id)) is None
    assert outcome(rooms.leave_room, user=school.bea, room=str(other.id)) is None


def test_who_is_muted_votes(school, muted):
    # The only reason for the refusal is that no round is open.
    (answer,) = store_ballots([Ballot(muted, "physics", "A")])
    assert isinstance(answer, RoundClosed)


def test_who_becomes_an_assistant_speaks(school, muted):
    enrollment = school.enrollment(muted)
    enrollment.role = "assistant"
    enrollment.save()
    assert post(muted, school.room, "Hello").seq == 1


async def test_muted_on_the_socket(cast):
    bea = await cast.chat(cast.bea)
    mute = {"user": cast.tess.user, "course": cast.course.slug, "username": cast.bea.name}
    await in_thread(moderation.mute, seconds=60, **mute)
    for action, fields in (
        ("new_message", {"room": cast.room}),
        ("private_message", {"to": cast.ada.name}),
    ):
        frame = await bea.command(action, text="But", **fields)
        assert frame["error_code"] == "permission_denied"
        assert re.search(r"until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", frame["error_message"])
    await in_thread(moderation.unmute, **mute)
    await barrier(bea, cast.room)


# --- slow mode -----------------------------------------------------------------------------------

SLOW = {
    "course": {**LEADERS, **STRANGERS},
    "open": {**LEADERS, **STRANGERS},
    "partners": {**dict.fromkeys(EVERYBODY, DENIED), **STRANGERS, "carl": NOWHERE},
    "direct": {**dict.fromkeys(EVERYBODY, NOWHERE), "ada": DENIED, "bea": DENIED},
}


def test_who_slows_a_room_down(school):
    for kind, who in itertools.product(SLOW, EVERYBODY):
        with case(kind, who), undone():
            room = (
                school.room
                if kind == "course"
                else school.make_room(school.ada, school.bea, kind=kind, created_by=school.ada)
                if kind == "open"
                else school.make_room(school.ada, school.bea, kind=kind)
            )
            expected = SLOW[kind][who]
            fields = {"user": school.person(who), "room": str(room.id), "seconds": 30}
            assert outcome(moderation.set_slow_mode, **fields) == expected
            room.refresh_from_db()
            assert room.slow_seconds == (30 if expected is YES else 0)
            assert acts() == ([] if expected else [(who, f"slow:{room.id}:30", "physics")])


@pytest.mark.parametrize("seconds", [-1, moderation.SLOW_LIMIT + 1])
def test_how_slow_a_room_may_be(school, seconds):
    fields = {"user": school.ines, "room": str(school.room.id), "seconds": seconds}
    assert outcome(moderation.set_slow_mode, **fields) == InvalidMessageFormat


@pytest.fixture
def slow(school):
    """A room with 30 seconds between two messages."""
    room = school.make_room(school.ada, school.bea, school.tess)
    return moderation.set_slow_mode(user=school.ines, room=str(room.id), seconds=30)


def test_a_slow_room(school, slow):
    first = post(school.ada, slow, "1")
    with pytest.raises(RateLimited) as refused:
        post(school.ada, slow, "2")
    assert 29 < refused.value.extra["retry_after"] <= 30
    post(school.bea, slow, "Others do not wait for her")
    for text in ("Nor", "do", "leaders"):
        post(school.tess, slow, text)
    # In other rooms she need not wait.
    post(school.ada, school.make_room(school.ada), "3")
    Message.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(seconds=31))
    post(school.ada, slow, "4")
    assert slow.messages.filter(sender=school.ada).count() == 2


def test_a_slow_room_within_a_batch(school, slow):
    other = school.make_room(school.ada)
    answers = store_posts(
        [
            Post(school.ada, str(slow.id), "1", "1"),
            Post(school.ada, str(slow.id), "2", "2"),
            Post(school.bea, str(slow.id), "3", "3"),
            Post(school.ada, str(other.id), "4", "4"),
            Post(school.ada, str(slow.id), "1", "1"),
        ]
    )
    assert [isinstance(one, RateLimited) for one in answers] == [False, True, False, False, False]
    assert answers[4].again


def test_what_was_refused_or_removed_counts_as_it_should(school, slow):
    post(school.ada, slow, "1")
    moderation.remove_message(user=school.ada, room=str(slow.id), seq=1)
    with pytest.raises(RateLimited):
        post(school.ada, slow, "2")
    # A reply to nothing is no message.
    with pytest.raises(InvalidMessageFormat):
        post(school.bea, slow, "3", reply_to="x")
    post(school.bea, slow, "4")


def test_rooms_of_different_slowness(school, slow):
    quick = school.make_room(school.ada)
    moderation.set_slow_mode(user=school.ines, room=str(quick.id), seconds=5)
    for room in (slow, quick):
        message = post(school.ada, room, "1")
        Message.objects.filter(pk=message.pk).update(
            created_at=timezone.now() - timedelta(seconds=10)
        )
    posts = [Post(school.ada, str(room.id), "2", "2") for room in (slow, quick)]
    assert [type(answer).__name__ for answer in store_posts(posts)] == ["RateLimited", "Posted"]


def test_a_room_that_is_slow_no_more(school, slow):
    post(school.ada, slow, "1")
    moderation.set_slow_mode(user=school.ines, room=str(slow.id), seconds=0)
    post(school.ada, slow, "2")


async def test_slow_on_the_socket(cast):
    ada = await cast.chat(cast.ada)
    await in_thread(moderation.set_slow_mode, user=cast.ines.user, room=cast.room, seconds=60)
    await ada.post("new_message", room=cast.room, text="1")
    await ada.message("1")
    frame = await ada.fail("new_message", room=cast.room, text="2")
    assert frame["error_code"] == "rate_limited"
    assert 0 < frame["retry_after"] <= 60
