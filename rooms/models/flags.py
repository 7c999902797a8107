"""Messages that members of a room have flagged."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.message import Message


class Flag(models.Model):
    """A member's hint to those who lead the course that a message needs a look."""

    message = models.ForeignKey(
        Message, verbose_name=_("message"), on_delete=models.CASCADE, related_name="flags"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_flags",
    )
    raised_at = models.DateTimeField(_("raised at"))
    # When somebody who leads the course has seen to it.
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        ordering = ("-raised_at",)
        constraints = (
            models.UniqueConstraint(fields=("message", "user"), name="peerchat_flag_once"),
        )
        indexes = (
            models.Index(
                fields=("raised_at",),
                condition=models.Q(settled_at=None),
                name="peerchat_open_flags",
            ),
        )

    def __str__(self) -> str:
        return gettext("%(user)s in %(place)s") % {"user": self.user, "place": self.message}
