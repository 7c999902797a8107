"""A site that is below a path of its host, behind a proxy that leaves the path or takes it away."""

import asyncio
import re
import urllib.error
import urllib.request
from http.cookies import SimpleCookie

import pytest
from django.core.exceptions import ImproperlyConfigured
from websockets.asyncio.client import connect

from accounts import tokens
from peerchat.client import Client
from peerchat.environment import envpath
from peerchat.script_name import ScriptName
from tests.desk import Desk
from tests.pace import patient
from tests.peerchat.test_settings import settings as under
from tests.rooms.cast import in_thread
from tests.rooms.school import make_school
from tests.running import Site, environment
from tests.servers import ROOT

WITHIN = patient(10)


async def seen(given: dict[str, str], script_name: str | None, settings) -> dict[str, str]:
    """The scope that an application sees."""
    settings.FORCE_SCRIPT_NAME = script_name
    found = {}

    async def application(scope, receive, send):
        found.update(scope)

    await ScriptName(application)(given, None, None)
    return found


@pytest.mark.parametrize(
    ("path", "script_name", "root_path", "expected"),
    [
        ("/ws/chat/", None, "", ("/ws/chat/", "")),
        ("/a/b/ws/chat/", "/a/b", "", ("/a/b/ws/chat/", "/a/b")),
        ("/ws/chat/", "/a/b", "", ("/a/b/ws/chat/", "/a/b")),
        ("/a/b", "/a/b/", "", ("/a/b", "/a/b")),
        ("/a/boat/", "/a/b", "", ("/a/b/a/boat/", "/a/b")),
        # The setting has priority over the server's path.
        ("/a/b/x", "/a/b", "/other", ("/a/b/x", "/a/b")),
        ("/peer/x", None, "/peer", ("/peer/x", "/peer")),
        ("/x", None, "/peer/", ("/peer/x", "/peer")),
        ("/x", None, "/", ("/x", "/")),
    ],
)
async def test_the_path_and_where_the_site_is(settings, path, script_name, root_path, expected):
    scope = await seen({"path": path, "root_path": root_path}, script_name, settings)
    assert (scope["path"], scope["root_path"]) == expected


async def test_what_has_no_path_is_left_alone(settings):
    assert await seen({"type": "lifespan"}, "/a/b", settings) == {"type": "lifespan"}


def test_the_settings_follow():
    names = (
        *("FORCE_SCRIPT_NAME", "STATIC_URL", "SESSION_COOKIE_PATH", "CSRF_COOKIE_PATH"),
        "SECURE_REDIRECT_EXEMPT",
    )
    found = under(*names, DEBUG="1", SCRIPT_NAME="/a/b/")
    exempt = found.pop()
    assert found == ["/a/b", "/a/b/static/", "/a/b/", "/a/b/"]
    assert [bool(re.search(one, "a/b/readyz")) for one in exempt] == [False, True, False]
    assert not any(re.search(one, "readyz") for one in exempt)
    found = under(*names, DEBUG="1")
    exempt = found.pop()
    assert found == [None, "/static/", "/", "/"]
    assert [bool(re.search(one, "readyz")) for one in exempt] == [False, True, False]


@pytest.mark.parametrize("value", ["peer", "https://example.edu/peer", "/a//b", "/a b", "/a?b"])
def test_what_is_no_path_is_refused(monkeypatch, value):
    monkeypatch.setenv("SOMEWHERE", value)
    with pytest.raises(ImproperlyConfigured, match=r"^SOMEWHERE must be a path like /peer"):
        envpath("SOMEWHERE")


# --- a running site ------------------------------------------------------------------------------


@pytest.fixture
def school(transactional_db):
    return make_school()


@pytest.fixture
def below(school, site) -> Site:
    running: Site = site(env=environment(SCRIPT_NAME="/a/b"))
    assert running.url.endswith("/a/b/")
    return running


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


def ask(url: str) -> tuple[int, str, SimpleCookie, str]:
    """Status, Location, cookies and text of an answer."""
    try:
        answer = urllib.request.build_opener(NoRedirect).open(url, timeout=WITHIN)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        cookies = SimpleCookie("\n".join(answer.headers.get_all("Set-Cookie", [])))
        return answer.status, answer.headers.get("Location", ""), cookies, answer.read().decode()


async def test_the_proxy_may_leave_the_prefix_or_take_it_away(below, school):
    """Pages, sockets and programs, at one site."""
    await asyncio.to_thread(pages_are_there_either_way, below.url.removesuffix("/a/b/"))
    issued = [await in_thread(tokens.issue, user) for user in (school.ada, school.ines)]
    await sockets_are_there_either_way(below, issued[0])
    await programs_take_a_url_with_a_path(below, issued)


def pages_are_there_either_way(host):
    for prefix in ("/a/b", ""):
        assert ask(f"{host}{prefix}/")[:2] == (302, "/a/b/accounts/login/?next=/a/b/")
        status, _, cookies, page = ask(f"{host}{prefix}/accounts/login/")
        assert status == 200
        assert cookies["csrftoken"]["path"] == "/a/b/"
        (sheet, *_) = re.findall(r'href="([^"]+\.css)"', page)
        assert sheet.startswith("/a/b/static/peerchat/")
        assert ask(host + sheet)[0] == 200
        assert ask(host + sheet.removeprefix("/a/b"))[0] == 200
        assert ask(f"{host}{prefix}/readyz")[0] == 200
        assert '"pathname": "/a/b"' in ask(f"{host}{prefix}/api/asyncapi.json")[3]
        assert f'"url": "{host}/a/b"' in ask(f"{host}{prefix}/api/schema/")[3]
    assert ask(f"{host}/a/b")[:2] == (301, "/a/b/")


async def sockets_are_there_either_way(below, token):
    host = below.url.replace("http", "ws").removesuffix("/a/b/")
    header = {"Authorization": f"Bearer {token}"}
    for prefix in ("/a/b", ""):
        async with connect(f"{host}{prefix}/ws/chat/", additional_headers=header) as socket:
            assert '"welcome"' in await asyncio.wait_for(socket.recv(), WITHIN)


async def programs_take_a_url_with_a_path(below, issued):
    async with Client(below.url, issued[0]) as ada, Client(below.url, issued[1]) as ines:
        room = ada.courses[0].room
        await ada.send(room, "From below")
        assert (await ines.messages(room))[-1].text == "From below"
        await ines.figures("physics")
    desk = await Desk.sit(below.url, issued[0], terminal=False)
    await desk.shows("You are in Physics.")
    assert await desk.leave() == 0


def test_the_nginx_site_leaves_the_prefix():
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    assert re.findall(r"proxy_pass (\S+);", text) == ["http://peerchat"]
