"""Django's handler for ASGI with fewer changes of threads."""

from typing import Any

from asgiref.sync import AsyncToSync, sync_to_async
from django.core.handlers.asgi import ASGIHandler


class Handler(ASGIHandler):
    """Runs the middlewares and the view of a request in one call of its thread.

    Django's own runs each step of each middleware, and the view, in a call of its own. The event
    loop then passes a request to a thread and back some fifteen times, which takes more CPU than
    most views. A middleware that works on the event loop only, such as that of the static files,
    still does, and those around it with it.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)
        chain: Any = vars(self)["_middleware_chain"]
        # Django has adapted the outermost to synchronous callers, which this handler is not.
        self._middleware_chain = (
            chain.awaitable if isinstance(chain, AsyncToSync) else sync_to_async(chain)
        )
