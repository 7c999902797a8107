"""Revocations made in the database alone, so that no worker gets a notice of them."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import Token
from rooms.models import Connection, Enrollment, Membership, Room
from tests.rooms.cast import Hall, Person, store
from tests.rooms.revoked import assert_lost, give_password, now, open_hall, row_of, sit, talk

UNTOLD = 30.0
"""Seconds within which the workers must notice by themselves."""
SITES = {"untold": {"RECHECK_EVERY": "1"}, "usual": {}}
untold, usual = (
    pytest.mark.parametrize("hall", [name], indirect=True, scope="module") for name in SITES
)


@pytest.fixture(scope="module")
def hall(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp(request.param)
    with open_hall(folder, **SITES[request.param]) as hall:
        yield hall


def delete_account(person: Person) -> None:
    user = person.user
    for model in (Token, Connection, Membership, Enrollment):
        model.objects.filter(user=user)._raw_delete("default")
    row_of(person)._raw_delete("default")


BEHIND_THE_BACK = {
    "session deleted": lambda tess: Session.objects.all()._raw_delete("default"),
    "session ended": lambda tess: Session.objects.update(expire_date=timezone.now()),
    "password replaced": lambda tess: row_of(tess).update(password=make_password("other")),
    "user deactivated, logged in": lambda tess: row_of(tess).update(is_active=False),
    "user deleted, logged in": delete_account,
    "token revoked": lambda tess: tess.user.peerchat_tokens.update(revoked_at=timezone.now()),
    "token ended": lambda tess: tess.user.peerchat_tokens.update(expires_at=timezone.now()),
    "token deleted": lambda tess: tess.user.peerchat_tokens.all()._raw_delete("default"),
    "user deactivated": lambda tess: row_of(tess).update(is_active=False),
    "user deleted": delete_account,
}
WITH_SESSION = list(BEHIND_THE_BACK)[:5]


@untold
@pytest.mark.parametrize("how", BEHIND_THE_BACK)
async def test_a_log_in_that_ends_behind_the_back(cast, table, how):
    session = how in WITH_SESSION
    if session:
        give_password(cast.tess)
    credentials = {"cookie": cast.tess.log_in()} if session else {"token": cast.tess.token}
    mine = await sit(cast, cast.tess, **credentials)
    async with talk(cast):
        BEHIND_THE_BACK[how](cast.tess)
        await table.closes(f"in SQL: {how}", mine.sockets, now(), 4401, within=UNTOLD)


@untold
async def test_an_enrollment_that_ends_behind_the_back(cast, table):
    mine = await sit(cast, cast.tess)
    private = cast.open_room(cast.tess, cast.bea)
    other = await sit(cast, cast.tess)
    room = cast.room
    async with talk(cast, str(private.id)) as said:
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


@untold
async def test_a_role_that_ends_behind_the_back(cast, table):
    mine = await sit(cast, cast.tess)
    async with talk(cast) as said:
        enrollments = Enrollment.objects.filter(course=cast.course, user=cast.tess.user)
        enrollments.update(role="student")
        boards = {"dashboard": mine.board}
        await table.closes("in SQL: role changed", boards, now(), 4403, within=UNTOLD)
        await said.reaches(mine.chat)


@untold
@pytest.mark.parametrize("how", ["left", "archived"])
async def test_a_room_that_ends_behind_the_back(cast, table, how):
    room = cast.open_room(cast.tess, cast.bea)
    mine = await sit(cast, cast.tess)
    async with talk(cast, str(room.id)) as said:
        await mine.chat.take(lambda frame: frame.get("room") == str(room.id), "talk there")
        if how == "left":
            Membership.objects.filter(room=room, user=cast.tess.user)._raw_delete("default")
        else:
            Room.objects.filter(pk=room.pk).update(archived_at=timezone.now())
        way = f"in SQL: room {how}"
        await table.loses(way, mine.chat, str(room.id), now(), within=UNTOLD)
        await said.reaches(mine.chat)
    assert_lost(mine.chat, str(room.id))


@untold
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


@usual
async def test_the_usual_interval(cast, table):
    mine = await sit(cast, cast.tess)
    async with talk(cast):
        cast.tess.user.peerchat_tokens.update(revoked_at=timezone.now())
        way = "in SQL, with the usual interval: token revoked"
        await table.closes(way, mine.sockets, now(), 4401, within=UNTOLD)
