"""HTTP and WebSocket below the application: hosts, headers, frames, paths, sizes, compression."""

import asyncio
import contextlib
import json
import zlib
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from rooms.embed import sign_embed_link
from tests.attacks.web import FRAMES, assert_in_no_frame, routes, values
from tests.pace import patient
from tests.rooms.cast import eventually
from tests.running import Site, environment
from tests.servers import ROOT

WITHIN = patient(30.0)


async def raw(origin: str, data: bytes, *, more: bytes = b"", times: int = 0) -> bytes:
    """Send bytes, and then `more` up to `times` times; return all that the site answers."""
    host, _, port = origin.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answer = b""
    try:
        async with asyncio.timeout(WITHIN):
            with contextlib.suppress(ConnectionError):
                writer.write(data)
                for _ in range(times):
                    writer.write(more)
                    await writer.drain()
            with contextlib.suppress(ConnectionError):
                while part := await reader.read(65_536):
                    answer += part
    finally:
        writer.close()
    return answer


def request(path: str = "/", *headers: str, method: str = "GET", host: str = "127.0.0.1") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


# --- frames of other sites -----------------------------------------------------------------------


async def test_no_page_may_be_in_a_frame(cast, visit):
    """Every address forbids frames; `test_csrf` gets each as somebody who may see it."""
    nobody, known = visit(), values(cast)
    for route in routes():
        assert_in_no_frame(route, await nobody.get(route.path(known)))


async def test_the_page_for_frames_is_of_the_named_sites_alone(cast, visit):
    link = sign_embed_link(cast.ada.user, cast.course)
    for expected in (200, 403):
        answer = await visit().get(link)
        assert answer.status == expected
        assert f"frame-ancestors {FRAMES}" in answer.headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in answer.headers
        assert "Set-Cookie" not in answer.headers


async def test_what_the_api_answers_stays_in_no_cache(cast, visit):
    """Neither a shared cache on the way nor that of a shared browser may keep an answer."""
    for path in ("courses/", "rooms/", f"courses/{cast.course.slug}/state/"):
        for answer in (
            await visit(cast.ada).get(f"/api/{path}"),
            await visit().get(f"/api/{path}", token=cast.ada.token),
        ):
            assert answer.status == 200
            assert "no-store" in answer.headers["Cache-Control"]


# --- hosts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:80",
        "127.0.0.1@evil.example",
        "127.0.0.1:80@evil.example",
        "127.0.0.1/evil",
        "127.0.0.1 evil.example",
        "127.0.0.1:evil",
        "localhost, evil.example",
        "",
        "..",
        "[::1",
        "\xe9vil.example",
    ],
)
async def test_a_host_that_is_not_the_site_s(cast, host):
    """The site makes no page, no redirect and no address in an answer from a foreign host name."""
    origin = cast.hall.site.origin
    for path in ("/", "/accounts/login/", "/api/courses/", "/api/asyncapi.json", "/admin/"):
        answer = await raw(origin, request(path, host=host))
        assert status(answer) == 400, (path, answer[:200])
        assert b"evil" not in answer.lower()


async def test_headers_that_proxies_set_are_not_believed_from_anybody(cast):
    origin = cast.hall.site.origin
    auth = f"Authorization: Bearer {cast.ada.token}"
    for header in (
        "X-Forwarded-Host: evil.example",
        "X-Host: evil.example",
        "X-Forwarded-Server: evil.example",
        "X-Original-URL: /evil",
        "X-Rewrite-URL: /evil",
        "X-Script-Name: /evil",
        "Script-Name: /evil",
        "Daphne-Root-Path: /evil",
        "Daphne-Root-Path: //evil.example",
        "Daphne-Root-Path: \xe9vil",
        "Forwarded: host=evil.example",
        "X-Forwarded-Prefix: /evil",
        "X-Forwarded-Proto: https",
        "X-HTTP-Method-Override: DELETE",
    ):
        for path in ("/", "/admin/", "/api/rooms/?limit=1", "/api/asyncapi.json", "/nowhere"):
            answer = await raw(origin, request(path, header, auth))
            assert status(answer) in (200, 302, 404), (header, path, answer[:200])
            assert b"evil" not in answer.lower(), (header, path)
            assert b"https://127" not in answer, (header, path)
    for name in ("Host: evil.example", "Host: 127.0.0.1"):
        answer = await raw(origin, request("/", name))
        assert status(answer) == 400
    answer = await raw(origin, request("http://evil.example/accounts/login/"))
    assert b"evil" not in answer.lower()


