"""The users of handshakes, and the handshakes that are refused."""

import asyncio
import json
import logging
import threading

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from accounts import middleware, tokens, wrong_tokens
from accounts.middleware import SocketAuthMiddleware
from accounts.models import Token, User
from tests.pace import patient

HOST = "testserver"


async def tell(scope, receive, send):
    """An application that accepts and tells what the middleware found."""
    assert isinstance(scope["user"], User | AnonymousUser)
    found = {key: scope[key] for key in ("auth", "token_id", "session_key", "subprotocol")}
    await receive()
    await send({"type": "websocket.accept", "subprotocol": scope["subprotocol"]})
    await send(
        {"type": "websocket.send", "text": json.dumps({**found, "user": scope["user"].username})}
    )
    await send({"type": "websocket.close"})


async def shake(*, subprotocols=(), scheme=None, client=None, **headers: str | None):
    """Return what the application was told, or None if the handshake was refused."""
    headers = {"host": HOST, **headers}
    communicator = WebsocketCommunicator(
        SocketAuthMiddleware(tell),
        "/ws/chat/",
        headers=[(k.encode(), v.encode("latin1")) for k, v in headers.items() if v is not None],
        subprotocols=list(subprotocols),
    )
    if scheme:
        communicator.scope["scheme"] = scheme
    if client:
        communicator.scope["client"] = client
    accepted, protocol = await communicator.connect(timeout=patient(20))
    if not accepted:
        await communicator.wait(patient(20))
        return None
    found = json.loads(await communicator.receive_from(timeout=patient(20)))
    await communicator.wait(patient(20))
    assert protocol == found["subprotocol"]
    return found


def expected(user="", auth=None, token_id=None, session_key=None, subprotocol=None):
    return {
        "user": user,
        "auth": auth,
        "token_id": token_id,
        "session_key": session_key,
        "subprotocol": subprotocol,
    }


NOBODY = expected()
ORIGIN = f"http://{HOST}"


@pytest.fixture
def token(ada) -> str:
    return tokens.issue(ada)


@pytest.fixture
def token_id(token) -> int:
    return Token.objects.get().pk


@pytest.fixture
def session(bea) -> str:
    """The key of a session in which bea is logged in."""
    client = Client()
    assert client.login(username="bea", password="correct horse")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def cookie(key: str) -> str:
    return f"theme=dark; {settings.SESSION_COOKIE_NAME}={key}"


async def test_without_credentials_it_is_nobody(ada):
    assert await shake() == NOBODY
    assert await shake(origin="https://evil.example") == NOBODY


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_bearer_token(token, token_id, scheme):
    found = await shake(authorization=f"{scheme} {token}")
    assert found == expected("ada", "token", token_id)


async def test_token_among_the_subprotocols(token, token_id):
    found = await shake(subprotocols=["peerchat.v1", f"token.{token}"])
    assert found == expected("ada", "token", token_id, subprotocol="peerchat.v1")
    found = await shake(subprotocols=["other", f"token.{token}", "peerchat.v1"])
    assert found == expected("ada", "token", token_id, subprotocol="peerchat.v1")


async def test_the_subprotocol_without_a_token_is_no_credential(ada):
    assert await shake(subprotocols=["peerchat.v1"]) == expected(subprotocol="peerchat.v1")


async def test_other_subprotocols_are_not_accepted(ada):
    assert await shake(subprotocols=["graphql-ws"]) == NOBODY


async def test_a_token_without_the_subprotocol_is_refused(token):
    # A browser accepts only a subprotocol that it offered, and the token must not be echoed.
    assert await shake(subprotocols=[f"token.{token}"]) is None


async def test_session(session):
    found = await shake(cookie=cookie(session), origin=ORIGIN)
    assert found == expected("bea", "session", session_key=session)


async def test_session_with_the_subprotocol(session):
    found = await shake(cookie=cookie(session), origin=ORIGIN, subprotocols=["peerchat.v1"])
    assert found == expected("bea", "session", session_key=session, subprotocol="peerchat.v1")


