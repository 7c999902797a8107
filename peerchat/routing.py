"""The paths of the WebSocket endpoints."""

from typing import Any

from django.urls import URLPattern, path, re_path

from rooms.consumers.chat import ChatConsumer
from rooms.consumers.feed import FeedConsumer
from rooms.consumers.instructor import InstructorConsumer
from rooms.consumers.screen import LinkedScreenConsumer, ScreenConsumer


async def refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer the handshake of a path that does not exist with HTTP 403.

    Channels raises an error there. A site may put it last: `re_path(r"", refuse)`.
    """
    await receive()
    await send({"type": "websocket.close"})


websocket_urlpatterns: list[URLPattern] = [
    path("ws/chat/", ChatConsumer.as_asgi()),
    path("ws/instructor/<slug:course>/", InstructorConsumer.as_asgi()),
    path("ws/screen/", LinkedScreenConsumer.as_asgi()),
    path("ws/screen/<slug:course>/", ScreenConsumer.as_asgi()),
    re_path(r"^ws/feed/(?P<name>[-a-zA-Z0-9_]{1,100})/\Z", FeedConsumer.as_asgi()),
]
"""The sockets and nothing else, so that a site can have its own before and after them."""
