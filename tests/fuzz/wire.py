"""Bytes: WebSocket frames that no library would send, handshakes, HTTP.

What must come of them is worked out by another implementation of RFC 6455, `websockets`.
"""

import asyncio
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

FRAME_LIMIT = 65_536
LAST = b'{"uuid":"last","action":"ping"}'

CLOSES = {1000, 1001, 1002, 1003, 1007, 1009, 1010, 4400}
"""Codes with which a socket may be closed over which anything comes; 1011 is not among them."""


# --- frames --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """One frame, or an imitation of one."""

    opcode: int
    payload: bytes
    final: bool = True
    reserved: int = 0
    masked: bool = True
    width: int = 0
    """Bytes of the length, 1, 3 or 9; 0 for the least."""
    claimed: int | None = None
    """The length that the frame claims, if it is a wrong one."""

    def __bytes__(self) -> bytes:
        size = len(self.payload) if self.claimed is None else self.claimed
        width = self.width or (1 if size < 126 else 3 if size < 65_536 else 9)
        head = bytes([self.final << 7 | self.reserved << 4 | self.opcode])
        bit = self.masked << 7
        if width == 1:
            head += bytes([bit | min(size, 125)])
        elif width == 3:
            head += bytes([bit | 126]) + (size % 2**16).to_bytes(2)
        else:
            head += bytes([bit | 127]) + (size % 2**64).to_bytes(8)
        if not self.masked:
            return head + self.payload
        key = b"\x01\x80\x7f\xff"
        return head + key + bytes(b ^ key[i % 4] for i, b in enumerate(self.payload))


PING = b'{"uuid":"u","action":"ping"}'
BAD_UTF8 = (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"a\x80")

payloads = st.one_of(
    st.sampled_from([PING, PING[:7], PING[7:], b"", b"[]", b"x" * 125, b"x" * 126, b" " * 70_000]),
    st.sampled_from(BAD_UTF8),
    st.binary(max_size=130),
)
codes = st.one_of(
    st.sampled_from([0, 999, 1000, 1001, 1004, 1005, 1006, 1011, 1015, 1016, 2999, 3000, 4999]),
    st.integers(0, 65_535),
)
closing = st.builds(
    lambda code, reason: code.to_bytes(2) + reason,
    codes,
    st.one_of(st.just(b""), st.sampled_from(BAD_UTF8), st.binary(max_size=130)),
) | st.binary(max_size=1)

good = st.builds(Piece, st.sampled_from([1, 1, 2, 9, 10]), st.just(PING))
fragments = st.builds(
    lambda first, payload, cuts: [
        Piece(0 if n else first, part, final=n == len(cuts))
        for n, part in enumerate(_cut(payload, cuts))
    ],
    st.sampled_from([1, 1, 1, 2]),
    payloads,
    st.lists(st.integers(0, 40), max_size=3).map(sorted),
)
odd = st.builds(
    Piece,
    opcode=st.integers(0, 15),
    payload=payloads,
    final=st.booleans(),
    reserved=st.sampled_from([0, 0, 0, 1, 2, 4, 7]),
    masked=st.sampled_from([True, True, True, False]),
    width=st.sampled_from([0, 0, 0, 1, 3, 9]),
    claimed=st.none()
    | st.sampled_from([0, 1, 126, 65_535, 65_536, 65_537, 2**31, 2**63, 2**64 - 1]),
)
goodbye = st.builds(Piece, st.just(8), closing)
streams = st.lists(
    st.one_of(
        good.map(lambda piece: [piece]),
        fragments,
        odd.map(lambda piece: [piece]),
        goodbye.map(lambda piece: [piece]),
        st.binary(max_size=20).map(lambda some: [some]),
    ),
    min_size=1,
    max_size=4,
).map(lambda groups: [piece for group in groups for piece in group])


