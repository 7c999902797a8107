"""Open rooms: making, joining, their topics, archiving; what is unread in rooms of any kind."""

import asyncio
import itertools

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rooms.actions import rooms
from rooms.actions.messages import Post, store_posts
from rooms.models import Membership, Message, Room, UseLog
from rooms.queries import messages
from rooms.queries.rooms import entries, list_rooms
from rooms.wire.errors import (
    EmptyText,
    InvalidMessageFormat,
    InvalidRoom,
    PermissionDenied,
    TextTooLong,
)
from rooms.wire.replies import Missed
from tests.cases import case, undone
from tests.client import barrier
from tests.rooms.cast import in_thread
from tests.rooms.school import EVERYBODY, post, read


def outcome(action, **fields):
    """The type of the error that an action is refused with, None where it is not."""
    try:
        action(**fields)
    except Exception as error:
        return type(error)
    return None


def titles(user):
    return [info.title for info in list_rooms(user)]


# --- making --------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", EVERYBODY)
def test_whoever_is_in_the_course_makes_rooms(school, who):
    user = school.person(who)
    refused = outcome(rooms.create_room, user=user, course="physics", title="Chat")
    assert refused == (PermissionDenied if who in ("ivan", "zoe") else None)
    assert Room.objects.filter(kind="open").count() == (refused is None)


def test_a_room_that_was_made(school):
    room = rooms.create_room(
        user=school.ada, course="physics", title=" Night \n owls ", topic="  After\t10 pm "
    )
    room.refresh_from_db()
    assert (room.kind, room.title, room.topic) == ("open", "Night owls", "After 10 pm")
    assert (room.created_by, room.archived_at, room.slow_seconds) == (school.ada, None, 0)
    assert list(room.memberships.values_list("user__username", flat=True)) == ["ada"]
    assert UseLog.objects.values_list("sid", "event", "act", "course_id").get() == (
        "ada",
        "join",
        "Night owls",
        "physics",
    )
    (info,) = [info for info in list_rooms(school.bea) if info.kind == "open"]
    assert (info.room, info.title, info.members) == (str(room.id), "Night owls", 1)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"title": " \n "}, EmptyText),
        ({"title": "x" * 201}, TextTooLong),
        ({"title": "x" * 200}, None),
        ({"title": "x", "topic": "x" * 501}, TextTooLong),
        ({"title": "x", "topic": "x" * 500}, None),
    ],
)
def test_titles_and_topics_have_limits(school, fields, error):
    assert outcome(rooms.create_room, user=school.ada, course="physics", **fields) == error


def test_a_student_makes_so_many_rooms_in_a_course(school, monkeypatch):
    monkeypatch.setitem(settings.PEERCHAT, "OPEN_ROOMS_PER_STUDENT", 2)
    made = [rooms.create_room(user=school.ada, course="physics", title=t) for t in "ab"]
    with pytest.raises(PermissionDenied, match="2 rooms"):
        rooms.create_room(user=school.ada, course="physics", title="c")
    rooms.create_room(user=school.bea, course="physics", title="c")
    rooms.archive_room(user=school.ada, room=str(made[0].id))
    rooms.create_room(user=school.ada, course="physics", title="d")
    for title in "efg":
        rooms.create_room(user=school.tess, course="physics", title=title)


async def test_a_student_who_makes_rooms_at_once_makes_no_more(cast):
    most = settings.PEERCHAT["OPEN_ROOMS_PER_STUDENT"]
    fields = {"user": cast.ada.user, "course": cast.course.slug, "title": "One more"}
    results = await asyncio.gather(
        *(in_thread(outcome, rooms.create_room, **fields) for _ in range(most + 4))
    )
    assert sorted(map(str, results)) == sorted(map(str, [None] * most + [PermissionDenied] * 4))
    assert Room.objects.filter(created_by=cast.ada.user).count() == most


# --- joining -------------------------------------------------------------------------------------


