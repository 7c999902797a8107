"""The questions that people want to find again."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.question import Question


class Bookmark(models.Model):
    """A question that somebody has marked on their own page. Nobody else sees it."""

    # It needs no index of its own because of `bookmark_once`.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_bookmarks",
        db_index=False,
    )
    question = models.ForeignKey(
        Question, verbose_name=_("question"), on_delete=models.CASCADE, related_name="bookmarks"
    )
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("bookmark")
        verbose_name_plural = _("bookmarks")
        ordering = ("-made_at",)
        constraints = (
            models.UniqueConstraint(fields=("user", "question"), name="peerchat_bookmark_once"),
        )

    def __str__(self) -> str:
        return gettext("%(user)s: %(choice)s") % {"user": self.user, "choice": self.question}