async def test_the_header_goes_before_the_subprotocol_and_both_before_the_cookie(
    token, token_id, session
):
    found = await shake(
        authorization=f"Bearer {token}",
        subprotocols=["peerchat.v1", "token.pc_wrong"],
        cookie=cookie(session),
        origin="https://evil.example",
    )
    assert found == expected("ada", "token", token_id, subprotocol="peerchat.v1")
    found = await shake(subprotocols=["peerchat.v1", f"token.{token}"], cookie=cookie(session))
    assert found == expected("ada", "token", token_id, subprotocol="peerchat.v1")


@pytest.mark.parametrize("wrong", ["", " ", "pc_wrong", "pc_\xff", "x" * 10_000])
async def test_a_wrong_token_is_refused_even_with_a_good_session(session, wrong):
    good = {"cookie": cookie(session), "origin": ORIGIN}
    assert await shake(authorization=f"Bearer {wrong}", **good) is None
    assert await shake(subprotocols=["peerchat.v1", f"token.{wrong}"], **good) is None


async def test_another_authorization_scheme_is_not_ours(session):
    # Such as a proxy's basic authentication in front of the site.
    found = await shake(authorization="Basic YTpi", cookie=cookie(session), origin=ORIGIN)
    assert found == expected("bea", "session", session_key=session)


async def test_a_revoked_token_is_refused(token):
    await Token.objects.aupdate(revoked_at="2026-01-01T00:00Z")
    assert await shake(authorization=f"Bearer {token}") is None


async def test_a_token_of_an_inactive_user_is_refused(token):
    await User.objects.aupdate(is_active=False)
    assert await shake(authorization=f"Bearer {token}") is None


@pytest.mark.parametrize(
    "key", ["wrong", "", "'; DROP TABLE", "x" * 5000, "a\xffb", "abcdefghijklmnopqrstuvwxyz012345"]
)
async def test_a_cookie_without_a_session_is_no_credential(bea, key):
    assert await shake(cookie=cookie(key), origin=ORIGIN) == NOBODY
    assert await shake(cookie=cookie(key), origin="https://evil.example") == NOBODY
    assert await shake(cookie=cookie(key)) == NOBODY


async def test_a_session_that_was_logged_out_is_no_credential(session):
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    await client.alogout()
    assert await shake(cookie=cookie(session), origin=ORIGIN) == NOBODY


async def test_a_session_from_before_a_change_of_password_is_no_credential(session, bea):
    bea.set_password("another one")
    await bea.asave()
    assert await shake(cookie=cookie(session), origin=ORIGIN) == NOBODY


async def test_a_session_of_an_inactive_user_is_no_credential(session):
    await User.objects.aupdate(is_active=False)
    assert await shake(cookie=cookie(session), origin=ORIGIN) == NOBODY


async def test_a_session_of_a_backend_that_is_no_longer_used_is_no_credential(session, settings):
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]
    assert await shake(cookie=cookie(session), origin=ORIGIN) == NOBODY


