"""Messages, which are the history of a room, and their mentions."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.people import Key, User
from rooms.models.room import Room


class Message(models.Model):
    """A stored message.

    `seq` counts 1, 2, 3 ... within the room. `uuid` is the sender's own name for the message, by
    which a repeated message is recognised.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        SYSTEM = "system", _("System")
        CONTROL = "control", _("Control")

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4, editable=False)
    # It needs no index of its own because of `message_seq_once`.
    room = models.ForeignKey(
        Room,
        verbose_name=_("room"),
        on_delete=models.CASCADE,
        related_name="messages",
        db_index=False,
    )
    seq = models.PositiveBigIntegerField(_("seq"))
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("sender"),
        on_delete=models.PROTECT,
        related_name="peerchat_messages",
    )
    uuid = models.CharField(_("uuid"), max_length=64)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices, default=Kind.TEXT)
    text = models.TextField(_("text"))
    # The pseudonym under which the sender wrote it, or "" for a message under the name. It stays,
    # whatever the course chooses later. The database default serves workers that still run code
    # without this field.
    pseudonym = models.CharField(
        _("pseudonym"), max_length=60, blank=True, default="", db_default="", editable=False
    )
    # The fields of the `control` event of a message of kind `control`.
    control = models.JSONField(_("control"), null=True, blank=True)
    reply_to = models.ForeignKey(
        "self",
        verbose_name=_("reply to"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="replies",
        db_index=False,
    )
    created_at = models.DateTimeField(_("created at"))
    # The text stays for the admin. Nobody else gets it any more.
    removed_at = models.DateTimeField(_("removed at"), null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("removed by"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    # PostgreSQL also has an index for searching texts; see the migration 0001.
    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ("room", "seq")
        constraints = (
            models.UniqueConstraint(fields=("room", "seq"), name="peerchat_message_seq_once"),
            models.UniqueConstraint(
                fields=("room", "sender", "uuid"), name="peerchat_message_uuid_once"
            ),
            models.CheckConstraint(
                condition=models.Q(seq__gte=1), name="peerchat_message_seq_from_1"
            ),
        )
        indexes = (
            models.Index(
                fields=("room", "removed_at"),
                condition=models.Q(removed_at__isnull=False),
                name="peerchat_removed_messages",
            ),
            models.Index(
                fields=("reply_to",),
                condition=models.Q(reply_to__isnull=False),
                name="peerchat_replies",
            ),
        )

    def __str__(self) -> str:
        return f"{self.room_id}#{self.seq}"


@dataclass(slots=True, eq=False)
class NewText:
    """A message of kind `text` that is being stored.

    It has the attributes of a Message, but is created in a tenth of the time.
    """

    id: UUID
    room_id: UUID
    seq: int
    sender: User
    uuid: str
    text: str
    reply_to_id: UUID | None
    created_at: datetime
    pseudonym: str = ""

    kind: ClassVar[str] = Message.Kind.TEXT.value
    control: ClassVar[None] = None
    removed_at: ClassVar[None] = None

    @property
    def sender_id(self) -> Key:
        return self.sender.pk


class Mention(models.Model):
    """A mention of a member of the room in a message, as @username."""

    message = models.ForeignKey(
        Message,
        verbose_name=_("message"),
        on_delete=models.CASCADE,
        related_name="mentions",
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_mentions",
        db_index=False,
    )

    class Meta:
        verbose_name = _("mention")
        verbose_name_plural = _("mentions")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("message", "user"), name="peerchat_mention_once"),
        )
        indexes = (models.Index(fields=("user", "-id"), name="peerchat_mentions_newest"),)

    def __str__(self) -> str:
        return gettext("%(user)s in %(place)s") % {"user": self.user, "place": self.message}
