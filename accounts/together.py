"""Combines questions that arrive at the same moment."""

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

AT_ONCE = 100
"""Questions that are answered together."""


class _Queue(Generic[Question, Answer]):
    def __init__(self) -> None:
        self.waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self.answering: asyncio.Task[None] | None = None


class Together(Generic[Question, Answer]):
    """While some questions are answered, those that come wait, and are answered together then.

    A lone question does not wait. At most as many wait as there are who ask. `answer` returns an
    answer, or the exception to raise, for each.
    """

    def __init__(
        self, answer: Callable[[Sequence[Question]], Awaitable[Sequence[Answer | Exception]]]
    ) -> None:
        self._answer = answer
        self._queues: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, _Queue[Question, Answer]
        ] = weakref.WeakKeyDictionary()

    async def ask(self, question: Question) -> Answer:
        """The answer. Raises what is raised for it, or for all that are asked together."""
        loop = asyncio.get_running_loop()
        queue = self._queues.setdefault(loop, _Queue())
        future: asyncio.Future[Answer] = loop.create_future()
        queue.waiting.append((question, future))
        if queue.answering is None or queue.answering.done():
            queue.answering = loop.create_task(self._run(queue))
        return await future

    async def _run(self, queue: _Queue[Question, Answer]) -> None:
        while queue.waiting:
            taken, queue.waiting = queue.waiting[:AT_ONCE], queue.waiting[AT_ONCE:]
            answers: Sequence[Answer | Exception]
            try:
                answers = await self._answer([question for question, _ in taken])
            except Exception as error:
                answers = [error] * len(taken)
            for (_, future), answer in zip(taken, answers, strict=True):
                if future.done():
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)
