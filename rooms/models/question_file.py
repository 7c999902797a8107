"""Files of questions between their preview and their import."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course


class QuestionFile(models.Model):
    """A file whose preview somebody looks at, so that nobody needs to send it twice.

    The next one of the same person replaces it, the import removes it, and after a day it is of no
    use. So the table never has more than one file for each person.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_question_file",
    )
    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="question_files"
    )
    key = models.CharField(_("key"), max_length=32, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200, blank=True)
    format = models.CharField(_("format"), max_length=10, blank=True)
    data = models.BinaryField(_("data"))
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("file of questions")
        verbose_name_plural = _("files of questions")
        ordering = ("user_id",)

    def __str__(self) -> str:
        return self.name or self.key
