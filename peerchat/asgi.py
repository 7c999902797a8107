"""The ASGI application: Django for HTTP, consumers for WebSockets."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peerchat.settings")
django.setup(set_prefix=False)

# These need the apps that the call above loads.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import re_path  # noqa: E402

from accounts.middleware import SocketAuthMiddleware  # noqa: E402
from peerchat.handler import Handler  # noqa: E402
from peerchat.routing import refuse, websocket_urlpatterns  # noqa: E402
from peerchat.script_name import ScriptName  # noqa: E402
from rooms.api.longpoll import LongPolling  # noqa: E402

everything_else = re_path(r"", refuse)  # type: ignore[arg-type]
application = ScriptName(
    ProtocolTypeRouter(
        {
            "http": LongPolling(Handler()),
            "websocket": SocketAuthMiddleware(URLRouter([*websocket_urlpatterns, everything_else])),
        }
    )
)
