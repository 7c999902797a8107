from channels.generic.websocket import AsyncJsonWebsocketConsumer

from tests.benchmarks.stock.models import Message


class ChatConsumer(AsyncJsonWebsocketConsumer):
    """The chat of the Channels tutorial, with JSON."""

    async def connect(self):
        self.group = f"chat_{self.scope['url_route']['kwargs']['room']}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content):
        await self.channel_layer.group_send(
            self.group, {"type": "chat.message", "message": content["message"]}
        )

    async def chat_message(self, event):
        await self.send_json({"message": event["message"]})


class StoringChatConsumer(ChatConsumer):
    """The same, with history: a message is stored before anybody sees it."""

    async def receive_json(self, content):
        await Message.objects.acreate(room=self.group, text=content["message"])
        await super().receive_json(content)
