"""Authentication of sockets: the credentials that open one, and the reasons that close it."""

import time
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from accounts import tokens
from accounts.models import Token
from rooms.actions.enrollment import enroll, unenroll
from rooms.models import Enrollment
from tests.client import barrier
from tests.pace import patient
from tests.rooms.cast import eventually, in_thread
from tests.rooms.revoked import now, sit, talk

CHAT = "/ws/chat/"
COMMANDS = {
    "list_rooms": {},
    "join_room": {"room": "r"},
    "leave_room": {"room": "r"},
    "list_users": {"room": "r"},
    "select_room": {"room": "r"},
    "history": {"room": "r", "before": 1},
    "resume": {"rooms": {}},
    "new_message": {"room": "r", "text": "hello"},
    "private_message": {"to": "ada", "text": "hello"},
    "typing": {"room": "r"},
    "mark_read": {"room": "r", "seq": 1},
    "state": {"course": "c"},
    "vote": {"course": "c", "choice": "A"},
    "draft": {"course": "c", "question": "q", "round": 1, "choice": "A"},
    "ping": {},
}


async def refused(cast, path=CHAT, **options):
    """The HTTP status with which a handshake is refused."""
    with pytest.raises(InvalidStatus) as refusal:
        await cast.connect(path, **options)
    return refusal.value.response.status_code


# --- the four ways in ----------------------------------------------------------------------------


async def test_bearer(cast):
    client = await cast.connect(CHAT, token=cast.ada.token)
    assert (await client.event("welcome"))["user"] == cast.ada.body
    assert client.socket.subprotocol is None


async def test_subprotocol(cast):
    client = await cast.connect(CHAT, subprotocols=["peerchat.v1", f"token.{cast.ada.token}"])
    assert (await client.event("welcome"))["user"] == cast.ada.body
    assert client.socket.subprotocol == "peerchat.v1"


@pytest.mark.parametrize("options", [{}, {"subprotocols": ["peerchat.v1"]}])
async def test_session(cast, options):
    client = await cast.connect(
        CHAT, cookie=cast.ada.log_in(), origin=cast.hall.site.origin, **options
    )
    assert (await client.event("welcome"))["user"] == cast.ada.body
    assert client.socket.subprotocol == options.get("subprotocols", [None])[0]


async def test_a_dashboard_takes_a_session(cast):
    client = await cast.connect(
        f"/ws/instructor/{cast.course.slug}/",
        cookie=cast.ines.log_in(),
        origin=cast.hall.site.origin,
    )
    assert (await client.event("welcome"))["user"] == cast.ines.body


async def test_authenticate(cast):
    client = await cast.connect(CHAT)
    assert await client.ask("authenticate", token=cast.ada.token) == {"user": cast.ada.body}
    assert (await client.event("welcome"))["user"] == cast.ada.body
    assert [frame["rooms"] for frame in [await client.ask("list_rooms")]] != [[]]


async def test_the_reply_comes_before_the_welcome(cast):
    client = await cast.connect(CHAT)
    name = await client.post("authenticate", token=cast.ada.token)
    await client.event("welcome")
    assert name.encode() in client.raw[0]
    assert b'"welcome"' in client.raw[1]


async def test_after_authenticate_events_come(cast):
    bea = await cast.chat(cast.bea)
    client = await cast.connect(CHAT)
    await client.ask("authenticate", token=cast.ada.token)
    await client.event("welcome")
    await bea.ask("new_message", room=cast.room, text="hello")
    await client.message("hello")


async def test_a_session_cookie_of_nobody_is_no_credentials(cast):
    client = await cast.connect(CHAT, cookie="0123456789abcdef0123456789abcdef")
    assert await client.fail("ping") == {"error_code": "authentication_required"}
    assert await client.ask("authenticate", token=cast.ada.token) == {"user": cast.ada.body}


# --- before it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("action", COMMANDS)
async def test_other_commands_need_authentication(cast, action):
    client = await cast.connect(CHAT)
    assert await client.fail(action, **COMMANDS[action]) == {
        "error_code": "authentication_required"
    }


async def test_nobody_hears_nothing(cast):
    client = await cast.connect(CHAT)
    bea = await cast.chat(cast.bea)
    await barrier(bea, cast.room)
    await client.fail("ping")
    assert client.unread(but=frozenset()) == []


