"""A site that is nothing but a gateway: settings and ASGI application in one.

UPSTREAM names where its sockets go, UPSTREAM_WITHIN the seconds that a handshake may take there.
"""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

from peerchat.proxy import ProxyConsumer
from tests.settings import *  # noqa: F403

ASGI_APPLICATION = "tests.inclusion.gateway.application"


def __getattr__(name: str) -> ProtocolTypeRouter:
    # Made when it is asked for: Django reads this module as the settings before it can be set up.
    if name != "application":
        raise AttributeError(name)
    proxy = ProxyConsumer.as_asgi(
        upstream=os.environ["UPSTREAM"],
        connect_within=float(os.environ["UPSTREAM_WITHIN"]),
        headers={"X-Gateway": "riverside"},
    )
    return ProtocolTypeRouter(
        {
            "http": get_asgi_application(),
            "websocket": URLRouter([re_path(r"^(ws|any)/", proxy)]),
        }
    )
