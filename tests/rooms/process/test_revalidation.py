"""The check of a process's sockets: what changes while it reads, its bounds, its queries."""

import json

import pytest
from django.utils import timezone

from accounts import tokens
from accounts.credentials import Credential
from accounts.models import User
from rooms.actions import rooms
from rooms.delivery import names, notices
from rooms.delivery.notices import Recheck, Stored
from rooms.models import Course, Enrollment, Membership, Room
from rooms.process.threads import Threads
from rooms.queries import entitlements, missed
from tests.rooms.cast import eventually, in_thread, make_person, store
from tests.rooms.delivery.test_hub import Socket


def actions(socket: Socket) -> list[str]:
    return [json.loads(text)["action"] for text in socket.sent]


async def test_what_is_as_it_should_be_stays(place, course_room):
    ada, bea = (
        await place.enter(place.ada, course_room),
        await place.enter(place.bea, course_room, place.room),
    )
    await place.check.check_all()
    await place.done()
    assert (ada.sent, bea.sent) == ([], [])
    assert place.audience in bea.audiences
    assert place.audience not in ada.audiences


async def test_who_comes_back_while_the_database_is_read_stays(place, course_room):
    Membership.objects.filter(room=place.room)._raw_delete("default")
    bea = await place.enter(place.bea, course_room, place.room)
    async with place.reading(place.check.check_all()):
        await in_thread(Membership.objects.create, room=place.room, user=place.bea.user)
        entry = notices.Join(
            [place.bea.user.pk], place.audience, names.course(place.course.pk), 0, b"{}"
        )
        place.hub.deliver(names.course(place.course.pk), [entry])
    assert place.audience in bea.audiences
    await place.check.check_all()
    assert place.audience in bea.audiences
    assert bea.sent == []


@pytest.mark.parametrize("when", ["first", "last"])
async def test_who_leaves_while_the_database_is_read_gets_no_more(place, course_room, when):
    bea = await place.enter(place.bea, course_room)

    async def leave():
        await in_thread(rooms.leave_room, user=place.bea.user, room=str(place.room.id))
        entry = notices.Leave([place.bea.user.pk], place.audience, b"{}")
        place.hub.deliver(names.course(place.course.pk), [entry])

    if when == "first":
        async with place.reading(place.check.check_all()):
            await leave()
    else:
        await place.check.check_all()
        async with place.reading(place.done()):
            await leave()
    await place.done()
    assert place.audience not in bea.audiences
    assert bea.sent == []


async def test_what_is_said_while_the_database_is_read_comes_once(place, course_room):
    """Bea comes late to a room in which another socket gets what is said."""
    store(place.room, place.ada, "one")
    first = await place.enter(place.bea, course_room, place.room)
    late = await place.enter(place.bea, course_room)
    group = names.course(place.course.pk)

    async def say(seq: int) -> None:
        await in_thread(store, place.room, place.ada, f"said {seq}")
        frames = missed.frames_after(place.audience, seq - 1, 1).rows[0][1]
        place.hub.deliver(group, [Stored(place.audience, seq, frames)])

    await place.check.check_all()
    async with place.reading(place.done()):
        await say(2)
        await say(3)
    await say(4)
    await eventually(lambda: len(late.sent) == 5)
    frames = [json.loads(text) for text in late.sent]
    assert frames[0]["action"] == "room_added"
    assert frames[0]["last_seq"] == 0
    assert [frame["message"]["seq"] for frame in frames[1:]] == [1, 2, 3, 4]
    assert len(first.sent) == 3


async def test_of_too_much_that_was_missed_nothing_comes(place, course_room):
    store(place.room, place.ada, *map(str, range(entitlements.MISSED_LIMIT + 1)))
    bea = await place.enter(place.bea, course_room)
    await place.check.check_all()
    await eventually(lambda: bea.sent)
    await place.done()
    (added,) = (json.loads(text) for text in bea.sent)
    assert (added["action"], added["last_seq"]) == ("room_added", entitlements.MISSED_LIMIT + 1)
    assert place.audience in bea.audiences


async def test_no_more_rooms_than_a_socket_may_have(place, course_room, settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "ROOMS_PER_SOCKET": 2}
    more = Room.objects.create(course=place.course, kind=Room.Kind.OPEN, title="More")
    Membership.objects.create(room=more, user=place.bea.user)
    bea = await place.enter(place.bea, place.room)
    await place.check.check_all()
    await eventually(lambda: bea.sent)
    await place.done()
    (added,) = (json.loads(text) for text in bea.sent)
    # The course's own room comes first.
    assert added["room"] == str(course_room.id)


