"""Workers and the connections to them."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Worker(models.Model):
    """A server process. Its connections count as open while `seen_at` is recent."""

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4, editable=False)
    seen_at = models.DateTimeField(_("seen at"), db_index=True)

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ("seen_at",)

    def __str__(self) -> str:
        return str(self.id)


class Connection(models.Model):
    """A chat socket of a user, kept for a while after it closed, to find users who left just now.

    `silent_since` is the time of the last sign of life of an open socket that owes one. Until it
    gives another, the socket stays open and does not make its user online. `closed_at` is the time
    at which the user was last there by the socket.
    """

    id = models.UUIDField(_("id"), primary_key=True, editable=False)
    worker = models.ForeignKey(
        Worker, verbose_name=_("worker"), on_delete=models.CASCADE, related_name="connections"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_connections",
    )
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True, db_index=True)
    silent_since = models.DateTimeField(_("silent since"), null=True, blank=True)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ("opened_at",)
        indexes = (
            models.Index(
                fields=("user",),
                condition=models.Q(closed_at=None),
                name="peerchat_open_connections",
            ),
            models.Index(
                fields=("worker",),
                condition=models.Q(closed_at=None, silent_since__isnull=False),
                name="peerchat_silent_connections",
            ),
        )

    def __str__(self) -> str:
        named = {"user": self.user, "time": f"{self.opened_at:%H:%M:%S}"}
        return gettext("%(user)s since %(time)s") % named
