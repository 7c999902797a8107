"""Pictures in the questions of a course: adding, copying and removing them."""

from datetime import timedelta

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.people import User
from rooms import permissions, pictures
from rooms.conf import limits
from rooms.models import Course, Picture
from rooms.models.picture import FOLDER, storage
from rooms.peer import citations
from rooms.peer.citations import PICTURE
from rooms.peer.content import QuestionContent
from rooms.pictures import Drawn, Refusal, Refused
from rooms.queries import pictures as queries
from rooms.wire.errors import (
    PictureRefused,
    PictureTooLarge,
    TooManyPictures,
    TooManyPixels,
    Unavailable,
)

UNUSED_FOR = timedelta(days=7)
"""The age from which a picture that no question cites may be removed."""
LEFT_FOR = timedelta(days=1)
"""The age from which a file without a picture may be removed: its transaction is over."""
_ERRORS = {
    Refusal.NOT_A_PICTURE: PictureRefused,
    Refusal.TOO_LARGE: PictureTooLarge,
    Refusal.TOO_MANY_PIXELS: TooManyPixels,
}


def add_picture(*, user: User, course: str, data: bytes) -> Picture:
    """Add a picture to a course that the user leads, by the bytes of a file, and return it.

    Of bytes that the course has a picture of, that is returned. Raises PermissionDenied,
    CourseArchived, PictureRefused with the reason in the language of the page, and Unavailable if
    too many others add pictures.
    """
    found = permissions.leading(user, course).course
    permissions.in_use(found)
    known = _known(found, pictures.digest(data))
    if known is not None:
        return known
    try:
        drawn = pictures.redraw(data)
    except Refused as refused:
        raise error(refused.refusal) from None
    except TimeoutError:
        raise Unavailable from None
    with transaction.atomic():
        locked = Course.objects.select_for_update(no_key=True).get(pk=found.pk)
        permissions.in_use(locked)
        return store_drawn(user=user, course=locked, drawn=drawn)


def error(refusal: Refusal) -> PictureRefused:
    """Return the error for a file that is not taken."""
    return _ERRORS[refusal](pictures.sentence(refusal))


def store_drawn(*, user: User | None, course: Course, drawn: Drawn) -> Picture:
    """Store a picture that was drawn anew, in the transaction of the caller, and return it.

    The caller holds the lock of the course and has checked that it may be changed. Raises
    TooManyPictures.
    """
    known = _known(course, drawn.source_digest) or _known(course, drawn.digest)
    if known is not None:
        return known
    _make_room(course, len(drawn.data))
    picture = Picture(
        course=course,
        content_type=drawn.content_type,
        width=drawn.width,
        height=drawn.height,
        size=len(drawn.data),
        digest=drawn.digest,
        source_digest=drawn.source_digest,
        made_by=user,
    )
    # If the transaction fails later, `tidy_pictures` finds the file.
    picture.file.save("picture", ContentFile(drawn.data), save=False)
    picture.save(force_insert=True)
    return picture


def copied_content(content: QuestionContent, source: Course, target: Course) -> QuestionContent:
    """Return the content of a question for another course, which gets the pictures that it cites.

    The caller's transaction holds the lock of the other course. Raises TooManyPictures.
    """
    cited = {name.removeprefix(PICTURE) for name in citations.cited(content)}
    if source.pk == target.pk or not cited:
        return content
    # Nobody removes them, nor their files, until the transaction ends.
    found = source.pictures.select_for_update(no_key=True, of=("self",)).filter(key__in=cited)
    new = {f"{PICTURE}{one.key}": f"{PICTURE}{_copy(one, target).key}" for one in found}
    return citations.cite(content, new)


def _known(course: Course, digest: str) -> Picture | None:
    """Return the picture of a course with these bytes, which counts as made now."""
    known = queries.known(course, digest)
    if known is not None:
        # Else it might be removed as unused before a question cites it again.
        known.made_at = timezone.now()
        known.save(update_fields=["made_at"])
    return known


def _copy(picture: Picture, target: Course) -> Picture:
    same = _known(target, picture.digest)
    if same is not None:
        return same
    _make_room(target, picture.size)
    return Picture.objects.create(
        course=target,
        file=picture.file.name,
        content_type=picture.content_type,
        width=picture.width,
        height=picture.height,
        size=picture.size,
        digest=picture.digest,
        source_digest=picture.source_digest,
        made_by_id=picture.made_by_id,
    )


def _make_room(course: Course, size: int) -> None:
    """Check that a course takes one more picture, if need be without those that it does not use.

    Raises TooManyPictures.
    """
    if not _takes(course, size):
        remove_unused(course=course)
        if not _takes(course, size):
            raise TooManyPictures(_("This course takes no more pictures."))


def _takes(course: Course, size: int) -> bool:
    now = course.pictures.aggregate(count=Count("pk"), size=Sum("size"))
    fits: bool = (
        now["count"] < limits["PICTURES_PER_COURSE"]
        and (now["size"] or 0) + size <= limits["PICTURES_BYTES"]
    )
    return fits


@transaction.atomic
def remove_unused(*, course: Course) -> int:
    """Remove the pictures of a course that no question cites and that are old enough.

    Returns their number. A picture that a question cited when it was asked stays.
    """
    old = course.pictures.filter(made_at__lt=timezone.now() - UNUSED_FOR)
    if not old.exists():
        return 0
    return old.exclude(key__in=queries.used(course)).delete()[0]


def tidy() -> tuple[int, int]:
    """Remove all pictures that no question cites and that are old enough, and files left behind.

    Returns the numbers of both.
    """
    removed = sum(remove_unused(course=one) for one in Course.objects.exclude(pictures=None))
    return removed, _remove_left_files()


def forget_file(*, name: str) -> None:
    """Remove the file of a picture that is being deleted, after the commit, if it was the last."""

    def remove() -> None:
        if not Picture.objects.filter(file=name).exists():
            storage().delete(name)

    transaction.on_commit(remove, robust=True)


def _remove_left_files() -> int:
    """Remove the files that belong to no picture, as of transactions that failed.

    Returns their number.
    """
    files, count = storage(), 0
    until = timezone.now() - LEFT_FOR
    try:
        folders, _others = files.listdir(FOLDER)
    except FileNotFoundError:
        return 0
    for folder in folders:
        names = [f"{FOLDER}/{folder}/{name}" for name in files.listdir(f"{FOLDER}/{folder}")[1]]
        there = Picture.objects.filter(file__startswith=f"{FOLDER}/{folder}/")
        kept = set(there.values_list("file", flat=True))
        for name in names:
            if name not in kept and files.get_modified_time(name) < until:
                files.delete(name)
                count += 1
    return count