def _cut(payload: bytes, cuts: list[int]) -> list[bytes]:
    bounds = [0, *cuts, max(len(payload), *cuts, 0)]
    return [payload[a:b] for a, b in itertools.pairwise(bounds)]


def foresee(data: bytes) -> str:
    """Return what `websockets` does with the bytes and `LAST`: it answers, ends or waits."""
    protocol = ServerProtocol(state=State.OPEN, max_size=FRAME_LIMIT)
    protocol.receive_data(data + bytes(Piece(1, LAST)))
    text: bytes | None = None
    for event in protocol.events_received():
        assert isinstance(event, Frame)
        if event.opcode is Opcode.CLOSE:
            return "ends"
        if event.opcode in {Opcode.TEXT, Opcode.BINARY}:
            text = b"" if event.opcode is Opcode.TEXT else None
        if event.opcode in {Opcode.TEXT, Opcode.CONT} and text is not None:
            text += event.data
            if event.fin and not _is_utf8(text):
                return "ends"
            if event.fin and text == LAST:
                return "answers"
    return "ends" if protocol.parser_exc is not None else "waits"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class RawConnection:
    """A TCP connection to the site."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.data = bytearray()
        self.ended = False

    @classmethod
    async def open(cls, origin: str) -> Self:
        address = urlsplit(origin)
        return cls(*await asyncio.open_connection(address.hostname, address.port))

    async def send(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError:
            self.ended = True

    async def read(self, enough: Callable[[bytes], bool], within: float) -> None:
        """Read until there is enough, the end comes, or nothing comes for `within` seconds."""
        while not self.ended and not enough(bytes(self.data)):
            try:
                async with asyncio.timeout(within):
                    some = await self._reader.read(65_536)
            except TimeoutError:
                return
            except ConnectionError:
                some = b""
            self.data += some
            self.ended = not some

    def abort(self) -> None:
        self._writer.transport.abort()


def handshake(path: str, token: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()


def server_frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The whole frames that a server sent: opcode and payload."""
    while len(data) >= 2:
        assert data[0] & 0xF0 == 0x80, "a server's frame is whole, without reserved bits"
        assert data[1] < 0x80, "a server does not mask"
        start, size = 2, data[1]
        if size == 126:
            start, size = 4, int.from_bytes(data[2:4])
        elif size == 127:
            start, size = 10, int.from_bytes(data[2:10])
        if len(data) < start + size:
            return
        yield data[0] & 0x0F, data[start : start + size]
        data = data[start + size :]


# --- HTTP ----------------------------------------------------------------------------------------

HOST = b"Host: 127.0.0.1"
LAST_REQUEST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"