def test_one_is_in_so_many_open_rooms(school, monkeypatch):
    monkeypatch.setitem(settings.PEERCHAT, "ROOMS_PER_SOCKET", 2)
    many = [school.make_room() for _ in range(3)]
    school.make_room(school.ada, school.bea, kind="direct")
    for room in many[:2]:
        rooms.join_room(user=school.ada, room=str(room.id))
    with pytest.raises(PermissionDenied, match="2 open rooms"):
        rooms.join_room(user=school.ada, room=str(many[2].id))
    with pytest.raises(PermissionDenied, match="2 open rooms"):
        rooms.create_room(user=school.ada, course="physics", title="Mine")
    # A member of a room may join it again.
    rooms.join_room(user=school.ada, room=str(many[0].id))
    rooms.join_room(user=school.ada, room=str(school.room.id))
    rooms.leave_room(user=school.ada, room=str(many[0].id))
    rooms.join_room(user=school.ada, room=str(many[2].id))
    rooms.archive_room(user=school.ines, room=str(many[2].id))
    rooms.join_room(user=school.ada, room=str(many[0].id))
    assert Membership.objects.filter(user=school.ada, room__in=many).count() == 3


async def test_join_room_is_refused_on_the_socket(cast):
    most = settings.PEERCHAT["ROOMS_PER_SOCKET"]
    Membership.objects.bulk_create(
        Membership(room=room, user=cast.ada.user)
        for room in Room.objects.bulk_create(
            Room(course=cast.course, kind="open", title="Full") for _ in range(most)
        )
    )
    ada = await cast.chat(cast.ada)
    one_more = cast.open_room()
    frame = await ada.command("join_room", room=str(one_more.id))
    assert frame["error_code"] == "permission_denied"
    assert (
        frame["error_message"]
        == f"You are already in {most} open rooms. Leave one to join another."
    )


# --- topic and end -------------------------------------------------------------------------------

# The people who may run each room: ada made the open one and shares it with bea; the partners' and
# direct one are hers and bea's.
DENIED, NOWHERE, YES = PermissionDenied, InvalidRoom, None
RUN = {
    "open": {
        "ada": YES,
        "bea": DENIED,
        "carl": DENIED,
        "tess": YES,
        "ines": YES,
        "ivan": NOWHERE,
        "zoe": NOWHERE,
    },
    "course": {
        "ada": DENIED,
        "bea": DENIED,
        "carl": DENIED,
        "tess": YES,
        "ines": YES,
        "ivan": NOWHERE,
        "zoe": NOWHERE,
    },
    "partners": {
        "ada": DENIED,
        "bea": DENIED,
        "carl": NOWHERE,
        "tess": DENIED,
        "ines": DENIED,
        "ivan": NOWHERE,
        "zoe": NOWHERE,
    },
    "direct": {
        "ada": DENIED,
        "bea": DENIED,
        "carl": NOWHERE,
        "tess": NOWHERE,
        "ines": NOWHERE,
        "ivan": NOWHERE,
        "zoe": NOWHERE,
    },
}


@pytest.fixture
def room_of(school):
    def make(kind):
        if kind == "course":
            return school.room
        made_by = school.ada if kind == "open" else None
        return school.make_room(school.ada, school.bea, kind=kind, created_by=made_by)

    return make


def test_who_changes_the_topic(school, room_of):
    for kind, who in itertools.product(RUN, EVERYBODY):
        with case(kind, who), undone():
            room = room_of(kind)
            fields = {"user": school.person(who), "room": str(room.id), "topic": " Forces\n first "}
            assert outcome(rooms.change_topic, **fields) == RUN[kind][who]
            room.refresh_from_db()
            assert room.topic == ("Forces first" if RUN[kind][who] is YES else "")


def test_who_archives_a_room(school, room_of):
    for kind, who in itertools.product(RUN, EVERYBODY):
        with case(kind, who), undone():
            room = room_of(kind)
            expected = RUN[kind][who]
            if kind == "course" and expected is YES:
                expected = DENIED
            assert (
                outcome(rooms.archive_room, user=school.person(who), room=str(room.id)) == expected
            )
            room.refresh_from_db()
            assert (room.archived_at is not None) == (expected is YES)


