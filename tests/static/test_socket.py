"""The socket and the outbox in a real browser, against a WebSocket server that can misbehave."""

import asyncio
import json
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
import pytest_asyncio
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from tests.pace import patient
from tests.static.browser import file_at, page_of_modules

pytestmark = pytest.mark.asyncio(loop_scope="session")

WITHIN = patient(10)
WELCOME = {"action": "welcome", "conn_id": "1", "courses": [], "limits": {}}
# Waits in milliseconds, so short that a test does not have to wait for them.
QUICK = {"firstWait": 20, "maxWait": 60, "pingEvery": 200, "pingTimeout": 200}

START = """
async ([url, options]) => {
  const { PeerSocket } = await import("/static/peerchat/core/socket.js");
  const { Outbox } = await import("/static/peerchat/core/outbox.js");
  const socket = new PeerSocket(url, options);
  const outbox = new Outbox(socket, { key: "outbox" });
  window.states = [];
  socket.addEventListener("status", ({ detail }) => states.push(detail.reason ?? detail.state));
  socket.addEventListener("status", ({ detail }) => detail.state === "open" && outbox.flush());
  Object.assign(window, { socket, outbox });
  socket.start();
}
"""


def success(frame, **fields):
    return {"uuid": frame["uuid"], "action": frame["action"], "status": "success", **fields}


def error(frame, code, message="No.", **fields):
    return {
        "uuid": frame["uuid"],
        "action": frame["action"],
        "status": "error",
        "error_code": code,
        "error_message": message,
        **fields,
    }


class Server:
    """Keeps the commands of each connection but pings, and answers with `answer(frame)`: a reply,
    None for silence, or the code to close with. `pings` says whether pings are answered."""

    def __init__(self):
        self.connections = []
        self.answer = success
        self.pings = True
        self.user = {}
        self.changed = asyncio.Condition()

    @property
    def commands(self):
        return [frame for frames in self.connections for frame in frames]

    async def handle(self, socket):
        frames = []
        self.connections.append(frames)
        await self._notify()
        try:
            await socket.send(json.dumps({**WELCOME, "user": self.user}))
            async for text in socket:
                frame = json.loads(text)
                if frame["action"] == "ping":
                    if self.pings:
                        await socket.send(json.dumps(success(frame, time=0)))
                    continue
                frames.append(frame)
                reply = self.answer(frame)
                if isinstance(reply, int):
                    await socket.close(reply)
                elif reply is not None:
                    await socket.send(json.dumps(reply))
                await self._notify()
        except ConnectionClosed:
            pass

    def page(self, connection, request):
        """Answers what is not a handshake: the page and the modules are of the same origin."""
        if request.headers.get("Upgrade"):
            return None
        text, kind = file_at(request.path)
        response = connection.respond(HTTPStatus.OK, text)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = f"{kind}; charset=utf-8"
        return response

    async def _notify(self):
        async with self.changed:
            self.changed.notify_all()

    async def until(self, condition):
        async with asyncio.timeout(WITHIN), self.changed:
            await self.changed.wait_for(condition)


@asynccontextmanager
async def running():
    server = Server()
    async with serve(server.handle, "127.0.0.1", 0, process_request=server.page) as listening:
        host = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        server.url, server.origin = f"ws://{host}/", f"http://{host}/"
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def server():
    async with running() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser, server):
    async with page_of_modules(browser, server.origin) as page:
        yield page


async def start(page, server, **options):
    await page.evaluate(START, [server.url, {**QUICK, **options}])
    await page.wait_for_function("states.at(-1) === 'open'")


async def delivered(page):
    await page.wait_for_function("outbox.items.length === 0")


def texts(frames):
    return [frame["text"] for frame in frames]


async def test_a_message_whose_answer_was_lost_is_sent_again_under_its_uuid(page, server):
    server.answer = lambda frame: success(frame) if len(server.connections) > 1 else 1011
    await start(page, server)
    await page.evaluate("outbox.add('room', 'hello')")
    await delivered(page)
    first, second = server.commands
    assert first == second
    assert first["text"] == "hello"


async def test_a_message_of_another_is_no_answer(page, server):
    """Anybody who sees a uuid can send a message of their own under it."""

    def theirs_then_ours(frame):
        name = "bea" if len(server.commands) == 1 else "ada"
        return success(frame, message={"user": {"username": name}})

    server.user, server.answer = {"username": "ada"}, theirs_then_ours
    await start(page, server, requestTimeout=200)
    await page.evaluate("outbox.add('room', 'hello')")
    await delivered(page)
    first, second = server.commands
    assert first == second


