"""Django's handler for ASGI with fewer changes of threads."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import AsyncToSync, ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import connections

KEPT = 20
"""The most threads that wait for the next request; as many as are needed serve at a time."""


class Handler(ASGIHandler):
    """Runs the middlewares and the view of a request in one call of its thread.

    Django's own runs each step of each middleware, and the view, in a call of its own. The event
    loop then passes a request to a thread and back some fifteen times, which takes more CPU than
    most views. A middleware that works on the event loop only, such as that of the static files,
    still does, and those around it with it.

    Threads serve one request after another. Django's own starts one for each request, and another
    to see it end.
    """

    def __init__(self) -> None:
        super().__init__()
        self._idle: list[ThreadPoolExecutor] = []

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)
        chain: Any = vars(self)["_middleware_chain"]
        # Django has adapted the outermost to synchronous callers, which this handler is not.
        self._middleware_chain = (
            chain.awaitable if isinstance(chain, AsyncToSync) else sync_to_async(chain)
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, "request")
        keep = False
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self.handle(scope, receive, send)
            keep = len(self._idle) < KEPT
        finally:
            # After a cancellation the thread may still wait for a database that does not answer.
            if keep:
                self._idle.append(thread)
            else:
                # What Django does at the end of a request is cancelled, too. A connection that is
                # not given back would be lost to the pool, and soon nobody would get one.
                thread.submit(connections.close_all)
                thread.shutdown(wait=False)
