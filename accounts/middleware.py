"""Who is at the other end of a WebSocket."""

from typing import Any

from django.contrib.auth.models import AnonymousUser


class SocketAuthMiddleware:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        scope = {
            **scope,
            "user": AnonymousUser(),
            "auth": None,
            "token_id": None,
            "session_key": None,
            "subprotocol": None,
        }
        return await self.app(scope, receive, send)
