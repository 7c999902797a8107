"""How people join a course by themselves."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course


class JoinCode(models.Model):
    """The code by which people join a course, while joining is open.

    A course has at most one, and a new one replaces it.
    """

    class Names(models.TextChoices):
        NICKNAME = "nickname", _("Nicknames")
        REAL = "real", _("Real names")

    LENGTH = 6
    ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ"
    """The letters of a code, without I, L, O and U, which look like others."""

    course = models.OneToOneField(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="join_code"
    )
    code = models.CharField(_("code"), max_length=LENGTH, unique=True)
    # In the past or null while joining is closed.
    open_until = models.DateTimeField(_("open until"), null=True, blank=True)
    names = models.CharField(
        _("names"), max_length=8, choices=Names.choices, default=Names.NICKNAME
    )
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("join code")
        verbose_name_plural = _("join codes")

    def __str__(self) -> str:
        return self.code

    @property
    def is_open(self) -> bool:
        """Return whether people can join by the code now."""
        return self.open_until is not None and timezone.now() < self.open_until
