"""The page over HTTP in a real browser, against an HTTP server that knows no WebSockets."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from tests.pace import patient
from tests.static.browser import file_at, page_of_modules

pytestmark = pytest.mark.asyncio(loop_scope="session")

WITHIN = patient(10)
# Milliseconds, so short that a test does not have to wait for them; `wait` is in seconds.
QUICK = {"firstWait": 20, "maxWait": 60, "wait": 1, "pause": 300, "spread": 0, "rareWait": 100}

START = """
async (options) => {
  const { PeerTransport } = await import("/static/peerchat/core/transport.js");
  const { Outbox } = await import("/static/peerchat/core/outbox.js");
  const http = { course: "c", room: "r", api: "/api/", csrf: "t" };
  const line = new PeerTransport("/ws/chat/", { ...http, options });
  const outbox = new Outbox(line, { key: "outbox" });
  Object.assign(window, { line, outbox, frames: [], states: [], seen: 0 });
  line.addEventListener("status", ({ detail }) => {
    states.push([detail.state, detail.reason, detail.slow]);
  });
  line.addEventListener("frame", async ({ detail }) => {
    frames.push(detail);
    if (detail.action === "new_message") seen = Math.max(seen, detail.message.seq);
    if (detail.action !== "welcome") return;
    await line.request("resume", { rooms: { r: seen } });
    outbox.flush();
  });
  line.start();
}
"""


class Server(ThreadingHTTPServer):
    """One room and one class. `answer(method, path)` may answer in its place: (status, body), or
    0 to break the connection, after a message was stored."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.messages = []
        self.stored = {}
        self.posts = []
        self.polls = []  # when each began
        self.polling = self.most_polling = 0
        self.handshakes = 0
        self.waits = True
        self.state = {"course": "c", "phase": "idle", "epoch": 1, "room": None}
        self.answer = lambda method, path: None
        self.changed = threading.Condition()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"

    def say(self, text, kind="text", uuid=None):
        with self.changed:
            if uuid not in self.stored:
                message = {"seq": len(self.messages) + 1, "text": text, "kind": kind, "user": {}}
                self.messages.append(message)
                self.stored[uuid or message["seq"]] = message
            self.changed.notify_all()
        return self.stored[uuid] if uuid else None

    def page_after(self, after, wait):
        with self.changed:
            self.polls.append(time.monotonic())
            self.polling += 1
            self.most_polling = max(self.polling, self.most_polling)
            if self.waits:
                self.changed.wait_for(lambda: len(self.messages) > after, wait)
            self.polling -= 1
            return {"last_seq": len(self.messages), "results": self.messages[after:]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: float(value) for name, (value,) in parse_qs(url.query).items()}
        if url.path == "/ws/chat/":
            self.server.handshakes += 1
            self._answer(403, {})
        elif not url.path.startswith("/api/"):
            text, kind = file_at(url.path)
            self._send(200, text.encode(), f"{kind}; charset=utf-8")
        elif given := self.server.answer("GET", url.path):
            if "wait" in query:
                self.server.polls.append(time.monotonic())
            self._answer(*given)
        elif url.path == "/api/courses/c/state/":
            self._answer(200, {**self.server.state, "server_time": time.time()})
        elif "wait" in query:
            self._answer(200, self.server.page_after(int(query["after"]), query["wait"]))
        else:
            after = int(query.get("after", 0))
            messages = self.server.messages
            self._answer(200, {"last_seq": len(messages), "results": messages[after:]})

    def do_POST(self):
        assert self.headers["X-CSRFToken"] == "t"
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.posts.append(body)
        message = self.server.say(body["text"], uuid=body["uuid"])
        given = self.server.answer("POST", self.path)
        if given == 0:
            self.close_connection = True
        else:
            self._answer(*(given or (201, message)))

    def _answer(self, status, body):
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def running():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(WITHIN)


@pytest.fixture
def server():
    with running() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser, server):
    async with page_of_modules(browser, server.url) as page:
        yield page


async def start(page, **options):
    await page.evaluate(START, {**QUICK, **options})
    await page.wait_for_function("line.isOpen && line.status.slow")


