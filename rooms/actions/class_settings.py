"""How the classes of a course run: what they ask for, and what suits its lecturers."""

from typing import TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from accounts import people
from accounts.people import User
from rooms import permissions
from rooms.actions import tell, uselog
from rooms.models import ClassSession, ClassSettings, Course
from rooms.peer.phases import PARTNER_PHASES
from rooms.queries import class_settings as queries
from rooms.wire.errors import InvalidMessageFormat


class Changes(TypedDict, total=False):
    """New values of settings, by the names of their fields."""

    asks_confidence: str
    asks_reason: str
    asks_convinced: bool
    asks_place: bool
    asks_seat: bool
    has_pseudonyms: bool
    lecturer_knows: bool
    least_right: int
    most_right: int
    closes_early: bool
    compares_methods: bool
    pairs_at_night: bool


FIELDS = tuple(Changes.__annotations__)
"""The names of the settings."""


@transaction.atomic
def change_class_settings(*, user: User, course: str, **changes: Unpack[Changes]) -> ClassSettings:
    """Change how the classes of a course run, and return all of the settings.

    What is left out stays. Open pages follow at once, also in a vote that is open; votes that were
    cast stay as they are. Raises PermissionDenied for those who are no instructor, CourseArchived,
    and InvalidMessageFormat for a value that a setting cannot have.
    """
    return set_class_settings(
        user=user, course=permissions.instructing(user, course).course, **changes
    )


@transaction.atomic
def set_class_settings(*, user: User, course: Course, **changes: Unpack[Changes]) -> ClassSettings:
    """Do what `change_class_settings` does, for a caller that has checked who the user is.

    Raises CourseArchived and InvalidMessageFormat.
    """
    locked = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    permissions.in_use(locked)
    settings = ClassSettings.of(locked)
    before = {name: getattr(settings, name) for name in FIELDS}
    asked = queries.asks(settings)
    for name, value in changes.items():
        setattr(settings, name, value)
    _check(settings)
    changed = {name: value for name in FIELDS if (value := getattr(settings, name)) != before[name]}
    if not changed:
        return settings
    settings.save()
    uselog.record(
        uselog.row(
            sid=people.username(user),
            user=user.pk,
            event="course",
            act=f"class:{name}={_plain(value)}",
            course_id=locked.slug,
            course=locked.pk,
        )
        for name, value in changed.items()
    )
    if (asks := queries.asks(settings)) != asked:
        session = _with_next_revision(locked)
        tell.asks_changed(locked, asks, 0 if session is None else session.revision)
        if (asks.place, asks.seat) != (asked.place, asked.seat):
            _tell_partners(session)
    tell.class_settings_changed(locked)
    return settings


def copy_settings(*, source: Course, copy: Course) -> None:
    """Give a course that was just made the settings of another one, if that has any.

    The caller has checked that the user may do this.
    """
    settings = ClassSettings.objects.filter(course=source).first()
    if settings is not None:
        settings.pk, settings.course = None, copy
        settings.save(force_insert=True)


def _check(settings: ClassSettings) -> None:
    try:
        settings.clean_fields(exclude=["course"])
    except ValidationError as error:
        wrong = [f"`{name}`: {' '.join(texts)}" for name, texts in error.message_dict.items()]
        raise InvalidMessageFormat(" ".join(wrong)) from None
    if settings.least_right > settings.most_right:
        told = gettext("The lower percentage must not be above the upper one.")
        raise InvalidMessageFormat(f"`least_right`: {told}")


def _with_next_revision(course: Course) -> ClassSession | None:
    """Give the state of a course's class a new revision. Return the class, None if none ever was.

    Later classes count on from the last one, also while none is open.
    """
    session = (
        ClassSession.objects.filter(course=course)
        .select_for_update(no_key=True, of=("self",))
        .order_by("-epoch", "-revision")
        .first()
    )
    if session is not None:
        session.course = course
        session.revision += 1
        session.save(update_fields=["revision"])
    return session


def _tell_partners(session: ClassSession | None) -> None:
    """Tell partners anew where they are, as pages that are open still show what was told before."""
    if session is not None and session.ended_at is None and session.phase in PARTNER_PHASES:
        tell.partners(session)


def _plain(value: bool | str | int) -> str:
    return str(value).lower()
