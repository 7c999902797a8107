"""The paths of the WebSocket endpoints."""

from typing import Any

from django.urls import URLPattern, re_path


async def refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers the handshake of a path that does not exist with HTTP 403."""
    await receive()
    await send({"type": "websocket.close"})


websocket_urlpatterns: list[URLPattern] = [
    re_path(r"", refuse),  # type: ignore[arg-type]  # last: URLRouter raises where nothing matches
]
