import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.stock.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from tests.benchmarks.stock.consumers import ChatConsumer, StoringChatConsumer  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": URLRouter(
            [
                path("ws/chat/<str:room>/", ChatConsumer.as_asgi()),
                path("ws/stored/<str:room>/", StoringChatConsumer.as_asgi()),
            ]
        ),
    }
)
