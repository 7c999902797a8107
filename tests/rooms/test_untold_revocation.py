"""Revocations made in the database alone, so that no worker gets a notice of them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from accounts.models import Token
from rooms.models import Connection, Enrollment, Membership, Room
from tests.cases import case
from tests.rooms.cast import Hall, Person, make_people, put_into, store
from tests.rooms.revoked import assert_lost, give_password, now, open_hall, row_of, sit, talk

UNTOLD = 30.0
"""Seconds within which the workers must notice by themselves."""


@pytest.fixture(scope="module")
def hall(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with open_hall(tmp_path_factory.mktemp("untold"), RECHECK_EVERY="1") as hall:
        yield hall


def delete_account(person: Person) -> None:
    user = person.user
    # At once: a worker that looks in between would only see that the user leads the course no more.
    with transaction.atomic():
        for model in (Token, Connection, Membership, Enrollment):
            model.objects.filter(user=user)._raw_delete("default")
        row_of(person)._raw_delete("default")


def tokens_of(one: Person) -> Any:
    return Token.objects.filter(user=one.user)


def session_of(key: str) -> Any:
    return Session.objects.filter(pk=key)


BY_SESSION: dict[str, Callable[[Person, str], Any]] = {
    "session deleted": lambda _, key: session_of(key)._raw_delete("default"),
    "session ended": lambda _, key: session_of(key).update(expire_date=timezone.now()),
    "password replaced": lambda one, _: row_of(one).update(password=make_password("other")),
    "user deactivated, logged in": lambda one, _: row_of(one).update(is_active=False),
    "user deleted, logged in": lambda one, _: delete_account(one),
}
BY_TOKEN: dict[str, Callable[[Person, str], Any]] = {
    "token revoked": lambda one, _: tokens_of(one).update(revoked_at=timezone.now()),
    "token ended": lambda one, _: tokens_of(one).update(expires_at=timezone.now()),
    "token deleted": lambda one, _: tokens_of(one)._raw_delete("default"),
    "user deactivated": lambda one, _: row_of(one).update(is_active=False),
    "user deleted": lambda one, _: delete_account(one),
}


@pytest.mark.parametrize("ways", [BY_SESSION, BY_TOKEN], ids=["session", "token"])
async def test_log_ins_that_end_behind_the_back(cast, table, ways):
    """Each of several assistants loses the log-in in another way."""
    people = make_people(cast.tag, *(f"assistant-{number}" for number in range(len(ways))))
    put_into(cast.course, dict.fromkeys(people.values(), "assistant"))
    by_way = dict(zip(ways, people.values(), strict=True))
    keys, seats = {}, {}
    if ways is BY_SESSION:
        give_password(*people.values())
    for how, person in by_way.items():
        keys[how] = person.log_in() if ways is BY_SESSION else person.token
        credential = {"cookie" if ways is BY_SESSION else "token": keys[how]}
        seats[how] = await sit(cast, person, **credential)
    stays = await sit(cast, cast.tess)
    async with talk(cast, every=0.05) as said:
        for how, change in ways.items():
            change(by_way[how], keys[how])
        made = now()
        for how, seat in seats.items():
            with case(how):
                await table.closes(f"in SQL: {how}", seat.sockets, made, 4401, within=UNTOLD)
        await said.reaches(stays.chat, stays.board)


async def test_an_enrollment_that_ends_behind_the_back(cast, table):
    mine = await sit(cast, cast.tess)
    private = cast.open_room(cast.tess, cast.bea)
    other = await sit(cast, cast.tess)
    room = cast.room
    async with talk(cast, str(private.id), every=0.05) as said:
        enrollments = Enrollment.objects.filter(course=cast.course, user=cast.tess.user)
        enrollments._raw_delete("default")
        made, way = now(), "in SQL: enrolment deleted"
        boards = {"dashboard": mine.board}
        await table.closes(way, boards, made, 4403, within=UNTOLD)
        await table.loses(way, mine.chat, room, made, within=UNTOLD)
        await table.loses(way, other.chat, str(private.id), made, within=UNTOLD)
        await said.reaches(mine.chat, other.chat)
        mine.chat.forget()
        await said.reaches(mine.chat)
        assert mine.chat.unread() == []
    for name in (room, str(private.id)):
        assert_lost(other.chat, name)
        # The memberships that the deleted enrolment left behind are gone as well.
        assert await mine.chat.fail("select_room", room=name) == {"error_code": "invalid_room_id"}


async def test_a_role_that_ends_behind_the_back(cast, table):
    mine = await sit(cast, cast.tess)
    async with talk(cast, every=0.05) as said:
        enrollments = Enrollment.objects.filter(course=cast.course, user=cast.tess.user)
        enrollments.update(role="student")
        boards = {"dashboard": mine.board}
        await table.closes("in SQL: role changed", boards, now(), 4403, within=UNTOLD)
        await said.reaches(mine.chat)


async def test_rooms_that_end_behind_the_back(cast, table):
    rooms = {how: cast.open_room(cast.tess, cast.bea) for how in ("left", "archived")}
    mine = await sit(cast, cast.tess)
    async with talk(cast, *(str(room.id) for room in rooms.values()), every=0.05) as said:
        for how, room in rooms.items():
            name = str(room.id)
            with case(how):
                await mine.chat.take(lambda frame, name=name: frame.get("room") == name, "talk")
                if how == "left":
                    members = Membership.objects.filter(room=room, user=cast.tess.user)
                    members._raw_delete("default")
                else:
                    Room.objects.filter(pk=room.pk).update(archived_at=timezone.now())
                await table.loses(f"in SQL: room {how}", mine.chat, name, now(), within=UNTOLD)
                await said.reaches(mine.chat)
    for room in rooms.values():
        assert_lost(mine.chat, str(room.id))


async def test_a_room_that_one_was_put_into_behind_the_back(cast):
    """The user gets the room with the messages since then, in order and without a gap."""
    room = cast.open_room(cast.bea, cast.carl)
    store(room, cast.bea, "before")
    zoe = await cast.chat(cast.zoe, worker=0)
    carl = await cast.chat(cast.carl, worker=0)
    Enrollment.objects.bulk_create([Enrollment(course=cast.course, user=cast.zoe.user)])
    names = [str(room.id), cast.room]
    Membership.objects.bulk_create(Membership(room_id=name, user=cast.zoe.user) for name in names)
    for number in range(5):
        store(room, cast.bea, f"since {number}")
    async with talk(cast, *names, every=0.1) as said:
        for name, last in zip(names, (1, 0), strict=True):
            added = await zoe.event("room_added", room=name)
            assert (added["last_seq"], added["course"]) == (last, cast.course.slug)
        for _ in range(10):
            await said.reaches(zoe)
        for name in names:
            seqs = [
                frame["message"]["seq"]
                for frame in zoe.unread()
                if frame["action"] == "new_message" and frame["room"] == name
            ]
            first = 2 if name == names[0] else 1
            assert seqs == list(range(first, first + len(seqs)))
            assert len(seqs) > 10
    await carl.ask("ping")
