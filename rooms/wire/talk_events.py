"""Events about the moderation of messages."""

from rooms.wire.events import Event, MessageBody


class MessageRestored(Event, tag="message_restored", frozen=True, kw_only=True):
    """A message whose text was removed has it again."""

    room: str
    message: MessageBody
