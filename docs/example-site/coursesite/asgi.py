"""The site's ASGI application, with the sockets of peerchat."""

import os

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coursesite.settings")
# Static files straight from where they are written: for trying it out.
application = ASGIStaticFilesHandler(get_asgi_application())

# These need the apps that the call above loads.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from accounts.middleware import SocketAuthMiddleware  # noqa: E402
from peerchat.routing import websocket_urlpatterns  # noqa: E402
from rooms.api.longpoll import LongPolling  # noqa: E402

sockets = [
    path("class/", URLRouter(websocket_urlpatterns)),
]
application = ProtocolTypeRouter(
    {
        "http": LongPolling(application),
        "websocket": SocketAuthMiddleware(URLRouter(sockets)),
    }
)
