"""A site's own sockets, beside those of peerchat."""

import pytest
from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connections
from django.test import Client
from django.urls import path

from accounts import people, tokens
from accounts.middleware import SocketAuthMiddleware
from peerchat.routing import websocket_urlpatterns
from rooms.process import runtime
from tests.inclusion.oldsite.asgi import application, sockets
from tests.inclusion.oldsite.consumers import Visits
from tests.pace import patient
from tests.rooms.school import make_person

pytestmark = pytest.mark.django_db(transaction=True)

WITHIN = patient(10)
ORIGIN = "http://testserver"

# Peerchat's middleware around the site's sockets, and only before its own within Channels'.
WAYS = {
    "behind": application,
    "beside": AuthMiddlewareStack(
        URLRouter(
            [
                path("a/b/", SocketAuthMiddleware(URLRouter(websocket_urlpatterns))),
                *sockets[1:],
            ]
        )
    ),
}


@pytest.fixture(params=WAYS)
def way(request):
    return WAYS[request.param]


def visitor(username: str = "", visits: int | None = None) -> str:
    """The key of a session, in which somebody may have logged in."""
    browser = Client()
    if username:
        browser.force_login(make_person(username))
    if visits is not None:
        session = browser.session
        session["visits"] = visits
        session.save()
        assert session.session_key
        browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


async def told(way, **headers: str) -> dict[str, object] | None:
    """Return what the site's own consumer found, or None if the handshake was refused."""
    communicator = WebsocketCommunicator(
        way,
        "/ws/chat/hall/",
        headers=[(k.encode(), v.encode()) for k, v in {"host": "testserver", **headers}.items()],
    )
    accepted, _ = await communicator.connect(timeout=WITHIN)
    if not accepted:
        return None
    found = await communicator.receive_json_from(timeout=WITHIN)
    await communicator.disconnect(timeout=WITHIN)
    return found


def cookie(key: str) -> str:
    return f"theme=dark; {settings.SESSION_COOKIE_NAME}={key}"


async def test_a_consumer_finds_the_user_and_the_session(way):
    key = await database_sync_to_async(visitor)("ada", 3)
    assert await told(way, cookie=cookie(key), origin=ORIGIN) == {
        "user": people.sample_name("ada"),
        "visits": 3,
        "key": key,
        "cookies": ["sessionid", "theme"],
        "room": "hall",
    }


async def test_a_session_may_be_nobody_s(way):
    key = await database_sync_to_async(visitor)(visits=1)
    found = await told(way, cookie=cookie(key), origin=ORIGIN)
    assert (found["user"], found["visits"], found["key"]) == ("", 1, key)


async def test_without_a_cookie_there_is_an_empty_session(way):
    found = await told(way)
    assert (found["user"], found["visits"], found["key"]) == ("", None, None)
    assert (await told(way, cookie=cookie("forged"), origin=ORIGIN))["key"] is None


async def test_a_page_of_another_site_gets_no_session():
    visit = database_sync_to_async(visitor)
    key, nobody = await visit("ada", 3), await visit("", 1)
    evil = "https://evil.example"
    assert await told(application, cookie=cookie(key), origin=evil) is None
    assert (await told(application, cookie=cookie(nobody), origin=evil))["visits"] is None


async def test_with_a_token_the_session_of_the_cookie_does_not_count():
    def prepare() -> tuple[str, str]:
        key = visitor("ada", 3)
        return key, tokens.issue(make_person("bea"))

    key, token = await database_sync_to_async(prepare)()
    found = await told(application, cookie=cookie(key), authorization=f"Bearer {token}")
    assert (found["user"], found["visits"], found["key"]) == (people.sample_name("bea"), None, None)


async def test_both_open_the_sockets_of_peerchat(way):
    def prepare() -> str:
        return tokens.issue(make_person("ada"))

    token = await database_sync_to_async(prepare)()
    communicator = WebsocketCommunicator(
        way,
        "/a/b/ws/chat/",
        headers=[(b"host", b"testserver"), (b"authorization", f"Bearer {token}".encode())],
    )
    accepted, _ = await communicator.connect(timeout=WITHIN)
    assert accepted
    assert (await communicator.receive_json_from(timeout=WITHIN))["action"] == "welcome"
    await communicator.disconnect(timeout=WITHIN)
    await runtime.stop()
    connections.close_all()


async def test_a_site_s_sockets_may_follow_in_the_same_list():
    follow = [*websocket_urlpatterns, path("ws/chat/<slug:room>/", Visits.as_asgi())]
    found = await told(SocketAuthMiddleware(URLRouter(follow)))
    assert found is not None
    assert found["room"] == "hall"


async def test_the_session_can_be_written_to():
    key = await database_sync_to_async(visitor)("ada", 3)
    found = {}

    async def consumer(scope, receive, send):
        assert not isinstance(scope["user"], AnonymousUser)
        session = scope["session"]
        session["visits"] = 4
        await session.asave()
        found["saved"] = True
        await receive()
        await send({"type": "websocket.close"})

    communicator = WebsocketCommunicator(
        SocketAuthMiddleware(consumer),
        "/",
        headers=[
            (b"host", b"testserver"),
            (b"origin", ORIGIN.encode()),
            (b"cookie", cookie(key).encode()),
        ],
    )
    await communicator.connect(timeout=WITHIN)
    await communicator.wait()
    assert found == {"saved": True}
    assert (await told(application, cookie=cookie(key), origin=ORIGIN))["visits"] == 4