async def test_a_socket_that_is_not_set_up_yet_is_left_alone(place, course_room):
    bea = await place.enter(place.bea)
    bea.hold()
    await place.check.check_all()
    await place.done()
    bea.release(b'{"action":"welcome"}')
    await eventually(lambda: bea.sent)
    assert actions(bea) == ["welcome"]
    assert not bea.closed


async def test_a_token_that_ends_at_once_is_noticed_although_it_was_not_told(place):
    ada = await place.enter(place.ada)
    place.ada.user.peerchat_tokens.update(expires_at=timezone.now())
    # When the socket was opened, the token had another end.
    await place.check.check_expired()
    assert not ada.closed
    await place.check.check_all()
    assert ada.closed


async def test_those_who_are_doubted_are_checked_soon(place):
    ada, bea = await place.enter(place.ada), await place.enter(place.bea)
    for one in (place.ada, place.bea):
        one.user.peerchat_tokens.update(revoked_at=timezone.now())
    place.hub.deliver(names.EVERYONE, [Recheck([place.ada.user.pk])])
    await eventually(lambda: ada.closed)
    assert not bea.closed


async def test_the_names_of_users_are_renewed(place):
    await place.enter(place.ada)
    User.objects.update(display_name="Ada Lovelace")
    await place.check.check_all()
    (renewed,) = place.renewed
    assert (renewed.pk, renewed.shown_name) == (place.ada.user.pk, "Ada Lovelace")


async def test_an_older_check_does_not_bring_a_name_back(place):
    await place.enter(place.ada)
    others = Threads(1)
    async with place.reading(place.check.check_all()):
        User.objects.update(display_name="Ada Lovelace")
        place.check._threads = others
        await place.check.check_all()
    others.stop()
    assert [user.shown_name for user in place.renewed] == ["Ada Lovelace"]


async def test_a_name_that_the_site_cannot_tell_stays(place, settings):
    def choose(user):
        if user.pk == place.ada.user.pk:
            raise ValueError("no name")
        return user.username.upper()

    settings.PEERCHAT = {**settings.PEERCHAT, "DISPLAY_NAME": choose}
    for one in (place.ada, place.bea):
        await place.enter(one)
    await place.check.check_all()
    assert [user.shown_name for user in place.renewed] == ["BEA"]


async def test_a_client_is_told_once_of_a_slug_that_changed(place, course_room):
    ada = await place.enter(place.ada, course_room)
    bea = await place.enter(place.bea, course_room, place.room)
    other = Course.objects.create(slug="art", title="Art")
    ada.slugs = {place.course.pk: "physics", other.pk: "art"}
    Course.objects.filter(pk=place.course.pk).update(slug="physics-1")
    for _ in range(2):
        await place.check.check_all()
        await place.done()
    (told,) = map(json.loads, ada.sent)
    assert told == {"action": "course_renamed", "course": "physics-1", "former": "physics"}
    # Bea came to the course after the welcome; the room was announced under the slug of today.
    assert bea.sent == []
    assert ada.slugs == bea.slugs == {place.course.pk: "physics-1"}


async def test_a_client_that_knows_a_newer_slug_is_not_told_of_an_older_one(place, course_room):
    ada = await place.enter(place.ada, course_room)
    ada.slugs = {place.course.pk: "physics"}
    Course.objects.filter(pk=place.course.pk).update(slug="physics-1")
    async with place.reading(place.check.check_all()):
        ada.slugs = {place.course.pk: "physics-2"}
    assert ada.sent == []
    assert ada.slugs == {place.course.pk: "physics-2"}


def test_a_few_queries_whatever_the_number(people, django_assert_num_queries):
    everybody = [people["ada"].user, people["bea"].user]
    for number in range(10):
        user = make_person(f"s{number}", "").user
        Enrollment.objects.create(course=people["course"], user=user)
        everybody.append(user)
    credentials = {Credential(user.pk, token=user.peerchat_tokens.get().pk) for user in everybody}
    with django_assert_num_queries(4):
        found = entitlements.read(credentials, {user.pk for user in everybody})
    assert found.checked.valid.keys() == credentials
    assert len(found.rooms) == 12
    wanted = {(r.user, r.id) for of in found.rooms.values() for r in of.values()}
    with django_assert_num_queries(3):
        assert len(entitlements.read_late(wanted)) == 13
    assert tokens.verify("pc_x") is None
