"""The use log, with a row for each action, written in the transaction of the action."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class UseLog(models.Model):
    """A row of the use log.

    It has names instead of references, because the log outlives the objects and is exported as it
    is.
    """

    timestamp = models.DateTimeField(_("timestamp"))
    sid = models.CharField(_("sid"), max_length=254)
    event = models.CharField(_("event"), max_length=20)
    act = models.TextField(_("act"))
    div_id = models.CharField(_("div id"), max_length=60, blank=True)
    course_id = models.CharField(_("course id"), max_length=60, blank=True)

    class Meta:
        ordering = ("timestamp", "id")
        verbose_name = _("use log row")
        verbose_name_plural = _("use log rows")
        indexes = (
            models.Index(fields=("course_id", "timestamp"), name="peerchat_uselog_by_course"),
        )

    def __str__(self) -> str:
        return f"{self.timestamp:%Y-%m-%d %H:%M:%S} {self.sid} {self.event}"
