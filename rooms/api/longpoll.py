"""Requests that wait for a message, and hold no thread while they do.

Django answers each request in a thread of its own, which it keeps until the answer is out. So the
waiting is done around Django: it is asked, and where the view finds nothing yet it says what for
and how long to wait; then it is asked again. Under a server without this (a test client) the first
answer stands.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request

from rooms.process import runtime
from rooms.process.silence import asked_after
from rooms.wire.errors import RateLimited

logger = logging.getLogger(__name__)

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Any, Any], Awaitable[Any]]

EXTENSION = "peerchat.poll"
WAITS_OF_ONE = 20
"""Requests of one user that may wait in a process at the same time."""
WOKEN_AT_ONCE = 8
"""Requests that are asked again at the same time: a message wakes everyone in the room."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request waits for: a message of a room after a number, for so many seconds."""

    user: int
    audience: str
    group: str
    after: int
    seconds: float


class Poll:
    """What a view says to the waiting around it."""

    def __init__(self, waiting: Counter[int]) -> None:
        self.person: tuple[int, str] | None = None
        self.wanted: Wanted | None = None
        self._waiting = waiting

    def present(self, user: int, username: str) -> None:
        """Whoever asks to wait counts as online, also where there is nothing to wait for yet."""
        self.person = user, username

    def wait_for(self, wanted: Wanted) -> None:
        """Ask again when it is there. Raises RateLimited where too many of the user's wait."""
        if self._waiting[wanted.user] >= WAITS_OF_ONE:
            raise RateLimited(1.0)
        self.wanted = wanted


def poll_of(request: Request) -> Poll | None:
    """The waiting around a request, if there is any."""
    scope: dict[str, Any] = getattr(request, "scope", {})
    return scope.get(EXTENSION)


class LongPolling:
    """The application, with requests that can wait."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._waiting: Counter[int] = Counter()
        self._woken = asyncio.Semaphore(WOKEN_AT_ONCE)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["method"] != "GET" or b"wait=" not in scope["query_string"]:
            await self._app(scope, receive, send)
            return
        gone = asyncio.ensure_future(_gone(receive))
        try:
            answer, poll = await self._ask(scope, gone)
            if poll.person is None:
                await _send(answer, send)
                return
            polls = runtime.current().polls
            polls.came(*poll.person)
            try:
                answer = await self._wait(scope, gone, answer, poll.wanted)
                if not gone.done():
                    await _send(answer, send)
            finally:
                polls.went(*poll.person)
        finally:
            gone.cancel()

    async def _wait(
        self,
        scope: dict[str, Any],
        gone: asyncio.Future[None],
        answer: list[Message],
        wanted: Wanted | None,
    ) -> list[Message]:
        """The first answer that has something, or the last one without."""
        if wanted is None:
            return answer
        user, until = wanted.user, time.monotonic() + wanted.seconds
        self._waiting[user] += 1
        try:
            here = runtime.current()
            while wanted is not None and (left := until - time.monotonic()) > 0:
                # Whoever discusses is asked for a sign of life, which is the next request.
                if not await _woken(wanted, min(left, asked_after()), gone):
                    if gone.done() or here.hub.closing or here.silence.asks(wanted.group):
                        break
                    continue
                async with self._woken:
                    answer, poll = await self._ask(scope, gone, again=True)
                wanted = poll.wanted
        finally:
            self._waiting[user] -= 1
            if not self._waiting[user]:
                del self._waiting[user]
        return answer

    async def _ask(
        self, scope: dict[str, Any], gone: asyncio.Future[None], *, again: bool = False
    ) -> tuple[list[Message], Poll]:
        poll = Poll(Counter() if again else self._waiting)
        answer: list[Message] = []
        came = False

        async def receive() -> Message:
            nonlocal came
            if not came:
                came = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await asyncio.shield(gone)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            answer.append(message)

        await self._app({**scope, EXTENSION: poll}, receive, send)
        return answer, poll


async def _send(answer: list[Message], send: Send) -> None:
    for message in answer:
        await send(message)


async def _gone(receive: Receive) -> None:
    """Done when the client is gone; the body of a GET means nothing."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _woken(wanted: Wanted, seconds: float, gone: asyncio.Future[None]) -> bool:
    """Whether there may be something by now; False after so many seconds, or without a client."""
    hub = runtime.current().hub
    waiting = asyncio.ensure_future(
        hub.wait_for(wanted.audience, wanted.group, wanted.after, seconds)
    )
    try:
        await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
        return waiting.done() and waiting.result()
    finally:
        waiting.cancel()
