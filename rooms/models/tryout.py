"""Try-outs: copies of a course in which a lecturer tries a class out with simulated students."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course


class TryOut(models.Model):
    """A try-out, which ends at `ends_at` and is then removed with its course and its students.

    A lecturer has at most one, and `slot` bounds their number. The worker `host` plays the
    simulated students until `held_until`, which it renews. After that, any worker may go on.
    """

    course = models.OneToOneField(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="try_out"
    )
    # The course that it is a copy of.
    of = models.ForeignKey(
        Course,
        verbose_name=_("copy of"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="try_outs",
    )
    lecturer = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("lecturer"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="peerchat_try_out",
    )
    slot = models.PositiveSmallIntegerField(_("slot"), unique=True)
    # The texts of the simulated students are in this language.
    language = models.CharField(_("language"), max_length=16)
    started_at = models.DateTimeField(_("started at"))
    ends_at = models.DateTimeField(_("ends at"))
    host = models.UUIDField(_("host"), null=True)
    held_until = models.DateTimeField(_("held until"), null=True)

    class Meta:
        verbose_name = _("try-out")
        verbose_name_plural = _("try-outs")
        ordering = ("started_at",)

    def __str__(self) -> str:
        return str(self.course)

    @property
    def seconds_left(self) -> int:
        """Return the seconds until the end, in whole ones."""
        return max(round((self.ends_at - timezone.now()).total_seconds()), 0)


class TryOutStudent(models.Model):
    """A student made for a try-out. Nobody else may be removed with it.

    The simulated students are numbered from 1. Number 0 is the student as whom the lecturer takes
    part.
    """

    OWN = 0

    try_out = models.ForeignKey(
        TryOut, verbose_name=_("try-out"), on_delete=models.CASCADE, related_name="students"
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_tried_out",
    )
    number = models.PositiveSmallIntegerField(_("number"))

    class Meta:
        verbose_name = _("student of a try-out")
        verbose_name_plural = _("students of try-outs")
        ordering = ("try_out", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("try_out", "number"), name="peerchat_try_out_number_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.try_out_id}#{self.number}"