async def test_a_session_outlives_a_rotated_secret_key_and_keeps_its_key(session, settings):
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [old]
    found = await shake(cookie=cookie(session), origin=ORIGIN)
    assert found == expected("bea", "session", session_key=session)
    assert await shake(cookie=cookie(session), origin=ORIGIN) == found


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"origin": "http://testserver"}, True),
        ({"origin": "https://testserver"}, True),  # TLS may end at a proxy that does not tell of it
        ({"origin": "http://testserver:80"}, True),
        ({"host": "testserver:8000", "origin": "http://testserver:8000"}, True),
        ({"host": "[::1]:8000", "origin": "http://[::1]:8000"}, True),
        ({"host": "testserver:443", "origin": "https://testserver"}, True),
        ({"origin": "http://TESTSERVER"}, True),
        ({"origin": "https://trusted.example"}, True),
        ({"origin": "https://a.wild.example"}, True),
        ({"origin": "https://wild.example"}, True),
        ({"origin": None}, False),
        ({"origin": ""}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://"}, False),
        ({"origin": "testserver"}, False),
        ({"origin": "//testserver"}, False),
        ({"origin": "ftp://testserver"}, False),
        ({"origin": "http://testserver:8000"}, False),
        ({"host": "testserver:8000", "origin": "http://testserver"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "http://testserver.evil.example"}, False),
        ({"origin": "http://eviltestserver"}, False),
        ({"origin": "http://trusted.example"}, False),
        ({"origin": "https://trusted.example:444"}, False),
        ({"origin": "https://evilwild.example"}, False),
        ({"origin": "http://a.wild.example"}, False),
        ({"origin": "http://[bad"}, False),
        ({"origin": "http://testserver:port"}, False),
        ({"host": "evil.example", "origin": "http://evil.example"}, False),
        ({"host": None, "origin": "http://testserver"}, False),
    ],
)
async def test_a_session_needs_a_page_of_ours(session, settings, headers, allowed):
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example", "https://*.wild.example"]
    found = await shake(cookie=cookie(session), **headers)
    assert found == (expected("bea", "session", session_key=session) if allowed else None)


async def test_over_tls_a_plain_page_is_not_ours(session, settings):
    assert await shake(cookie=cookie(session), scheme="wss", origin="https://testserver")
    assert await shake(cookie=cookie(session), scheme="wss", origin="http://testserver") is None
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    behind = {"cookie": cookie(session), "x-forwarded-proto": "https"}
    assert await shake(**behind, origin="https://testserver")
    assert await shake(**behind, origin="http://testserver") is None


async def test_a_token_needs_no_origin(token, token_id):
    found = await shake(authorization=f"Bearer {token}", origin="https://evil.example")
    assert found == expected("ada", "token", token_id)


async def test_neither_token_nor_cookie_is_logged(token, session, caplog):
    await Token.objects.aupdate(revoked_at="2026-01-01T00:00Z")
    with caplog.at_level(logging.DEBUG):
        assert await shake(authorization=f"Bearer {token}") is None
        assert await shake(cookie=cookie(session), origin="https://evil.example") is None
    assert "the token is not valid" in caplog.text
    assert "'https://evil.example' is not allowed" in caplog.text
    assert token not in caplog.text
    assert session not in caplog.text


# --- Many wrong ones from one address ---------------------------------------------------------


@pytest.fixture
def impatient(settings):
    settings.PEERCHAT = {"LOGIN_ADDRESS_BURST": 3, "LOGIN_ADDRESS_RATE": 0.001}


async def test_many_wrong_tokens_do_not_shut_out_right_ones_from_their_address(
    impatient, token, token_id, session
):
    for number in range(10):
        assert await shake(authorization=f"Bearer pc_wrong{number}") is None
    assert wrong_tokens.is_noisy(None)
    assert await shake(authorization=f"Bearer {token}") == expected("ada", "token", token_id)
    assert (await shake(cookie=f"sessionid={session}", origin=ORIGIN))["user"] == "bea"
    assert await shake(authorization="Bearer pc_wrong") is None
    assert await shake() == NOBODY


async def test_those_of_a_noisy_address_wait_for_each_other_and_nobody_for_them(
    impatient, token, bea
):
    raw = await sync_to_async(tokens.issue)(bea)
    for _ in range(3):
        wrong_tokens.count(None)
    # The thread that looks up its tokens is blocked for a while.
    go_on = threading.Event()
    held = middleware._one_thread.submit(go_on.wait)
    try:
        noisy = asyncio.create_task(shake(authorization=f"Bearer {raw}"))
        quiet = await shake(authorization=f"Bearer {token}", client=("192.0.2.1", 1234))
        assert quiet["user"] == "ada"
        assert not noisy.done()
    finally:
        go_on.set()
    held.result()
    assert (await noisy)["user"] == "bea"
