"""Cross-site WebSockets: a page of another site opens a socket with the visitor's session."""

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.attacks.web import refused

# "{host}" and "{port}" are the site's own.
FOREIGN = {
    "none": None,
    "empty": "",
    "null": "null",
    "another site": "https://evil.example",
    "another port": "http://{host}:1",
    "no port": "http://{host}",
    "the site as a subdomain": "http://{host}.evil.example:{port}",
    "the site's name within another": "http://evil{host}:{port}",
    "a subdomain of the site": "http://chat.{host}:{port}",
    "another name of the machine": "http://localhost:{port}",
    "the site as a user": "http://{host}:{port}@evil.example",
    "a user of the site": "http://evil.example@{host}:{port}",
    "a page of the site": "http://{host}:{port}/evil",
    "a question to the site": "http://{host}:{port}?evil.example",
    "the site behind a path": "http://evil.example/{host}:{port}",
    "the site behind a fragment": "http://evil.example#{host}:{port}",
    "the site behind a backslash": "http://evil.example\\@{host}:{port}",
    "two origins": "http://{host}:{port}, http://evil.example",
    "two origins with a space": "http://{host}:{port} http://evil.example",
    "the scheme of sockets": "ws://{host}:{port}",
    "a file": "file://{host}:{port}",
    "an extension": "chrome-extension://{host}:{port}",
    "no scheme": "//{host}:{port}",
    "the host alone": "{host}:{port}",
    "a port that is none": "http://{host}:{port}0000",
}


@pytest.mark.parametrize("path", ["chat/", "instructor/{course}/", "feed/lounge/"])
async def test_a_session_from_another_origin_gets_no_socket(cast, path):
    host, _, port = cast.hall.site.origin.removeprefix("http://").partition(":")
    cookie, got_in = cast.ines.log_in(), []
    for name, template in FOREIGN.items():
        headers = {"Origin": template.format(host=host, port=port)} if template is not None else {}
        path = path.format(course=cast.course.slug)
        answer = await refused(cast, f"/ws/{path}", cookie=cookie, headers=headers)
        # The answer is 400 if the header is no origin at all.
        if answer is None or answer.status_code not in (400, 403):
            got_in.append(name)
        else:
            assert "Set-Cookie" not in answer.headers
            assert cast.ines.name.encode() not in (answer.body or b"")
    assert got_in == []


async def test_the_site_s_own_page_gets_one(cast):
    """The site's own origin gets a socket, so the test above can fail."""
    site = cast.hall.site.origin
    for path in ("chat/", f"instructor/{cast.course.slug}/"):
        client = await cast.connect(f"/ws/{path}", cookie=cast.ines.log_in(), origin=site)
        assert (await client.event("welcome"))["user"] == cast.ines.body


async def test_another_host_in_the_request_does_not_make_its_origin_ours(cast):
    """A foreign name that leads to this site's address sends such a host (DNS rebinding)."""
    port = int(cast.hall.site.origin.rpartition(":")[2])
    with pytest.raises(InvalidStatus) as refusal:
        await connect(
            f"ws://evil.example:{port}/ws/chat/",
            host="127.0.0.1",
            port=port,
            origin=f"http://evil.example:{port}",
            additional_headers={"Cookie": f"sessionid={cast.ines.log_in()}"},
            proxy=None,
        )
    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Forwarded-Proto", "Daphne-Root-Path"])
async def test_headers_of_proxies_are_not_believed(cast, header):
    headers = {"Origin": "http://evil.example", header: "evil.example"}
    answer = await refused(cast, "/ws/chat/", cookie=cast.ines.log_in(), headers=headers)
    assert answer is not None
    assert answer.status_code == 403


async def test_a_page_elsewhere_learns_nothing_without_a_session(cast):
    """A socket without a user may be opened from anywhere, and is told nothing."""
    client = await cast.connect("/ws/chat/", origin="https://evil.example")
    assert await client.fail("list_rooms") == {"error_code": "authentication_required"}
    assert client.unread(but=frozenset()) == []