async def test_who_does_not_authenticate_is_closed_with_4408(cast):
    began = time.monotonic()
    client = await cast.connect(CHAT)
    assert await client.closed() == 4408
    # The limit is two seconds here, ten by default.
    assert 1.9 < time.monotonic() - began < patient(5)
    assert client.raw == []


async def test_who_authenticated_is_not_closed(cast):
    client = await cast.connect(CHAT)
    await client.ask("authenticate", token=cast.ada.token)
    # The time limit of this socket ends after that of the other one.
    later = await cast.connect(CHAT)
    assert await later.closed() == 4408
    await client.ask("ping")


# --- wrong credentials ---------------------------------------------------------------------------


async def test_a_token_that_is_not_valid_closes_with_4401(cast):
    client = await cast.connect(CHAT)
    assert await client.fail("authenticate", token="pc_wrong") == {"error_code": "invalid_token"}
    assert await client.closed() == 4401


@pytest.mark.parametrize("how", ["expired", "revoked", "inactive"])
async def test_a_token_that_was_valid(cast, how):
    if how == "expired":
        Token.objects.filter(user=cast.ada.user).update(
            expires_at=timezone.now() - timedelta(seconds=1)
        )
    elif how == "revoked":
        Token.objects.filter(user=cast.ada.user).update(revoked_at=timezone.now())
    else:
        cast.ada.user.is_active = False
        cast.ada.user.save()
    client = await cast.connect(CHAT)
    assert await client.fail("authenticate", token=cast.ada.token) == {
        "error_code": "invalid_token"
    }
    assert await client.closed() == 4401
    assert await refused(cast, token=cast.ada.token) == 403


async def test_a_socket_stays_its_users(cast):
    ada = await cast.chat(cast.ada)
    assert await ada.fail("authenticate", token=cast.bea.token) == {
        "error_code": "permission_denied"
    }
    assert await ada.ask("authenticate", token=cast.ada.token) == {"user": cast.ada.body}
    sent = await ada.ask("new_message", room=cast.room, text="still me")
    assert sent["message"]["user"] == cast.ada.body
    assert await ada.settled() == []


@pytest.mark.parametrize(
    "credentials",
    [
        {"token": "pc_wrong"},
        {"token": ""},
        {"subprotocols": ["peerchat.v1", "token.pc_wrong"]},
        {"headers": {"Authorization": "Bearer"}},
    ],
)
@pytest.mark.parametrize("endpoint", ["chat", "instructor"])
async def test_a_wrong_token_in_the_handshake_gets_403(cast, endpoint, credentials):
    path = CHAT if endpoint == "chat" else f"/ws/instructor/{cast.course.slug}/"
    assert await refused(cast, path, **credentials) == 403


async def test_a_token_without_our_subprotocol_gets_403(cast):
    assert await refused(cast, subprotocols=[f"token.{cast.ada.token}"]) == 403


async def test_a_wrong_token_is_not_saved_by_a_session(cast):
    assert (
        await refused(
            cast,
            token="pc_wrong",
            cookie=cast.ada.log_in(),
            origin=cast.hall.site.origin,
        )
        == 403
    )


@pytest.mark.parametrize(
    "origin",
    [None, "https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example"],
)
@pytest.mark.parametrize("endpoint", ["chat", "instructor"])
async def test_a_session_from_a_foreign_origin_gets_403(cast, endpoint, origin):
    path = CHAT if endpoint == "chat" else f"/ws/instructor/{cast.course.slug}/"
    assert await refused(cast, path, cookie=cast.ines.log_in(), origin=origin) == 403


async def test_a_token_from_a_foreign_origin_is_fine(cast):
    client = await cast.connect(CHAT, token=cast.ada.token, origin="https://evil.example")
    assert (await client.event("welcome"))["user"] == cast.ada.body


async def test_a_token_in_the_url_is_no_credentials(cast):
    client = await cast.connect(f"{CHAT}?token={cast.ada.token}")
    assert await client.fail("ping") == {"error_code": "authentication_required"}


