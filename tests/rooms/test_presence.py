"""Presence: the events of a room when people come and go, join and leave."""

import asyncio
import json
import time

import pytest

from rooms.actions import rooms
from rooms.models import Enrollment, Membership, Room
from tests.rooms.cast import in_thread, make_person


class Timed(list):
    """A list that knows when each item came."""

    def __init__(self):
        super().__init__()
        self.times = []

    def append(self, item):
        self.times.append(time.monotonic())
        super().append(item)


def told(client, room):
    """The `presence` events of a room so far, with the time of each."""
    found = []
    for at, raw in zip(client.raw.times, client.raw, strict=True):
        frame = json.loads(raw)
        if frame["action"] == "presence" and frame["room"] == room:
            found.append((at, frame))
    return found


async def arrive(cast, person, *rooms, worker=None):
    """Return a chat socket once its rooms have been told of it."""
    client = await cast.chat(person, worker=worker)
    for room in (cast.room, *(str(room.id) for room in rooms)):
        await client.event("presence", room=room, joined=[person.name])
    return client


def presence(room, online, **names):
    return {"action": "presence", "room": str(room), "online": online, **names}


async def test_coming_and_going(cast):
    room = cast.open_room(cast.ada, cast.bea)
    ada = await arrive(cast, cast.ada, room, worker=0)
    bea = await arrive(cast, cast.bea, room, worker=1)
    for name in (cast.room, str(room.id)):
        event = await ada.event("presence", room=name)
        assert event == presence(name, 2, joined=[cast.bea.name])
    await bea.close()
    for name in (cast.room, str(room.id)):
        event = await ada.event("presence", room=name)
        assert event == presence(name, 1, left=[cast.bea.name])


async def test_one_of_two_sockets_closes(cast):
    ada = await arrive(cast, cast.ada, worker=0)
    first = await arrive(cast, cast.bea, worker=0)
    assert (await ada.event("presence"))["online"] == 2
    second = await cast.chat(cast.bea, worker=1)
    await first.close()
    carl = await arrive(cast, cast.carl, worker=1)
    assert await ada.event("presence") == presence(cast.room, 3, joined=[cast.carl.name])
    await second.close()
    for client in (ada, carl):
        assert await client.event("presence") == presence(cast.room, 2, left=[cast.bea.name])


@pytest.mark.parametrize("by", ["socket", "http"])
async def test_joining_and_leaving(cast, by):
    room = cast.open_room(cast.ada)
    name = str(room.id)
    ada = await arrive(cast, cast.ada, room, worker=0)
    bea = await arrive(cast, cast.bea, worker=1)

    async def do(action):
        if by == "socket":
            await bea.ask(f"{action}_room", room=name)
        else:
            await in_thread(getattr(rooms, f"{action}_room"), user=cast.bea.user, room=name)

    await do("join")
    for client in (ada, bea):
        event = await client.event("presence", room=name)
        assert event == presence(name, 2, joined=[cast.bea.name])
    await do("leave")
    assert await ada.event("presence", room=name) == presence(name, 1, left=[cast.bea.name])


async def test_who_joins_and_is_away_is_not_told_of_as_here(cast):
    room = cast.open_room(cast.ada)
    ada = await arrive(cast, cast.ada, room)
    await in_thread(rooms.join_room, user=cast.bea.user, room=str(room.id))
    assert await ada.event("presence", room=str(room.id)) == presence(room.id, 1)


async def test_large_rooms_are_told_numbers_only(cast):
    many = [make_person(f"many{n}-{cast.tag}", "") for n in range(47)]
    Enrollment.objects.bulk_create(Enrollment(course=cast.course, user=one.user) for one in many)
    course_room = Room.objects.get(pk=cast.room)
    Membership.objects.bulk_create(Membership(room=course_room, user=one.user) for one in many[:45])
    # Five of the cast and 45 others: larger rooms are told no names.
    ada = await arrive(cast, cast.ada)
    await cast.chat(cast.bea)
    assert await ada.event("presence") == presence(cast.room, 2, joined=[cast.bea.name])
    Membership.objects.create(room=course_room, user=many[45].user)
    await cast.chat(cast.carl)
    assert await ada.event("presence") == presence(cast.room, 3)


async def test_a_class_that_arrives_is_no_storm(cast):
    students = [cast.student(f"s{n}") for n in range(30)]
    watching = [
        await cast.connect("/ws/chat/", token=person.token, worker=worker)
        for worker, person in enumerate((cast.ada, cast.bea))
    ]
    for client in watching:
        await client.event("welcome")
        client.raw = Timed()
    # Each wave comes right after the event that tells of the previous one.
    for wave in range(0, len(students), 5):
        await asyncio.gather(
            *(cast.connect("/ws/chat/", token=one.token) for one in students[wave : wave + 5])
        )
        await watching[wave // 5 % 2].event("presence", room=cast.room)
    everybody = len(students) + 3
    await cast.chat(cast.carl)
    for client in watching:
        await client.event("presence", room=cast.room, online=everybody)
    for client in watching:
        events = told(client, cast.room)
        assert len(events) >= 3
        # There is one event a second; the first one may have arrived late.
        assert len(events) <= events[-1][0] - events[0][0] + 2
        # The last event is right on both workers.
        assert events[-1][1]["online"] == everybody
        names = {name for _, frame in events for name in frame.get("joined", ())}
        assert names >= {one.name for one in students}