methods = st.sampled_from(
    b"GET|GET|GET|GET|POST|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|TRACE|CONNECT|PRI|get||G\xc9T|GET\x00"
    b"".split(b"|")
)
targets = st.one_of(
    st.sampled_from(
        b"/|/healthz|/readyz|/metrics|/accounts/login/|/api/courses/|/api/rooms/|/api/schema/|/admin/|"
        b"/api/peer/messages/|/api/tokens/|/ws/chat/|/ws/feed/a/|/ws/instructor/physics/|/ws/|*||"
        b"/ws/feed/%00/|//evil.example/|http://evil.example/|/../../etc/passwd|/%2e%2e/|/%00|/%ff%fe|"
        b"/%|/%zz|/\xe9|/\x00|/?\xff|/static/%2e%2e/manage.py|/static/|/api/rooms/?after=x&wait=x|"
        b"/?a=%00|/api/rooms/none/messages/?wait=9e9|/accounts/login/?next=//evil.example".split(
            b"|"
        )
    ),
    st.sampled_from([b"/" + b"a" * 20_000, b"/?" * 2000, b"/ws/feed/" + b"a" * 200 + b"/"]),
    st.binary(max_size=20).map(lambda some: b"/" + some),
)
versions = st.sampled_from(
    [b"HTTP/1.1"] * 8
    + b"HTTP/1.0|HTTP/0.9|HTTP/2.0|HTTP/1.1 x|HTTP/1||ICAP/1.0|HTTP/\xff".split(b"|")
)
UPGRADE = [
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    b"Sec-WebSocket-Version: 13",
]
values = st.one_of(
    st.sampled_from(
        b"| |\xe9|\xff\xfe|\x00|\t|,|null|-1|0|1e9|%ff|chunked|gzip, chunked|close|keep-alive|"
        b"websocket|h2c|peerchat.v1|peerchat.v1, token.x|token.x|peerchat.v1, token.%ff|token.\xe9|"
        b"Bearer|Bearer \xe9|Bearer \x00|Basic Og==|bearer a b|Digest|sessionid=\xe9|"
        b'sessionid=\x00|sessionid="\\000"|sessionid=; sessionid=b|http://evil.example|http://[::1|http://a:x|'
        b"https://|file://|application/json|application/json; charset=x|text/html;charset=\xff|13|"
        b"8|*/*;q=x|999|dGhlIHNhbXBsZSBub25jZQ==|permessage-deflate; x=y|100-continue|bytes=0-|"
        b"http|bytes=9-1,-5|Wed, 99 Foo 2099|127.0.0.1, [::1]:x|/x\xe9|//evil.example|"
        b"%0d%0aa: b".split(b"|")
    ),
    st.sampled_from([b"a" * 9000, b"Bearer " + b"x" * 300, b"sessionid=" + b"a" * 300]),
    st.binary(max_size=20),
)
names = st.sampled_from(
    b"Host|Content-Length|Transfer-Encoding|Connection|Upgrade|Expect|TE|Sec-WebSocket-Key|Origin|"
    b"Sec-WebSocket-Version|Sec-WebSocket-Protocol|Sec-WebSocket-Extensions|Authorization|Cookie|"
    b"Content-Type|Accept|Range|X-Forwarded-For|X-Forwarded-Proto|X-Forwarded-Host|X-CSRFToken|"
    b"Daphne-Root-Path|Referer|If-Modified-Since|If-None-Match|Accept-Language|Accept-Encoding|"
    b"X_Under||Caf\xe9|A B|A\x00".split(b"|")
)
headers = st.builds(lambda name, value: name + b": " + value, names, values) | st.binary(
    max_size=20
)
bodies = st.sampled_from(
    [b""] * 4
    + [
        b"{}",
        b'{"username":"\\ud800","password":""}',
        b"0\r\n\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"-1\r\n",
    ]
    + [b"ffffffffffffffff\r\n", b"\xff" * 100, b"[" * 5000, b"a" * 100_000]
)


def _request(
    method: bytes, target: bytes, version: bytes, lines: list[bytes], body: bytes, end: bytes
) -> bytes:
    length = [b"Content-Length: %d" % len(body)] if body else []
    return end.join([method + b" " + target + b" " + version, *lines, *length, b"", body])


whole = st.builds(
    lambda upgrade, extra, order: [HOST, *(UPGRADE if upgrade else []), *extra][::order],
    st.booleans(),
    st.lists(headers, max_size=3),
    st.sampled_from([1, -1]),
)
requests = st.builds(
    _request,
    methods,
    targets,
    versions,
    whole | st.lists(headers, max_size=3),
    bodies,
    st.sampled_from([b"\r\n"] * 6 + [b"\n", b"\r"]),
)
conversations = st.one_of(
    requests,
    requests,
    st.builds(lambda request, at: request[:at], requests, st.integers(0, 200)),
    st.builds(lambda first, second: first + second, requests, requests),
    st.binary(max_size=60),
)
"""Bytes that a client may send over a fresh connection, before `LAST_REQUEST`."""


def statuses(data: bytes) -> list[int]:
    """The status codes of the answers."""
    return [int(code) for code in re.findall(rb"(?:^|\n|\})HTTP/1\.[01] ([0-9]{3}) ", data)]
