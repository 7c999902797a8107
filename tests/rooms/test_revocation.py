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
from tests.rooms.cast import Hall, eventually, in_thread
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

    async with talk(cast) as said:
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


@pytest.mark.parametrize("how", ["over HTTP", "in the admin", "deleted", "made to end"])
async def test_a_token_that_is_revoked(cast, table, how):
    raw = tokens.issue(cast.tess.user)
    token = Token.objects.get(digest=tokens.digest(raw))
    mine, other = await sit(cast, cast.tess, token=raw), await sit(cast, cast.tess)
    later = await cast.connect("/ws/chat/", worker=0)
    later.raw = Timed()
    await later.ask("authenticate", token=raw)
    await later.event("welcome")

    def end():
        token.expires_at = timezone.now()
        token.save()

    async with talk(cast) as said:
        if how == "over HTTP":
            async with cast.hall.only(1):
                visitor = Visitor(cast.hall.site.origin)
                answer = await visitor.send("DELETE", "/api/tokens/current/", token=raw)
                assert answer.status == 204
        elif how == "in the admin":
            await in_thread(tokens.revoke, token)
        else:
            await in_thread(token.delete if how == "deleted" else end)
        sockets = {**mine.sockets, "later": later}
        await table.closes(f"token revoked: {how}", sockets, now(), 4401, within=TOLD)
        await said.reaches(other.chat, other.board)


@pytest.mark.parametrize("what", ["token", "session"])
async def test_a_credential_whose_time_is_over(cast, table, what):
    end = timezone.now() + timedelta(seconds=8)
    if what == "token":
        raw = tokens.issue(cast.tess.user)
        Token.objects.filter(digest=tokens.digest(raw)).update(expires_at=end)
        mine = await sit(cast, cast.tess, token=raw)
    else:
        key = cast.tess.log_in()
        Session.objects.filter(pk=key).update(expire_date=end)
        mine = await sit(cast, cast.tess, cookie=key)
    async with talk(cast) as said:
        await said.reaches(mine.chat, mine.board)
        left = (end - timezone.now()).total_seconds()
        assert left > 0
        await asyncio.sleep(left)
        await table.closes(f"{what} expired", mine.sockets, now(), 4401, within=TOLD)


async def test_a_session_that_is_prolonged(cast):
    """Each request prolongs the session if SESSION_SAVE_EVERY_REQUEST is on."""
    key = cast.tess.log_in()
    row = Session.objects.filter(pk=key)
    end = timezone.now() + timedelta(seconds=6)
    row.update(expire_date=end)
    mine = await sit(cast, cast.tess, cookie=key)
    row.update(expire_date=end + timedelta(hours=1))
    async with talk(cast) as said:
        while timezone.now() < end + timedelta(seconds=TOLD):
            await said.reaches(mine.chat, mine.board)


@pytest.mark.parametrize("how", ["deactivated", "deleted"])
async def test_an_account_that_ends(cast, table, how):
    mine = await sit(cast, cast.tess)
    browser = await sit(cast, cast.tess, cookie=cast.tess.log_in())

    def deactivate():
        user = User.objects.get(pk=cast.tess.user.pk)
        user.is_active = False
        user.save()

    async with talk(cast):
        await in_thread(deactivate if how == "deactivated" else cast.tess.user.delete)
        made = now()
        sockets = {**mine.sockets, **{f"web {n}": c for n, c in browser.sockets.items()}}
        await table.closes(f"account {how}", sockets, made, 4401, within=TOLD)


# --- roles, courses and rooms --------------------------------------------------------------------


@pytest.mark.parametrize("how", ["by the action", "by the ORM", "with the course's people"])
async def test_an_enrollment_that_ends(cast, table, how):
    mine = await sit(cast, cast.tess)
    room = cast.room

    def change():
        enrollments = Enrollment.objects.filter(course=cast.course, user=cast.tess.user)
        if how == "by the action":
            unenroll(course=cast.course, users=[cast.tess.user])
        elif how == "by the ORM":
            enrollments.get().delete()
        else:
            enrollments.delete()

    async with talk(cast) as said:
        await in_thread(change)
        made, way = now(), f"enrolment ended {how}"
        await table.closes(way, {"dashboard": mine.board}, made, 4403, within=TOLD)
        await table.loses(way, mine.chat, room, made, within=TOLD)
        await said.reaches(mine.chat)
        mine.chat.forget()
        # Only the other members hear the room and its topics; the feed is open to everybody.
        await said.reaches(mine.chat)
        assert mine.chat.unread() == []
    assert_lost(mine.chat, room)
    assert not mine.feed.socket.close_code


@pytest.mark.parametrize("how", ["by the action", "by the ORM"])
async def test_a_role_that_ends(cast, table, how):
    mine = await sit(cast, cast.tess)

    def change():
        if how == "by the action":
            enroll(course=cast.course, users=[cast.tess.user], role="student")
        else:
            enrollment = Enrollment.objects.get(course=cast.course, user=cast.tess.user)
            enrollment.role = "student"
            enrollment.save()

    async with talk(cast) as said:
        await in_thread(change)
        way = f"role ended {how}"
        await table.closes(way, {"dashboard": mine.board}, now(), 4403, within=TOLD)
        await said.reaches(mine.chat)


@pytest.mark.parametrize("how", ["left", "archived"])
async def test_a_room_that_ends(cast, table, how):
    room = cast.open_room(cast.tess, cast.bea)
    mine = await sit(cast, cast.tess)
    other = await cast.chat(cast.tess, worker=1)
    async with talk(cast, str(room.id)) as said:
        if how == "left":
            await other.ask("leave_room", room=str(room.id))
        else:
            await in_thread(rooms.archive_room, user=cast.ines.user, room=str(room.id))
        await table.loses(f"room {how}", mine.chat, str(room.id), now(), within=TOLD)
        await said.reaches(mine.chat)
    assert_lost(mine.chat, str(room.id))


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


@pytest.mark.parametrize("what", ["token", "enrolment"])
async def test_a_request_that_waits(cast, what):
    """The user's rights are checked again when there is something to answer."""
    visitor = Visitor(cast.hall.site.origin)
    room = cast.room
    path = f"/api/rooms/{room}/messages/?after=0&wait=20"
    async with cast.hall.only(0):
        waiting = asyncio.create_task(visitor.get(path, token=cast.tess.token))
        row = cast.tess.user.peerchat_connections.filter(closed_at=None)
        await eventually(row.exists)
    if what == "token":
        await in_thread(tokens.revoke, Token.objects.get(user=cast.tess.user))
    else:
        await in_thread(unenroll, course=cast.course, users=[cast.tess.user])
    bea = await cast.chat(cast.bea, worker=1)
    await bea.ask("ping")
    await bea.post("new_message", room=room, text="not for Tess")
    answer = await waiting
    assert answer.status == (401 if what == "token" else 404)
    assert "not for Tess" not in answer.text
