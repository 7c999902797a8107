"""What lecturers and staff looked at and changed."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rooms import audit_said
from rooms.models.course import Course


class AuditEntry(models.Model):
    """Something that somebody looked at or changed in the data of others.

    It outlives the course, whose slug it keeps. It names people by their ids alone, so that nobody
    has to be looked for in its texts.
    """

    at = models.DateTimeField(_("timestamp"))
    # Null for a command of the server.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("actor"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # What was done, such as "marks.export".
    act = models.CharField(_("act"), max_length=40)
    # It needs no index of its own because of `audit_of_course`.
    course = models.ForeignKey(
        Course,
        verbose_name=_("course"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="audit",
        db_index=False,
    )
    course_slug = models.CharField(_("slug"), max_length=60, blank=True)
    # The one person that it was about.
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("subject"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    # What else describes it, such as the rules before and after. It has no names of people.
    detail = models.CharField(_("detail"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ("-at", "-id")
        constraints = (models.CheckConstraint(condition=~Q(act=""), name="peerchat_audit_act"),)
        indexes = (
            models.Index(fields=("course", "-at"), name="peerchat_audit_of_course"),
            models.Index(fields=("subject", "-at"), name="peerchat_audit_of_subject"),
            models.Index(fields=("at",), name="peerchat_audit_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {audit_said.said(self.act)}"