# --- paths ---------------------------------------------------------------------------------------

CLIMBING = [
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "%252e%252e%252f",
    "..%5c",
    "..\\",
    "....//",
    "..;/",
    "%c0%ae%c0%ae/",
    ".%00./",
    "peerchat/../../",
    "peerchat/%2e%2e/%2e%2e/",
    "//",
    "/",
    "%2f",
    "file:///",
]
SECRETS = ["manage.py", "etc/passwd"]


@pytest.mark.parametrize("debug", [False, pytest.param(True, marks=pytest.mark.long)])
async def test_static_files_end_at_their_folder(cast, tmp_path, debug):
    """This holds for the files of production and for those of `make run`."""
    own = {
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "peerchat.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'site.sqlite3'}",
        "REDIS_URL": "",
        "STATIC_ROOT": str(tmp_path / "nothing"),
    }
    with contextlib.ExitStack() as leaving:
        site = cast.hall.site
        if debug:
            site = leaving.enter_context(Site(tmp_path, env=environment(**own)))
        known = {
            path.read_bytes()[:200]
            for name in SECRETS
            if (path := ROOT / name).is_file() or (path := Path("/") / name).is_file()
        }
        assert known
        # With DEBUG a missing file gives a page for developers.
        refusals = (302, 400, 404, 500) if debug else (302, 400, 404)
        up = [climb * times for climb in CLIMBING for times in (1, 6)]
        for climb in up:
            for name in (*SECRETS, str(ROOT / "manage.py").lstrip("/")):
                for prefix in ("/static/", "/static", "/"):
                    answer = await raw(site.origin, request(f"{prefix}{climb}{name}"))
                    assert status(answer) in refusals, (prefix, climb, name)
                    assert not [one for one in known if one in answer], (prefix, climb, name)
        listing = await raw(site.origin, request("/static/"))
        assert status(listing) in refusals


# --- sizes ---------------------------------------------------------------------------------------


async def test_bodies_are_bounded(cast):
    """The bound holds for every sender, with or without a declared length; nothing is kept."""
    origin, chunk = cast.hall.site.origin, b"x" * 65_536
    auth = f"Authorization: Bearer {cast.ada.token}"
    for path in (
        "/api/tokens/",
        f"/api/rooms/{cast.room}/messages/",
        "/accounts/login/",
        "/",
        "/x",
        "/courses/physics/questions/import/",
        "/x?next=/courses/physics/questions/import/",
    ):
        for given in ((), (auth,)):
            head = request(
                path,
                "Content-Type: application/json",
                f"Content-Length: {10**9}",
                *given,
                method="POST",
            )
            answer = await raw(origin, head, more=chunk, times=300)
            assert answer == b"" or status(answer) == 413, (path, answer[:100])
            assert answer == b"" or b'"error_code":"invalid_message_format"' in answer
            head = request(
                path,
                "Content-Type: application/json",
                "Transfer-Encoding: chunked",
                *given,
                method="POST",
            )
            part = b"10000\r\n" + chunk + b"\r\n"
            answer = await raw(origin, head, more=part, times=300)
            assert answer == b"" or status(answer) == 413, (path, answer[:100])
    assert status(await raw(origin, request("/healthz"))) == 200


async def test_addresses_are_bounded(cast):
    origin = cast.hall.site.origin
    assert status(await raw(origin, request("/healthz?" + "x" * 15_000))) == 200
    for path in ("/healthz?" + "x" * 17_000, "/" + "x" * 60_000):
        assert status(await raw(origin, request(path))) == 414


async def test_a_body_that_is_nearly_too_large_is_read(cast, visit):
    """A body just below the limit is read, so the test above can fail."""
    path = f"/api/rooms/{cast.room}/messages/"
    body = {"text": "x" * 2_000_000}
    answer = await visit().send("POST", path, body=body, token=cast.ada.token)
    assert (answer.status, answer.body["error_code"]) == (400, "text_too_long")
    # A file may be larger, for those who lead the course.
    path = f"/api/courses/{cast.course.slug}/questions/import/"
    body = {"data": "eHh4" * 3_000_000, "name": "x.txt"}
    answer = await visit().send("POST", path, body=body, token=cast.ada.token)
    assert (answer.status, answer.body["error_code"]) == (403, "permission_denied")


