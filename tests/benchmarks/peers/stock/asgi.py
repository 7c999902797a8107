import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.peers.stock.settings")
django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import path  # noqa: E402

from tests.benchmarks.peers.stock import consumers  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(
                URLRouter(
                    [
                        path("ws/chat/<str:room>/", consumers.ChatConsumer.as_asgi()),
                        path("ws/stored/<str:room>/", consumers.StoringChatConsumer.as_asgi()),
                        path("ws/class/<str:course>/", consumers.ClassConsumer.as_asgi()),
                        path("ws/votes/<str:course>/", consumers.VotingConsumer.as_asgi()),
                        path("ws/dashboard/<str:course>/", consumers.DashboardConsumer.as_asgi()),
                    ]
                )
            )
        ),
    }
)