def test_who_made_a_room_runs_it_from_outside_as_well(school):
    room = rooms.create_room(user=school.ada, course="physics", title="Mine")
    rooms.leave_room(user=school.ada, room=str(room.id))
    rooms.change_topic(user=school.ada, room=str(room.id), topic="New")
    rooms.archive_room(user=school.ada, room=str(room.id))


def test_who_made_a_room_and_left_the_course_does_not_run_it(school):
    room = rooms.create_room(user=school.ada, course="physics", title="Mine")
    school.enrollment(school.ada).delete()
    assert outcome(rooms.archive_room, user=school.ada, room=str(room.id)) == InvalidRoom


def test_a_topic_has_a_limit_and_an_end(school):
    room = school.make_room(topic="Old")
    fields = {"user": school.ines, "room": str(room.id)}
    assert outcome(rooms.change_topic, topic="x" * 501, **fields) == TextTooLong
    assert rooms.change_topic(topic="  ", **fields).topic == ""
    assert UseLog.objects.values_list("event", "act").get() == ("moderate", f"topic:{room.id}:")


@pytest.mark.parametrize("nowhere", ["", "x", "00000000-0000-4000-8000-000000000000"])
def test_rooms_that_are_not_there(school, nowhere):
    for action, fields in (
        (rooms.change_topic, {"topic": "x"}),
        (rooms.archive_room, {}),
        (rooms.join_room, {}),
    ):
        assert outcome(action, user=school.ines, room=nowhere, **fields) == InvalidRoom


def test_an_archived_room_is_gone_but_its_history_stays(school):
    room = school.make_room(school.ada, school.bea, created_by=school.ada)
    post(school.ada, room, "Hello")
    name = str(room.id)
    rooms.archive_room(user=school.ada, room=name)
    for user in (school.ada, school.bea, school.carl, school.ines):
        assert titles(user) == ["Physics"]
        assert entries([user], 200)[0][2] == [(school.room.id, school.course.id, 0)]
        for refused, fields in (
            (rooms.join_room, {"room": name}),
            (rooms.leave_room, {"room": name}),
            (rooms.mark_read, {"room": name, "seq": 1}),
            (rooms.archive_room, {"room": name}),
            (rooms.change_topic, {"room": name, "topic": "x"}),
        ):
            assert outcome(refused, user=user, **fields) == InvalidRoom
        with pytest.raises(InvalidRoom):
            post(user, room, "Still here?")
        with pytest.raises(InvalidRoom):
            messages.select_room(user, name, 20)
        missed = Missed(error_code="invalid_room_id")
        assert messages.resume(user, {name: 0}).rooms == {name: missed}
    assert list(Message.objects.filter(room=room).values_list("text", flat=True)) == ["Hello"]
    assert UseLog.objects.filter(event="moderate").values_list("sid", "act").get() == (
        "ada",
        f"archive:{name}",
    )


async def test_members_hear_of_their_rooms_on_both_workers(cast):
    ada0 = await cast.chat(cast.ada, worker=0)
    ada1 = await cast.chat(cast.ada, worker=1)
    bea = await cast.chat(cast.bea, worker=1)
    room = await in_thread(
        rooms.create_room, user=cast.ada.user, course=cast.course.slug, title="Night owls"
    )
    name = str(room.id)
    for socket in (ada0, ada1):
        assert await socket.event("room_added") == {
            "action": "room_added",
            "room": name,
            "kind": "open",
            "title": "Night owls",
            "course": cast.course.slug,
            "members": 1,
            "last_seq": 0,
            "last_read_seq": 0,
        }
    await bea.ask("join_room", room=name)
    await bea.event("room_added", room=name)
    await barrier(bea, name, ada0, ada1)
    await in_thread(rooms.archive_room, user=cast.ines.user, room=name)
    for socket in (ada0, ada1, bea):
        assert await socket.event("room_removed") == {"action": "room_removed", "room": name}
        assert await socket.fail("new_message", room=name, text="?") == {
            "error_code": "invalid_room_id"
        }
        assert name not in [room["room"] for room in (await socket.ask("list_rooms"))["rooms"]]