async def test_messages_survive_a_reload(page, server):
    server.answer = lambda frame: None
    await start(page, server)
    uuid = await page.evaluate("outbox.add('room', 'hello')")
    await server.until(lambda: server.commands)
    await page.reload()
    server.answer = success
    await start(page, server)
    await delivered(page)
    assert [frame["uuid"] for frame in server.commands] == [uuid, uuid]


async def test_messages_written_without_a_connection_go_out_in_order(page, server):
    await start(page, server)
    await page.evaluate("socket.reset(); ['1', '2', '3'].forEach((t) => outbox.add('room', t))")
    await delivered(page)
    assert texts(server.commands) == ["1", "2", "3"]


async def test_a_message_that_was_too_fast_waits_and_is_not_overtaken(page, server):
    refused = []

    def once(frame):
        if refused:
            return success(frame)
        refused.append(frame)
        return error(frame, "rate_limited", retry_after=0.05)

    server.answer = once
    await start(page, server)
    await page.evaluate("['1', '2'].forEach((text) => outbox.add('room', text))")
    await delivered(page)
    assert texts(server.commands) == ["1", "1", "2"]


async def test_a_refused_message_stays_with_its_reason_and_can_be_sent_again(page, server):
    server.answer = lambda frame: error(frame, "text_too_long", "The text is too long.")
    await start(page, server)
    uuid = await page.evaluate("outbox.add('room', 'hello')")
    await page.wait_for_function("outbox.items[0].state === 'failed'")
    assert await page.evaluate("outbox.items[0].error") == "The text is too long."
    server.answer = success
    await page.evaluate("(uuid) => outbox.retry(uuid)", uuid)
    await delivered(page)


async def test_a_refused_message_does_not_hold_back_the_next(page, server):
    server.answer = lambda frame: (
        error(frame, "empty_text") if frame["text"] == "1" else success(frame)
    )
    await start(page, server)
    await page.evaluate("['1', '2'].forEach((text) => outbox.add('room', text))")
    await page.wait_for_function("outbox.items.length === 1")
    assert await page.evaluate("outbox.items.map((item) => [item.text, item.state])") == [
        ["1", "failed"]
    ]


async def test_a_dead_connection_is_noticed_and_replaced(page, server):
    server.pings = False
    await start(page, server)
    await server.until(lambda: len(server.connections) >= 2)
    server.pings = True
    await page.wait_for_function("socket.isOpen")


async def test_a_request_without_an_answer_fails(page, server):
    server.answer = lambda frame: None
    await start(page, server, requestTimeout=100)
    code = await page.evaluate("socket.request('state', {}).catch((error) => error.code)")
    assert code == "timeout"


async def test_a_request_fails_with_what_the_server_said(page, server):
    server.answer = lambda frame: error(frame, "illegal_transition", "Not now.")
    await start(page, server)
    refusal = await page.evaluate(
        "socket.request('reveal', {}).catch((error) => [error.code, error.message])"
    )
    assert refusal == ["illegal_transition", "Not now."]


@pytest.mark.parametrize(
    ("code", "reason"), [(4401, "login"), (4408, "login"), (4403, "forbidden")]
)
async def test_some_closes_are_final(page, server, code, reason):
    server.answer = lambda frame: code
    await start(page, server)
    await page.evaluate("socket.send('state', {})")
    await page.wait_for_function("socket.status.state === 'ended'")
    assert (await page.evaluate("states")).count("connecting") == 1
    assert await page.evaluate("socket.status.reason") == reason
    assert len(server.connections) == 1


@pytest.mark.parametrize("code", [1001, 1011, 4400, 4429, 4503])
async def test_other_closes_are_not(page, server, code):
    server.answer = lambda frame: code if len(server.connections) == 1 else success(frame)
    await start(page, server)
    await page.evaluate("socket.send('state', {})")
    await server.until(lambda: len(server.connections) == 2)


async def test_one_of_too_many_pages_comes_back_when_somebody_looks_at_it(page, server):
    server.answer = lambda frame: 4429 if len(server.connections) == 1 else success(frame)
    await start(page, server)
    await page.evaluate("""() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      socket.send("state", {});
    }""")
    await page.wait_for_function("socket.status.state === 'waiting'")
    # No timer will end the wait.
    assert await page.evaluate("socket.status.retryAt") is None
    assert len(server.connections) == 1
    await page.evaluate("""() => {
      Object.defineProperty(document, "hidden", { value: false, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    await server.until(lambda: len(server.connections) == 2)


async def test_the_network_coming_back_ends_the_wait(page, server):
    await start(page, server)
    await page.evaluate("socket.stop()")
    await page.reload()
    # A first wait so long that only the event can end it within the test.
    await start(page, server, firstWait=600_000, maxWait=600_000)
    await page.evaluate("socket.reset(); dispatchEvent(new Event('online'))")
    await page.wait_for_function("socket.isOpen")
