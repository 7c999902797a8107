"""The channel layer of the site, which loses half of the arriving events while a switch is on."""

import random
from typing import Any

from rooms.delivery.layer import PubSubChannelLayer
from tests.faults import switches


class LossyLayer(PubSubChannelLayer):
    """Each process loses another half."""

    async def receive(self, channel: str) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = await super().receive(channel)
            if not (switches.is_on(switches.DROPPING) and random.random() < 0.5):
                return message
