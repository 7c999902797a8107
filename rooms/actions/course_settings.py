"""Changing, archiving and restoring a course, by its instructors."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.people import User
from rooms import permissions
from rooms.actions import audit, session, tell
from rooms.actions.course_making import check_slug, check_title, record
from rooms.models import ClassSession, Course, Deletion, JoinCode
from rooms.queries import course_names
from rooms.wire.errors import InvalidMessageFormat


@transaction.atomic
def change_course(
    *, user: User, course: str, title: str | None = None, slug: str | None = None
) -> Course:
    """Give a course another title, another slug, or both. Open pages show them at once.

    Addresses with the former slug lead to the course all the same. Raises PermissionDenied for
    those who are no instructor, CourseArchived, and InvalidMessageFormat for a title or a slug that
    the course cannot have.
    """
    found = _lock(user, course)
    permissions.in_use(found)
    before = found.title, found.slug
    if title is not None:
        found.title = course_names.clean_title(title)
        check_title(found.title)
    if slug is not None and slug != found.slug:
        check_slug(slug, user=user, course=found)
        found.slug = slug
    if (found.title, found.slug) == before:
        return found
    try:
        with transaction.atomic():
            found.save(update_fields=["title", "slug"])
    except IntegrityError:
        raise InvalidMessageFormat("`course`: Another course got this address just now.") from None
    record(user, found, f"rename:{found.title}")
    # Sockets hear of the new slug a moment later.
    tell.course_changed(found, known_as=before[1])
    return found


@transaction.atomic
def archive_course(*, user: User, course: str) -> Course:
    """Make a course read-only: its class ends, joining closes, and open pages show it at once.

    An open round closes first, with the drafts in it. Does nothing to an archived course. Raises
    PermissionDenied for those who are no instructor.
    """
    found = _lock(user, course)
    if found.archived_at is not None:
        return found
    session.end_class(user=user, course=found)
    JoinCode.objects.filter(course=found).update(open_until=None)
    found.archived_at = timezone.now()
    return _saved(user, found, "archive")


@transaction.atomic
def restore_course(*, user: User, course: str) -> Course:
    """Put an archived course to use again. Joining stays closed, and its deletion is called off.

    Does nothing to a course in use. Raises PermissionDenied for those who are no instructor.
    """
    found = _lock(user, course)
    if found.archived_at is None:
        return found
    found.archived_at = None
    # It would be deleted without a new delay as soon as it is archived again.
    if Deletion.objects.filter(course=found).delete()[0]:
        audit.record(actor=user, act="course.delete", course=found, detail="called off")
    return _saved(user, found, "restore")


def _lock(user: User, course: str) -> Course:
    """Return a course that the user is an instructor of, locked with its class session."""
    found = permissions.instructing(user, course).course
    # The lock that another slug needs.
    locked = Course.objects.select_for_update().get(pk=found.pk)
    # Somebody else may have taken the role away meanwhile.
    permissions.instructing(user, locked.slug)
    permissions.lasting(locked)
    # The title of the room follows that of the course, and rooms are locked after the session.
    sessions = ClassSession.objects.filter(course=locked, ended_at=None)
    list(sessions.select_for_update(no_key=True).values_list("pk"))
    return locked


def _saved(user: User, course: Course, act: str) -> Course:
    course.save(update_fields=["archived_at"])
    record(user, course, act)
    tell.course_changed(course)
    return course
