"""The sockets of the site."""

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer


class Visits(AsyncJsonWebsocketConsumer):
    """Tells what Channels gives to consumers: who is there, the session and the cookies."""

    async def connect(self) -> None:
        await self.accept()
        session: Any = self.scope["session"]
        await self.send_json(
            {
                "user": self.scope["user"].get_username(),
                "visits": session.get("visits"),
                "key": session.session_key,
                "cookies": sorted(self.scope["cookies"]),
                "room": self.scope["url_route"]["kwargs"]["room"],
            }
        )