# --- unread --------------------------------------------------------------------------------------


def test_own_messages_are_not_unread(school):
    room = school.make_room(school.ada, school.bea)
    post(school.ada, room, "1")
    post(school.ada, room, "2")
    assert (read(school.ada, room), read(school.bea, room)) == (2, 0)
    # Messages that bea has not read stay unread when she posts.
    post(school.bea, room, "3")
    assert (read(school.ada, room), read(school.bea, room)) == (2, 0)
    rooms.mark_read(user=school.bea, room=str(room.id), seq=3)
    post(school.bea, room, "4")
    assert (read(school.ada, room), read(school.bea, room)) == (2, 4)


def test_own_messages_within_a_batch(school):
    here, there = school.make_room(school.ada, school.bea), school.make_room(school.ada)
    order = [
        (school.ada, here),
        (school.ada, here),
        (school.bea, here),
        (school.ada, there),
        (school.ada, here),
    ]
    store_posts([Post(user, str(room.id), str(n), "?") for n, (user, room) in enumerate(order)])
    assert (read(school.ada, here), read(school.bea, here), read(school.ada, there)) == (2, 0, 1)


def test_a_batch_has_one_statement_more_for_it_at_most(school):
    room = school.make_room(school.ada, school.bea)
    counts = []
    for posts in (
        [Post(school.ada, str(room.id), f"1-{n}", "Hello") for n in range(5)],
        [Post(school.bea, str(room.id), "2", "Hello")],
        [Post(user, str(room.id), "3", "Hello") for user in (school.ada, school.bea)],
    ):
        before = read(school.ada, room)
        with CaptureQueriesContext(connection) as statements:
            store_posts(posts)
        counts.append((read(school.ada, room) - before, len(statements)))
    # At first ada had read everything; after a message of bea's neither of them had.
    (advanced, with_it), (kept, without), (_, both) = counts
    assert (advanced, kept) == (5, 0)
    assert with_it <= without + 1
    assert both == without


# --- replies -------------------------------------------------------------------------------------


def test_a_reply_is_to_a_message_of_its_room(school):
    here, there = (school.make_room(school.ada, school.bea) for _ in range(2))
    first, elsewhere = post(school.ada, here, "First"), post(school.ada, there, "Elsewhere")
    assert post(school.bea, here, "Yes", reply_to=str(first.id)).reply_to_id == first.id
    nothing = "00000000-0000-4000-8000-000000000000"
    for wrong in (str(elsewhere.id), nothing, "x", ""):
        with pytest.raises(InvalidMessageFormat, match="reply_to"):
            post(school.bea, here, "No", reply_to=wrong)
    # Each post of a batch is checked by itself.
    answers = store_posts(
        [
            Post(school.bea, str(here.id), "a", "No", reply_to=str(elsewhere.id)),
            Post(school.bea, str(there.id), "b", "Yes", reply_to=str(elsewhere.id)),
        ]
    )
    assert isinstance(answers[0], InvalidMessageFormat)
    assert answers[1].message.reply_to_id == elsewhere.id
    assert list(here.messages.values_list("seq", flat=True)) == [1, 2]


async def test_replies_on_the_socket(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    await ada.post("new_message", room=cast.room, text="Who?")
    first = (await bea.message("Who?"))["message"]
    assert "reply_to" not in first
    await bea.post("new_message", room=cast.room, text="Me", reply_to=first["id"])
    assert (await ada.message("Me"))["message"]["reply_to"] == first["id"]
    direct = await bea.command("private_message", to=cast.ada.name, text="Me, too")
    assert await bea.fail(
        "new_message", room=cast.room, text="?", reply_to=direct["message"]["id"]
    ) == {"error_code": "invalid_message_format"}
