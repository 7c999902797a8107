"""Right answers that were given in the class."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from rooms.models.question import QuestionVersion


class RightAnswer(models.Model):
    """A right answer that somebody gave to a question in a class, or took back.

    The last one of a version is in its `choices`. A version without any was prepared with its right
    answer, which stays. `name` recognises a repeated command.
    """

    version = models.ForeignKey(
        QuestionVersion,
        verbose_name=_("version"),
        on_delete=models.CASCADE,
        related_name="right_answers",
    )
    # Letters, a number, or the accepted texts as a JSON list. It is empty if the right answer is
    # unknown again.
    letter = models.TextField(_("answer"), blank=True)
    name = models.UUIDField(_("name"), unique=True, editable=False)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("given by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    given_at = models.DateTimeField(_("given at"))

    class Meta:
        verbose_name = _("right answer")
        verbose_name_plural = _("right answers")
        ordering = ("version", "given_at")

    def __str__(self) -> str:
        return f"{self.version}: {self.letter or '-'}"
