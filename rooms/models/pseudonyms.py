"""The pseudonyms of students in a class."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from rooms.models.round import ClassSession


class Pseudonym(models.Model):
    """The name of a student towards the others, for one class session."""

    session = models.ForeignKey(
        ClassSession, verbose_name=_("session"), on_delete=models.CASCADE, related_name="pseudonyms"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_pseudonyms",
    )
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("pseudonym")
        verbose_name_plural = _("pseudonyms")
        ordering = ("session", "name")
        constraints = (
            models.UniqueConstraint(fields=("session", "user"), name="peerchat_one_pseudonym_each"),
            models.UniqueConstraint(fields=("session", "name"), name="peerchat_pseudonym_once"),
        )

    def __str__(self) -> str:
        return self.name