async def test_a_body_holds_no_file_behind(cast):
    """While a body that will be refused comes in, the worker keeps nothing on the disk."""
    origin, chunk = cast.hall.site.origin, b"x" * 65_536
    head = request("/api/tokens/", f"Content-Length: {10**9}", method="POST")
    await asyncio.gather(*(raw(origin, head, more=chunk, times=200) for _ in range(10)))

    def temporary():
        found = []
        for worker in cast.hall.workers:
            for link in Path(f"/proc/{worker}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if "(deleted)" in str(link.readlink()) and link.stat().st_size > 1_000_000:
                        found.append(link.readlink())
        return found

    await eventually(lambda: temporary() == [])


@pytest.mark.parametrize(
    "headers",
    [
        [f"X-Long: {'x' * 100_000}"],
        [f"X-{number}: x" for number in range(5_000)],
        [f"Cookie: {'a=b; ' * 20_000}"],
        [f"Authorization: Bearer {'x' * 100_000}"],
        ["Broken"],
        ["X-Nul: a\x00b"],
        ["Content-Length: -1"],
        ["Content-Length: 1", "Content-Length: 2"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip"],
    ],
    ids=lambda headers: f"{len(headers)} {headers[0][:24]}",
)
async def test_headers_are_bounded(cast, headers):
    origin = cast.hall.site.origin
    answer = await raw(origin, request("/healthz", *headers))
    assert answer == b"" or status(answer) in (400, 431), answer[:100]
    upgrade = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA=="]
    answer = await raw(origin, request("/ws/chat/", *upgrade, *headers))
    assert answer == b"" or status(answer) in (400, 403, 431), answer[:100]
    answer = await raw(origin, request("/" + "x" * 100_000))
    assert answer == b"" or status(answer) in (400, 414)
    assert status(await raw(origin, request("/healthz"))) == 200


async def test_a_body_behind_a_handshake_is_no_frame(cast):
    """Bytes that a proxy takes for the body of a request must not be carried out as commands."""
    body = b"\x81\x85\x00\x00\x00\x00hello"
    head = request(
        "/ws/chat/",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        f"Content-Length: {len(body)}",
        f"Authorization: Bearer {cast.ada.token}",
    )
    assert status(await raw(cast.hall.site.origin, head + body)) == 400


# --- compression ---------------------------------------------------------------------------------


async def test_no_compression_is_agreed_on(cast):
    """Without compression no small frame can become a large one."""
    url = f"{cast.hall.site.socket_url}/ws/chat/"
    headers = {"Authorization": f"Bearer {cast.ada.token}"}
    offers = [ClientPerMessageDeflateFactory(client_max_window_bits=True)]
    async with connect(url, additional_headers=headers, extensions=offers, proxy=None) as socket:
        assert socket.protocol.extensions == []
        assert "Sec-WebSocket-Extensions" not in socket.response.headers
        assert json.loads(await socket.recv())["action"] == "welcome"


async def test_a_frame_that_is_compressed_all_the_same(cast):
    """The frame closes its own socket before it is unpacked, and no other socket."""
    bea = await cast.chat(cast.bea)
    ada = await cast.chat(cast.ada)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(b'{"uuid":"u","action":"ping","x":"' + b"x" * 60_000_000 + b'"}')
    bomb += packer.flush(zlib.Z_SYNC_FLUSH)
    bomb = bomb[:60_000]
    frame = b"\xc1\xfe" + len(bomb).to_bytes(2) + b"\x00\x00\x00\x00" + bomb
    ada.socket.transport.write(frame)
    assert await ada.closed() in (1002, 1006)
    await bea.ask("ping")


async def test_a_frame_that_is_too_long(cast):
    bea = await cast.chat(cast.bea)
    for announced in (65_537, 2**31, 2**62):
        ada = await cast.chat(cast.ada)
        # Only the beginning is sent: the site must neither wait nor allocate memory for the rest.
        head = b"\x81\xff" + announced.to_bytes(8) + b"\x00\x00\x00\x00" + b"x" * 100
        ada.socket.transport.write(head)
        assert await ada.closed() in (1009, 1006)
    # The limit also holds for a message in fragments.
    ada = await cast.chat(cast.ada)
    with contextlib.suppress(ConnectionClosed):
        await ada.socket.send(["x" * 10_000 for _ in range(20)])
    assert await ada.closed() in (1009, 1006)
    await bea.ask("ping")
