"""Requests that wait for a message without holding a thread.

Django answers each request in a thread of its own and keeps the thread until the answer is out. So
the wait happens around Django. If the view finds nothing yet, it says what to wait for and how
long, and the request is passed to Django again afterwards. Where nothing wraps Django (a test
client), the first answer is final.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request

from accounts import people
from rooms.pages.picture_rush import PictureRush
from rooms.process import runtime
from rooms.process.silence import asked_after
from rooms.wire.errors import RateLimited

logger = logging.getLogger(__name__)

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
HasNews = Callable[[float, str, str, people.Key], bool]
Application = Callable[[dict[str, Any], Any, Any], Awaitable[Any]]

EXTENSION = "peerchat.poll"
WAITS_OF_ONE = 20
"""The number of requests of one user that may wait in a process at the same time."""
WOKEN_AT_ONCE = 8
"""The number of requests that are repeated at the same time: a message wakes a whole room."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The message that a request waits for, by room and last known number, and for how long.

    With `since`, in seconds since the epoch, it also waits for news of the class since then.
    """

    user: people.Key
    audience: str
    group: str
    after: int
    seconds: float
    since: float | None = None


class Poll:
    """The interface between a view and the code around it that waits."""

    def __init__(self, waiting: Counter[people.Key], has_news: HasNews) -> None:
        self.person: tuple[int, str] | None = None
        self.wanted: Wanted | None = None
        self._waiting = waiting
        self._has_news = has_news

    def has_news(self, wanted: Wanted) -> bool:
        """Return whether there may be news of the class for the user since they read its state."""
        return wanted.since is not None and self._has_news(
            wanted.since, wanted.audience, wanted.group, wanted.user
        )

    def present(self, user: people.Key, username: str) -> None:
        """Count a user who asks to wait as online, even if there is nothing to wait for yet."""
        self.person = user, username

    def wait_for(self, wanted: Wanted) -> None:
        """Repeat the request when the message is there.

        Raises RateLimited if too many requests of the user wait.
        """
        if self._waiting[wanted.user] >= WAITS_OF_ONE:
            raise RateLimited(1.0)
        self.wanted = wanted


def poll_of(request: Request) -> Poll | None:
    """Return the `Poll` of a request, or None if nothing around it waits."""
    scope: dict[str, Any] = getattr(request, "scope", {})
    return scope.get(EXTENSION)


class LongPolling:
    """Middleware that lets requests wait. Pictures that a class asks for at once pass it by."""

    def __init__(self, app: Application) -> None:
        self._app: Application = PictureRush(app)
        self._waiting: Counter[people.Key] = Counter()
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
        """Return the first answer with content, or else the last one."""
        if wanted is None:
            return answer
        user, until = wanted.user, time.monotonic() + wanted.seconds
        self._waiting[user] += 1
        try:
            here = runtime.current()
            while wanted is not None and (left := until - time.monotonic()) > 0:
                # While a class discusses, the next request is the sign of life.
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
        poll = Poll(Counter() if again else self._waiting, runtime.current().hub.has_news)
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
    """Wait until the client is gone, ignoring the body of its GET."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _woken(wanted: Wanted, seconds: float, gone: asyncio.Future[None]) -> bool:
    """Return whether a message may be there; False at the timeout or when the client is gone."""
    hub = runtime.current().hub
    waiting = asyncio.ensure_future(
        hub.wait_for(
            wanted.audience,
            wanted.group,
            wanted.after,
            seconds,
            user=wanted.user,
            since=wanted.since,
        )
    )
    try:
        await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
        return waiting.done() and waiting.result()
    finally:
        waiting.cancel()