async def test_without_a_socket_it_goes_over_http_and_goes_on_trying(page, server):
    await start(page)
    # Those that made it look at HTTP, and the one that decided.
    assert server.handshakes >= 4
    await page.evaluate("before = states.length")
    count = server.handshakes
    while server.handshakes < count + 2:
        await page.wait_for_timeout(20)
    assert await page.evaluate("states.slice(before)") == []


async def test_where_http_does_not_work_either_it_keeps_to_the_socket(page, server):
    server.answer = lambda method, path: (503, {"error_code": "unavailable", "error_message": "-"})
    await page.evaluate(START, QUICK)
    while server.handshakes < 8:
        await page.wait_for_timeout(20)
    assert await page.evaluate("states.some(([, , slow]) => slow)") is False
    server.answer = lambda method, path: None
    await page.wait_for_function("line.isOpen && line.status.slow")


async def test_a_page_opened_again_begins_over_http(page, server):
    await start(page)
    await page.reload()
    await page.evaluate(START, QUICK)
    assert (await page.evaluate("states"))[0] == ["connecting", None, True]


async def test_messages_come_in_order_each_once(page, server):
    server.say("1")
    await start(page)
    await page.evaluate("['2', '3'].forEach((text) => outbox.add('r', text))")
    await page.wait_for_function("outbox.items.length === 0")
    server.say("4")
    server.say("5")
    await page.wait_for_function("seen === 5")
    seqs = await page.evaluate(
        "[...new Set(frames.filter((one) => one.message).map((one) => one.message.seq))]"
    )
    assert seqs == [2, 3, 4, 5]
    assert server.most_polling == 1


async def test_a_message_whose_answer_was_lost_is_sent_again_under_its_uuid(page, server):
    server.answer = lambda method, path: 0 if method == "POST" and len(server.posts) == 1 else None
    await start(page)
    await page.evaluate("['1', '2'].forEach((text) => outbox.add('r', text))")
    await page.wait_for_function("outbox.items.length === 0")
    first, again, other = server.posts
    assert first == again
    assert [one["text"] for one in server.messages] == ["1", "2"]
    assert other["text"] == "2"


async def test_a_transition_is_read_when_its_message_comes(page, server):
    await start(page)
    await page.wait_for_function("frames.some((one) => one.action === 'local.snapshot')")
    server.state = {"course": "c", "phase": "vote", "epoch": 2, "room": None}
    server.say("enableVote", kind="control")
    await page.wait_for_function("frames.at(-1).phase === 'vote'")


async def test_a_message_that_was_removed_goes(page, server):
    server.say("1")
    server.say("2")
    await start(page)
    await page.wait_for_function("frames.some((one) => one.action === 'local.snapshot')")
    server.messages[1]["text"] = ""
    await page.wait_for_function("frames.at(-1).action === 'message_removed'")
    assert await page.evaluate("frames.at(-1).seq") == 2


async def test_it_waits_as_long_as_it_is_told(page, server):
    await start(page)
    while not server.polls:
        await page.wait_for_timeout(20)
    refusal = {"error_code": "rate_limited", "error_message": "-", "retry_after": 0.5}
    server.answer = lambda method, path: (429, refusal) if "messages" in path else None
    server.say("1")
    while len(server.polls) < 4:
        await page.wait_for_timeout(20)
    *_, one, two, three = server.polls
    assert two - one >= 0.5
    assert three - two >= 0.5


async def test_a_server_where_requests_cannot_wait_is_asked_now_and_then(page, server):
    server.waits = False
    await start(page)
    while len(server.polls) < 4:
        await page.wait_for_timeout(20)
    waits = [
        later - earlier for earlier, later in zip(server.polls, server.polls[1:], strict=False)
    ]
    assert min(waits) >= 0.2


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [(401, "authentication_required", "login"), (403, "permission_denied", "forbidden")],
)
async def test_who_may_not_be_here_is_told(page, server, status, code, reason):
    await start(page)
    server.answer = lambda method, path: (status, {"error_code": code, "error_message": "-"})
    await page.evaluate("line.reset()")
    await page.wait_for_function("line.status.state === 'ended'")
    assert await page.evaluate("line.status.reason") == reason
    count = server.handshakes
    await page.wait_for_timeout(300)
    assert server.handshakes == count
