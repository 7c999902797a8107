"""The ASGI application: peerchat's sockets come first, and the same middleware is for both."""

import os

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.inclusion.oldsite.settings")
django_application = ASGIStaticFilesHandler(get_asgi_application())

# These need the apps that the call above loads.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from accounts.middleware import SocketAuthMiddleware  # noqa: E402
from peerchat.routing import websocket_urlpatterns  # noqa: E402
from rooms.api.longpoll import LongPolling  # noqa: E402
from tests.inclusion.oldsite.consumers import Visits  # noqa: E402

sockets = [
    path("a/b/", URLRouter(websocket_urlpatterns)),
    path("ws/chat/<slug:room>/", Visits.as_asgi()),
]
application = ProtocolTypeRouter(
    {
        "http": LongPolling(django_application),
        "websocket": SocketAuthMiddleware(URLRouter(sockets)),
    }
)
