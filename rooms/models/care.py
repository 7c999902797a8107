"""How long the data of a course is kept, what people consented to, and who stands in for whom."""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course

MOST_DAYS = 36_500
"""The most days for which the data of a course may be kept after its end."""


class Retention(models.Model):
    """What becomes of the data of a course, `keep_days` days after the end of its term.

    A course without a row keeps its data until somebody deletes it.
    """

    class Afterwards(models.TextChoices):
        ANONYMISE = "anonymise", _("is made anonymous")
        DELETE = "delete", _("is deleted")

    course = models.OneToOneField(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="retention"
    )
    ends_on = models.DateField(_("end of the term"))
    keep_days = models.PositiveIntegerField(
        _("days"), default=365, validators=(MaxValueValidator(MOST_DAYS),)
    )
    afterwards = models.CharField(
        _("afterwards"), max_length=9, choices=Afterwards.choices, default=Afterwards.ANONYMISE
    )
    # When the command last did it.
    applied_at = models.DateTimeField(_("applied at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("retention")
        verbose_name_plural = _("retentions")
        constraints = (
            models.CheckConstraint(
                condition=Q(keep_days__lte=MOST_DAYS), name="peerchat_retention_days"
            ),
            models.CheckConstraint(
                condition=Q(afterwards__in=("anonymise", "delete")),
                name="peerchat_retention_afterwards",
            ),
        )

    def __str__(self) -> str:
        return gettext("Retention of %(course)s") % {"course": self.course}


class Deletion(models.Model):
    """A course that is to be deleted with all that belongs to it, unless somebody calls it off."""

    course = models.OneToOneField(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="deletion"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("asked by"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )
    asked_at = models.DateTimeField(_("asked at"))
    due_at = models.DateTimeField(_("due at"))

    class Meta:
        verbose_name = _("deletion of a course")
        verbose_name_plural = _("deletions of courses")
        ordering = ("due_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(due_at__gt=F("asked_at")), name="peerchat_deletion_after_delay"
            ),
        )

    def __str__(self) -> str:
        return str(self.course)


class Consent(models.Model):
    """The record of a consent, with its date. A consent that is given again has another row.

    What holds now is in `Enrollment.shares_reasons_since` and `Enrollment.in_research_since`, which
    whoever leaves the course loses. The record stays.
    """

    class Purpose(models.TextChoices):
        REASONS = "reasons", _("others see my reasons")
        RESEARCH = "research", _("research")

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="consents"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_consents",
    )
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose.choices)
    given_at = models.DateTimeField(_("given at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ("course", "-given_at")
        constraints = (
            models.UniqueConstraint(
                fields=("course", "user", "purpose"),
                condition=Q(withdrawn_at=None),
                name="peerchat_one_consent_now",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("given_at")),
                name="peerchat_consent_order",
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=("reasons", "research")), name="peerchat_consent_purpose"
            ),
        )

    def __str__(self) -> str:
        return gettext("%(user)s: %(choice)s") % {
            "user": self.user,
            "choice": self.get_purpose_display(),
        }


class StandIn(models.Model):
    """A user without a person: what others need of somebody who was erased belongs to them.

    Nothing tells for whom they stand. One who was made when the data of a `course` became anonymous
    is in this course alone, so that nobody is found again in another one.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_stand_in",
    )
    course = models.ForeignKey(
        Course,
        verbose_name=_("course"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="stand_ins",
    )

    class Meta:
        verbose_name = _("stand-in")
        verbose_name_plural = _("stand-ins")

    def __str__(self) -> str:
        return str(self.user)
