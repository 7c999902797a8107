from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db.models import Count

from tests.benchmarks.peers.stock.models import Control, Message, Vote


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


class ClassConsumer(AsyncJsonWebsocketConsumer):
    """A course: everyone is in its group, in one of their own and in one of all students. What
    the instructor sends is stored, then everyone gets it."""

    async def connect(self):
        self.joined = []
        user = self.scope["user"]
        if not user.is_authenticated:
            await self.close()
            return
        self.course = self.scope["url_route"]["kwargs"]["course"]
        self.joined = [f"course_{self.course}", f"user_{user.pk}", f"students_{self.course}"]
        self.joined += self.more_groups()
        for group in self.joined:
            await self.channel_layer.group_add(group, self.channel_name)
        await self.accept()
        await self.send_json({"action": "welcome", "user": user.username})

    def more_groups(self):
        return []

    async def disconnect(self, code):
        for group in self.joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive_json(self, content):
        await Control.objects.acreate(course=self.course, message=content["message"])
        await self.channel_layer.group_send(
            f"course_{self.course}", {"type": "class.control", "message": content["message"]}
        )

    async def class_control(self, event):
        await self.send_json({"action": "control", "message": event["message"]})


class VotingConsumer(ClassConsumer):
    """A student of the same course, whose vote is stored; then the dashboard gets the counts."""

    async def receive_json(self, content):
        await Vote.objects.aupdate_or_create(
            course=self.course,
            user_id=self.scope["user"].pk,
            defaults={"choice": content["choice"]},
        )
        votes = Vote.objects.filter(course=self.course)
        counted = votes.values_list("choice").annotate(Count("pk"))
        await self.channel_layer.group_send(
            f"dashboard_{self.course}",
            {"type": "class.counts", "counts": dict([row async for row in counted])},
        )
        await self.send_json({"uuid": content["uuid"], "action": "vote"})


class DashboardConsumer(ClassConsumer):
    """The instructor's page, with the counts of the votes."""

    def more_groups(self):
        return [f"dashboard_{self.course}"]

    async def class_counts(self, event):
        await self.send_json({"action": "figures", "counts": event["counts"]})
