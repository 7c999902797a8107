"""A socket that comes back, as the contract asks of clients. Written from that page alone."""

import asyncio
import contextlib
import json
import random
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.faults.record import Closed, Entry, Opened, Record
from tests.faults.replay import Replay
from tests.pace import patient

Frame = dict[str, Any]

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds before a client comes back: at random up to a limit that grows between these."""
STEADY_AFTER = 5.0
"""Seconds of connection after which the wait starts from the first again."""
HANDSHAKE_WITHIN = patient(20.0)
LATER = 0.5
"""Seconds after which what was `unavailable` is tried again."""
FINAL = frozenset({4401, 4403})


class LostError(Exception):
    """The connection went away before the answer came."""


class EndpointClient:
    """A client of one endpoint. It keeps a record of everything that it sees."""

    def __init__(
        self, url: str, name: str, token: str, *, student: bool, ping: float | None = 20.0
    ) -> None:
        self.url = url
        self.name = name
        self.record = Record(name, student=student)
        self.known = Replay(self.record)
        self.socket: ClientConnection | None = None
        self.ready = asyncio.Event()
        """Set while it is connected and has caught up."""
        self.unreachable = 0
        """The number of attempts to connect that nobody answered."""
        self.hurry = False
        """True if the client shall come back at once the next time."""
        self._token = token
        self._ping = ping
        self._asked: dict[str, asyncio.Future[Frame]] = {}
        self._task: asyncio.Task[None] | None = None
        self._jobs: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        """Leave for good. Raises what the client failed with."""
        assert self._task is not None
        for task in (self._task, *self._jobs):
            task.cancel()
        results = await asyncio.gather(self._task, *self._jobs, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    @property
    def connections(self) -> int:
        return self.known.connections

    def go_through(self, url: str, *, ping: float | None = 20.0) -> None:
        """Move to another address of the site at once, with another interval of pings."""
        self.url = url + urlsplit(self.url).path
        self._ping = ping
        self.hurry = True
        self.cut()

    def cut(self) -> None:
        """Drop the connection without a closing handshake, as a laptop that is shut does."""
        if self.socket is not None:
            self.socket.transport.abort()

    # --- for those who know what the frames mean ---------------------------------------------

    async def greet(self) -> None:
        """Catch up after the welcome, and be `ready`. Raises LostError."""
        raise NotImplementedError

    def take(self, frame: Frame) -> None:
        """See a frame that answers no question."""
        raise NotImplementedError

    def job(self, job: Any) -> None:
        task = asyncio.get_running_loop().create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        # A task that failed is kept, so that `stop` can raise its error.
        if task.cancelled() or task.exception() is None:
            self._jobs.discard(task)

    def note(self, entry: Entry) -> None:
        self.record.entries.append(entry)
        self.known.feed(entry)

    async def tell(self, action: str, uuid: str, **fields: Any) -> None:
        """Send a command. Raises LostError."""
        if self.socket is None:
            raise LostError
        try:
            await self.socket.send(json.dumps({"uuid": uuid, "action": action, **fields}))
        except ConnectionClosed:
            raise LostError from None

    async def ask(self, action: str, *, uuid_: str = "", **fields: Any) -> Frame:
        """Send a command and return its answer, success or error. Raises LostError."""
        name = uuid_ or uuid.uuid4().hex
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._asked[name] = future
        try:
            await self.tell(action, name, **fields)
            return await future
        finally:
            self._asked.pop(name, None)

    async def insist(self, action: str, **fields: Any) -> Frame:
        """Repeat a command while it is `unavailable`; return its successful answer."""
        while True:
            answer = await self.ask(action, **fields)
            if answer["status"] == "success":
                return answer
            if answer["error_code"] != "unavailable":
                raise AssertionError(f"{self.name}: {answer}")
            await asyncio.sleep(LATER)

    # --- the connection ----------------------------------------------------------------------

    async def _keep(self) -> None:
        wait = FIRST_WAIT
        while True:
            began = time.monotonic()
            code = await self._live_once()
            if code in FINAL:
                return
            if time.monotonic() - began > STEADY_AFTER:
                wait = FIRST_WAIT
            if self.hurry:
                self.hurry = False
                continue
            await asyncio.sleep(random.uniform(0, wait))
            wait = min(wait * 2, LONGEST_WAIT)

    async def _live_once(self) -> int | None:
        """Connect and stay until it ends; returns the close code, None where nobody answered."""
        try:
            async with asyncio.timeout(HANDSHAKE_WITHIN):
                socket = await connect(
                    self.url,
                    additional_headers={"Authorization": f"Bearer {self._token}"},
                    compression=None,
                    open_timeout=None,
                    ping_interval=self._ping,
                    ping_timeout=self._ping,
                    close_timeout=2,
                    max_size=None,
                    max_queue=None,
                    proxy=None,
                )
        except (OSError, TimeoutError, InvalidHandshake, InvalidMessage, EOFError):
            self.unreachable += 1
            return None
        try:
            async with asyncio.timeout(HANDSHAKE_WITHIN):
                first = json.loads(await socket.recv())
        except (TimeoutError, ConnectionClosed):
            await socket.close()
            return socket.close_code
        if first["action"] != "welcome":
            raise AssertionError(f"{self.name}: the first frame is {first}")
        self.socket = socket
        self.note(Opened(time.time()))
        greeting = asyncio.create_task(self._greet())
        try:
            async for text in socket:
                frame = json.loads(text)
                future = self._asked.get(frame.get("uuid"))
                if future is not None and "status" in frame and frame["action"] != "new_message":
                    if not future.done():
                        future.set_result(frame)
                else:
                    self.take(frame)
        except ConnectionClosed:
            pass
        finally:
            self.socket = None
            self.ready.clear()
            for future in self._asked.values():
                if not future.done():
                    future.set_exception(LostError())
            greeting.cancel()
            await asyncio.gather(greeting, return_exceptions=True)
            if self._task is None or not self._task.cancelling():
                self.note(Closed(time.time(), socket.close_code or 1006))
            with contextlib.suppress(OSError):
                await socket.close()
        return socket.close_code

    async def _greet(self) -> None:
        try:
            await self.greet()
        except LostError:
            pass
        except Exception:
            # A client that cannot go on is a fault of the suite or a broken answer.
            self.cut()
            raise
