"""The use log, with a row for each action, written in the transaction of the action."""

from django.conf import settings
from django.db import models
from django.db.models import DO_NOTHING, Q
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course
from rooms.models.question import Question


class UseLog(models.Model):
    """A row of the use log.

    Its texts have the names of the time, because the log outlives the objects. The ids beside them
    find the rows of an object that got another name. They stay when the object is deleted, so no
    constraint holds them. They are null in rows that no object was found for, and in those of
    workers that still run code without them.
    """

    timestamp = models.DateTimeField(_("timestamp"))
    sid = models.CharField(_("sid"), max_length=254)
    event = models.CharField(_("event"), max_length=20)
    act = models.TextField(_("act"))
    div_id = models.CharField(_("div id"), max_length=60, blank=True)
    course_id = models.CharField(_("course id"), max_length=60, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    question = models.ForeignKey(
        Question,
        verbose_name=_("question"),
        on_delete=DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    in_course = models.ForeignKey(
        Course,
        verbose_name=_("course"),
        on_delete=DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    # The ids of the users that `act` names, in their order.
    named = models.JSONField(_("named users"), null=True, blank=True)

    class Meta:
        ordering = ("timestamp", "id")
        verbose_name = _("use log row")
        verbose_name_plural = _("use log rows")
        indexes = (
            models.Index(fields=("in_course", "timestamp"), name="peerchat_uselog_in_course"),
            models.Index(
                fields=("course_id", "timestamp"),
                condition=Q(in_course=None),
                name="peerchat_uselog_by_slug",
            ),
        )

    def __str__(self) -> str:
        return f"{self.timestamp:%Y-%m-%d %H:%M:%S} {self.sid} {self.event}"