@pytest.mark.parametrize("who", ["ada", "ivan", "zoe"])
async def test_who_does_not_lead_the_course_gets_no_dashboard(cast, who):
    path = f"/ws/instructor/{cast.course.slug}/"
    assert await refused(cast, path, token=cast.person(who).token) == 403


async def test_nobody_gets_no_dashboard(cast):
    assert await refused(cast, f"/ws/instructor/{cast.course.slug}/") == 403


async def test_there_is_no_dashboard_of_no_course(cast):
    assert await refused(cast, "/ws/instructor/no-such-course/", token=cast.ines.token) == 403


@pytest.mark.parametrize("path", ["/ws/", "/ws/chat", "/ws/nothing/", "/"])
async def test_other_paths_get_403(cast, path):
    assert await refused(cast, path, token=cast.ada.token) == 403


# --- meanwhile -----------------------------------------------------------------------------------


@pytest.mark.parametrize("worker", [0, 1])
async def test_a_revoked_token_closes_its_sockets_with_4401(cast, worker):
    other = tokens.issue(cast.ada.user)
    ada = await cast.chat(cast.ada, worker=worker)
    kept = await cast.connect(CHAT, token=other, worker=worker)
    bea = await cast.chat(cast.bea, worker=worker)
    token = Token.objects.get(digest=tokens.digest(cast.ada.token))
    await in_thread(tokens.revoke, token)
    assert await ada.closed() == 4401
    await kept.ask("ping")
    await bea.ask("ping")


async def test_a_revoked_token_closes_the_socket_that_authenticated_with_it(cast):
    client = await cast.connect(CHAT)
    await client.ask("authenticate", token=cast.ada.token)
    await client.event("welcome")
    await in_thread(tokens.revoke, Token.objects.get(user=cast.ada.user))
    assert await client.closed() == 4401


async def test_who_loses_the_role_loses_the_dashboard(cast):
    ines, tess = [await cast.dashboard(who) for who in (cast.ines, cast.tess)]
    chat = await cast.chat(cast.tess)
    await in_thread(
        enroll, course=cast.course, users=[cast.tess.user], role=Enrollment.Role.STUDENT
    )
    assert await tess.closed() == 4403
    await chat.ask("ping")
    await ines.ask("ping")
    assert await refused(cast, f"/ws/instructor/{cast.course.slug}/", token=cast.tess.token) == 403


async def test_who_is_taken_out_of_a_course_loses_its_rooms(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    room = cast.room
    await in_thread(unenroll, course=cast.course, users=[cast.ada.user])
    assert await ada.event("room_removed") == {"action": "room_removed", "room": room}
    await barrier(bea, room)
    assert await ada.fail("new_message", room=room, text="hello?") == {
        "error_code": "invalid_room_id"
    }
    assert await ada.fail("state", course=cast.course.slug) == {"error_code": "permission_denied"}
    assert await ada.settled() == []


async def test_a_token_revoked_in_the_database_alone_closes_with_4401(cast, table):
    """No worker is told, so this takes as long as the usual time between two checks."""
    mine = await sit(cast, cast.tess)
    # Within the usual limits of how much one may say.
    async with talk(cast, every=0.5):
        cast.tess.user.peerchat_tokens.update(revoked_at=timezone.now())
        way = "in SQL, with the usual interval: token revoked"
        await table.closes(way, mine.sockets, now(), 4401, within=patient(15))


async def test_a_log_out_closes_the_sockets_of_the_session(cast, client):
    key = cast.ada.log_in()
    here = await cast.connect(CHAT, cookie=key, origin=cast.hall.site.origin)
    elsewhere = await cast.connect(CHAT, cookie=cast.ada.log_in(), origin=cast.hall.site.origin)
    await here.event("welcome")
    await elsewhere.event("welcome")
    client.cookies["sessionid"] = key
    response = await in_thread(client.post, reverse("peerchat_accounts:logout"))
    assert response.status_code == 302
    assert await here.closed() == 4401
    await elsewhere.ask("ping")


async def test_a_socket_that_closes_is_noted(cast):
    ada = await cast.chat(cast.ada)
    row = cast.ada.user.peerchat_connections.get()
    assert row.closed_at is None
    await ada.close()
    await eventually(
        lambda: cast.ada.user.peerchat_connections.filter(closed_at__isnull=False).first()
    )
