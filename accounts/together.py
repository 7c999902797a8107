"""Combines questions that arrive at the same moment."""

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

AT_ONCE = 100
"""The most questions that are answered together."""


class _Queue(Generic[Question, Answer]):
    def __init__(self) -> None:
        self.waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self.answering: asyncio.Task[None] | None = None


class Together(Generic[Question, Answer]):
    """Combines questions that arrive while others are answered, and answers them together.

    A lone question does not wait. The number of callers bounds the queue. `answer` returns an
    answer, or the exception to raise, for each question.
    """

    def __init__(
        self, answer: Callable[[Sequence[Question]], Awaitable[Sequence[Answer | Exception]]]
    ) -> None:
        self._answer = answer
        self._queues: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, _Queue[Question, Answer]
        ] = weakref.WeakKeyDictionary()

    async def ask(self, question: Question) -> Answer:
        """Return the answer. Raises the exception for the question or for the whole batch."""
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
