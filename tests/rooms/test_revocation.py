"""Revocation of what a socket depends on: the socket is closed, or gets no more of it.

On worker 0 sits Tess, the assistant, with a chat socket, a dashboard and a feed, while Bea talks on
worker 1. Then something is changed at worker 1, or by a process without sockets, and the workers
are told. `test_untold_revocation.py` is about changes of which no worker is told.
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import RequestFactory
from django.utils import timezone

from accounts import tokens
from accounts.models import Token, User
from rooms.actions import rooms
from rooms.actions.enrollment import enroll, unenroll
from rooms.models import Enrollment, PartnerGroup
from tests.attacks.web import Visitor
from tests.cases import case
from tests.rooms.cast import Hall, eventually, in_thread, make_person, put_into
from tests.rooms.lesson import lead
from tests.rooms.revoked import (
    PASSWORD,
    Timed,
    assert_lost,
    give_password,
    now,
    open_hall,
    row_of,
    sit,
    talk,
)

TOLD = 2.0
"""Seconds within which a revocation that was told must take effect."""


@pytest.fixture(scope="module")
def hall(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    # The workers do not recheck their sockets by themselves during a test.
    with open_hall(tmp_path_factory.mktemp("told"), RECHECK_EVERY="3600") as hall:
        yield hall


def assistant(cast, name):
    """One more assistant of the course, like Tess."""
    person = make_person(f"{name}-{cast.tag}", name.title())
    put_into(cast.course, {person: "assistant"})
    return person


def assistants(cast):
    """Tess, and two more like her."""
    return cast.tess, assistant(cast, "theo"), assistant(cast, "thea")


# --- log-ins end ---------------------------------------------------------------------------------


async def test_a_log_out(cast, table):
    key = cast.tess.log_in()
    mine, other = await sit(cast, cast.tess, cookie=key), await sit(cast, cast.tess)
    async with talk(cast) as said:
        async with cast.hall.only(1):
            visitor = Visitor(cast.hall.site.origin, key)
            assert (await visitor.send("POST", "/accounts/logout/", csrf=True)).status == 302
        await table.closes("log-out", mine.sockets, now(), 4401, within=TOLD)
        await said.reaches(other.chat, other.board)


async def test_a_log_in_as_somebody_else_in_the_same_browser(cast, table):
    key = cast.tess.log_in()
    mine = await sit(cast, cast.tess, cookie=key)

    def log_in_as_carl():
        request = RequestFactory().post("/")
        request.COOKIES[settings.SESSION_COOKIE_NAME] = key
        request.session = SessionStore(key)
        login(request, cast.carl.user, "django.contrib.auth.backends.ModelBackend")

    async with talk(cast):
        await in_thread(log_in_as_carl)
        way = "log-in as somebody else in the same browser"
        await table.closes(way, mine.sockets, now(), 4401, within=TOLD)


async def test_a_log_in_again_keeps_the_sockets(cast):
    """This holds even if Django hashes the password anew at the log-in."""
    give_password(cast.tess)
    key = cast.tess.log_in()
    mine, other = await sit(cast, cast.tess, cookie=key), await sit(cast, cast.tess)

    def hash_anew():
        user = User.objects.get(pk=cast.tess.user.pk)
        user.password = make_password(PASSWORD)
        user.save(update_fields=["password"])
        user.last_login = timezone.now()
        user.save(update_fields=["last_login"])
        # Another name would have the sockets looked at, and Django ends sessions of the old hash.
        user.date_joined = timezone.now()
        user.save()

    async with talk(cast, every=0.1) as said:
        await in_thread(hash_anew)
        deadline = now() + TOLD
        while now() < deadline:
            await said.reaches(mine.chat, mine.board, other.chat, other.board)


async def test_a_password_that_is_set(cast, table):
    give_password(cast.tess)
    mine = await sit(cast, cast.tess, cookie=cast.tess.log_in())
    program = await sit(cast, cast.tess)

    def change():
        user = User.objects.get(pk=cast.tess.user.pk)
        user.set_password("another horse")
        user.save()

    async with talk(cast) as said:
        await in_thread(change)
        await table.closes("password set", mine.sockets, now(), 4401, within=TOLD)
        # A new password revokes no tokens: they are revoked separately.
        await said.reaches(program.chat, program.board)


async def test_ones_own_change_of_password(cast, table):
    """The user stays logged in: the sockets reconnect with the new key of the session."""
    row_of(cast.tess).update(is_staff=True)
    give_password(cast.tess)
    key, elsewhere = cast.tess.log_in(), cast.tess.log_in()
    mine = await sit(cast, cast.tess, cookie=key)
    other = await sit(cast, cast.tess, cookie=elsewhere)
    async with talk(cast):
        async with cast.hall.only(1):
            visitor = Visitor(cast.hall.site.origin, key)
            form = {
                "old_password": PASSWORD,
                "new_password1": "another horse battery",
                "new_password2": "another horse battery",
            }
            answer = await visitor.send("POST", "/admin/password_change/", form=form, csrf=True)
            assert answer.status == 302
        made, way = now(), "own change of password: "
        await table.closes(way + "other sessions", other.sockets, made, 4401, within=TOLD)
        await table.closes(way + "the own session", mine.sockets, made, 4503, within=TOLD)
        assert visitor.cookies["sessionid"] != key
        await sit(cast, cast.tess, cookie=visitor.cookies["sessionid"])


async def test_a_token_that_is_revoked(cast, table):
    def end(token):
        token.expires_at = timezone.now()
        token.save()

    async def over_http(raw):
        async with cast.hall.only(1):
            visitor = Visitor(cast.hall.site.origin)
            answer = await visitor.send("DELETE", "/api/tokens/current/", token=raw)
            assert answer.status == 204

    ways = {
        "over HTTP": over_http,
        "in the admin": lambda raw: in_thread(tokens.revoke, token_of(raw)),
        "deleted": lambda raw: in_thread(token_of(raw).delete),
        "made to end": lambda raw: in_thread(end, token_of(raw)),
    }
    other = await sit(cast, cast.tess)
    seats = {how: tokens.issue(cast.tess.user) for how in ways}
    sockets = {how: await sockets_of(cast, raw) for how, raw in seats.items()}
    async with talk(cast) as said:
        for how, revoke in ways.items():
            with case(how):
                await revoke(seats[how])
                way = f"token revoked: {how}"
                await table.closes(way, sockets.pop(how), now(), 4401, within=TOLD)
                # The sockets of other tokens stay.
                left = [one[name] for one in sockets.values() for name in ("chat", "dashboard")]
                await said.reaches(other.chat, other.board, *left)


def token_of(raw):
    return Token.objects.get(digest=tokens.digest(raw))


async def sockets_of(cast, raw):
    """Return sockets of the assistant with this token, one of which gave it after the handshake."""
    later = await cast.connect("/ws/chat/", worker=0)
    later.raw = Timed()
    await later.ask("authenticate", token=raw)
    await later.event("welcome")
    return {**(await sit(cast, cast.tess, token=raw)).sockets, "later": later}


async def test_a_credential_whose_time_is_over(cast, table):
    """A session may be prolonged meanwhile.

    Each request does that if SESSION_SAVE_EVERY_REQUEST is on.
    """
    raw, key, prolonged = tokens.issue(cast.tess.user), cast.tess.log_in(), cast.tess.log_in()
    end = timezone.now() + timedelta(seconds=8)
    Token.objects.filter(digest=tokens.digest(raw)).update(expires_at=end)
    Session.objects.filter(pk__in=(key, prolonged)).update(expire_date=end)
    mine = {
        "token": await sit(cast, cast.tess, token=raw),
        "session": await sit(cast, cast.tess, cookie=key),
    }
    stays = await sit(cast, cast.tess, cookie=prolonged)
    Session.objects.filter(pk=prolonged).update(expire_date=end + timedelta(hours=1))
    async with talk(cast, every=0.1) as said:
        for one in (*mine.values(), stays):
            await said.reaches(one.chat, one.board)
        left = (end - timezone.now()).total_seconds()
        assert left > 0
        await asyncio.sleep(left)
        made = now()
        await asyncio.gather(
            *(
                table.closes(f"{what} expired", one.sockets, made, 4401, within=TOLD)
                for what, one in mine.items()
            )
        )
        await asyncio.sleep(max(made + TOLD - now(), 0))
        await said.reaches(stays.chat, stays.board)


async def test_an_account_that_ends(cast, table):
    def deactivate(person):
        user = User.objects.get(pk=person.user.pk)
        user.is_active = False
        user.save()

    ways = {
        "deactivated": (cast.tess, deactivate),
        "deleted": (assistant(cast, "theo"), lambda theo: theo.user.delete()),
    }
    sockets = {}
    for how, (person, _) in ways.items():
        mine = await sit(cast, person)
        browser = await sit(cast, person, cookie=person.log_in())
        web = {f"web {name}": client for name, client in browser.sockets.items()}
        sockets[how] = {**mine.sockets, **web}
    async with talk(cast):
        for how, (person, change) in ways.items():
            await in_thread(change, person)
            await table.closes(f"account {how}", sockets[how], now(), 4401, within=TOLD)


# --- roles, courses and rooms --------------------------------------------------------------------


async def test_an_enrollment_that_ends(cast, table):
    room = cast.room
    ways = {
        "by the action": lambda user, _: unenroll(course=cast.course, users=[user]),
        "by the ORM": lambda _, enrollments: enrollments.get().delete(),
        "with the course's people": lambda _, enrollments: enrollments.delete(),
    }
    people = dict(zip(ways, assistants(cast), strict=True))
    seats = {how: await sit(cast, person) for how, person in people.items()}
    async with talk(cast) as said:
        for how, change in ways.items():
            mine, user = seats[how], people[how].user
            enrollments = Enrollment.objects.filter(course=cast.course, user=user)
            with case(how):
                await in_thread(change, user, enrollments)
                made, way = now(), f"enrolment ended {how}"
                await table.closes(way, {"dashboard": mine.board}, made, 4403, within=TOLD)
                await table.loses(way, mine.chat, room, made, within=TOLD)
                await said.reaches(mine.chat)
                mine.chat.forget()
                # Only the other members hear the room and its topics; the feed is open to all.
                await said.reaches(mine.chat)
                assert mine.chat.unread() == []
    for mine in seats.values():
        assert_lost(mine.chat, room)
        assert not mine.feed.socket.close_code


async def test_a_role_that_ends(cast, table):
    def by_the_orm(user):
        enrollment = Enrollment.objects.get(course=cast.course, user=user)
        enrollment.role = "student"
        enrollment.save()

    ways = {
        "by the action": lambda user: enroll(course=cast.course, users=[user], role="student"),
        "by the ORM": by_the_orm,
    }
    people = dict(zip(ways, assistants(cast), strict=False))
    seats = {how: await sit(cast, person) for how, person in people.items()}
    async with talk(cast) as said:
        for how, change in ways.items():
            mine = seats[how]
            await in_thread(change, people[how].user)
            way = f"role ended {how}"
            await table.closes(way, {"dashboard": mine.board}, now(), 4403, within=TOLD)
            await said.reaches(mine.chat)


async def test_a_room_that_ends(cast, table):
    rooms_of = {how: cast.open_room(cast.tess, cast.bea) for how in ("left", "archived")}
    names = {how: str(room.id) for how, room in rooms_of.items()}
    mine = await sit(cast, cast.tess)
    other = await cast.chat(cast.tess, worker=1)
    async with talk(cast, *names.values()) as said:
        for how, name in names.items():
            if how == "left":
                await other.ask("leave_room", room=name)
            else:
                await in_thread(rooms.archive_room, user=cast.ines.user, room=name)
            await table.loses(f"room {how}", mine.chat, name, now(), within=TOLD)
            await said.reaches(mine.chat)
    for name in names.values():
        assert_lost(mine.chat, name)


async def test_partners_who_are_put_with_others(cast, table):
    students = [cast.ada, cast.bea, *(cast.student(f"s{n}") for n in range(3))]
    sockets = await cast.chat(*students, worker=0)
    board = await cast.dashboard(worker=1)
    await lead(board, "discuss", groups=True)
    of_bea = PartnerGroup.objects.get(
        partners__user=cast.bea.user, round__session__course=cast.course
    )
    number = PartnerGroup.objects.filter(round=of_bea.round).exclude(pk=of_bea.pk).get().number
    who = next(
        one
        for one in students
        if one is not cast.bea and of_bea.partners.filter(user=one.user).exists()
    )
    client = sockets[students.index(who)]
    client.raw = Timed()
    async with talk(cast, str(of_bea.room_id)) as said:
        await client.take(lambda frame: frame.get("room") == str(of_bea.room_id), "talk")
        await board.ask("move_student", username=who.name, group=number)
        await table.loses("put with others", client, str(of_bea.room_id), now(), within=TOLD)
        await said.reaches(client)
    assert_lost(client, str(of_bea.room_id))


async def test_requests_that_wait(cast):
    """The user's rights are checked again when there is something to answer."""
    visitor = Visitor(cast.hall.site.origin)
    room = cast.room
    path = f"/api/rooms/{room}/messages/?after=0&wait=20"
    waiting = {}
    people = {"token": cast.tess, "enrolment": assistant(cast, "theo")}
    async with cast.hall.only(0):
        for what, person in people.items():
            waiting[what] = asyncio.create_task(visitor.get(path, token=person.token))
            row = person.user.peerchat_connections.filter(closed_at=None)
            await eventually(row.exists)
    await in_thread(tokens.revoke, Token.objects.get(user=people["token"].user))
    await in_thread(unenroll, course=cast.course, users=[people["enrolment"].user])
    bea = await cast.chat(cast.bea, worker=1)
    await bea.ask("ping")
    await bea.post("new_message", room=room, text="not for Tess")
    answers = {what: await waiting[what] for what in people}
    assert {what: answer.status for what, answer in answers.items()} == {
        "token": 401,
        "enrolment": 404,
    }
    for answer in answers.values():
        assert "not for Tess" not in answer.text
