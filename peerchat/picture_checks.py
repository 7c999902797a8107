"""A check of where a site keeps the pictures of questions."""

from collections.abc import Iterator

from django.core import checks
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage

from peerchat.checks import check


@check
def place_of_pictures() -> Iterator[CheckMessage]:
    # This needs the models, which are not there yet when the app imports its checks.
    from rooms.models.picture import storage

    found = storage()
    if isinstance(found, FileSystemStorage) and not found.base_location:
        yield checks.Warning(
            "MEDIA_ROOT is not set, so pictures of questions land in the folder in which the "
            "server was started.",
            hint='MEDIA_ROOT = BASE_DIR / "media"  # or STORAGES["peerchat"]',
            id="peerchat.W029",
        )
