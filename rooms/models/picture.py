"""Pictures in the questions of a course."""

import secrets

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.core.files.storage.handler import InvalidStorageError
from django.db import models
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course

FOLDER = "peerchat/pictures"
"""The folder of the files in their storage, which has a folder for each course."""
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


def storage() -> Storage:
    """Return where the files are: STORAGES["peerchat"] of the site, else its default storage."""
    try:
        return storages["peerchat"]
    except InvalidStorageError:
        return storages["default"]


def new_key() -> str:
    return secrets.token_hex(16)


def file_name(picture: "Picture", name: str) -> str:
    """Return a name for the file of a picture, which cannot be concluded from its key.

    So whoever reads a key in a page finds nothing, even where a site serves its storage openly.
    """
    ending = _ENDINGS[picture.content_type]
    return f"{FOLDER}/{picture.course_id}/{secrets.token_hex(16)}.{ending}"


class Picture(models.Model):
    """A picture that texts of questions cite by its key.

    The file was drawn anew from the uploaded bytes, whose SHA-256 is `source_digest`; `digest` is
    its own. A copy of a picture in another course has the same file. The file goes with its last
    picture.
    """

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="pictures"
    )
    key = models.CharField(_("key"), max_length=32, unique=True, default=new_key, editable=False)
    file = models.FileField(
        _("file"), storage=storage, upload_to=file_name, max_length=200, db_index=True
    )
    content_type = models.CharField(_("content type"), max_length=20)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    size = models.PositiveIntegerField(_("bytes"))
    digest = models.CharField(_("digest"), max_length=64)
    source_digest = models.CharField(_("digest of the source"), max_length=64)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("made by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # The last time that somebody added it.
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ("course", "-made_at")
        constraints = (
            models.UniqueConstraint(fields=("course", "digest"), name="peerchat_picture_once"),
        )
        indexes = (
            models.Index(fields=("course", "source_digest"), name="peerchat_picture_source"),
        )

    def __str__(self) -> str:
        return self.key
