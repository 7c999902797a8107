"""Opening and closing joining, and joining a course by its code."""

import secrets
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import people, tokens
from accounts.names import checked_name
from accounts.people import User
from rooms import permissions
from rooms.actions import guesses, guests, uselog
from rooms.actions.enrollment import enroll
from rooms.conf import limits
from rooms.models import Course, Enrollment, Exclusion, Guest, JoinCode
from rooms.wire.errors import CourseFull, InvalidMessageFormat, PermissionDenied

LONGEST_OPEN = 30 * 86_400
"""The most seconds for which joining can be opened at a time."""
TRIES = 5
"""Codes and usernames that are made up until one is free. A second try is rare already."""
REMOVED = "You were removed from this course. Ask your instructor for a new code."


def open_joining(
    *,
    user: User,
    course: str,
    seconds: float | None = None,
    names: str | None = None,
    address: str | None = None,
) -> JoinCode:
    """Let people join the course by its code from now on; makes the code if there is none.

    `seconds` is for how long, by default the limit JOIN_OPEN_FOR; `names` is one of
    JoinCode.Names. `address` is that of the user: the class is probably there, too, so the code
    stays right there even after a flood of wrong ones. Raises PermissionDenied and
    InvalidMessageFormat.
    """
    seconds = limits["JOIN_OPEN_FOR"] if seconds is None else seconds
    if not 0 < seconds <= LONGEST_OPEN:
        raise InvalidMessageFormat("Joining can be open for 30 days at most.")
    with transaction.atomic():
        code = _locked(user, course)
        code.open_until = timezone.now() + timedelta(seconds=seconds)
        _set_names(code, names)
        code.save()
        guesses.know(course=code.course, address=address)
        _log(user, "open_joining", code.course)
    return code


@transaction.atomic
def close_joining(*, user: User, course: str) -> JoinCode:
    """Let nobody join by the code any more, until joining is opened again.

    Raises PermissionDenied.
    """
    code = _locked(user, course)
    code.open_until = None
    code.save()
    _log(user, "close_joining", code.course)
    return code


@transaction.atomic
def renew_code(*, user: User, course: str, address: str | None = None) -> JoinCode:
    """Give the course another code, by which people who were removed can join again, too.

    Joining stays open or closed as it is. Raises PermissionDenied.
    """
    code = _locked(user, course)
    code.code = _free_code()
    code.made_at = timezone.now()
    code.save()
    Exclusion.objects.filter(course=code.course).delete()
    guesses.forget(course=code.course)
    guesses.know(course=code.course, address=address)
    _log(user, "renew_code", code.course)
    return code


@transaction.atomic
def ask_for_names(*, user: User, course: str, names: str) -> JoinCode:
    """Ask guests for nicknames or for real names; `names` is one of JoinCode.Names.

    Raises PermissionDenied and InvalidMessageFormat.
    """
    code = _locked(user, course)
    _set_names(code, names)
    code.save()
    return code


@transaction.atomic
def join(*, user: User, code: JoinCode, address: str | None = None) -> Enrollment:
    """Enrol a user as a student of the course of a code that `guesses.look_up` found.

    Those who are in the course keep their role. Raises PermissionDenied for a user who was removed
    from the course by this code, and CourseFull for a guest of another course.
    """
    return _join(user, code, Q(user=user), address)


def _join(user: User, code: JoinCode, who: Q, address: str | None) -> Enrollment:
    mine = Enrollment.objects.filter(course=code.course, user=user)
    found = mine.first()
    if found is not None:
        return found
    # An action that removes the user or changes the role at this moment holds the lock.
    Course.objects.select_for_update(no_key=True).get(pk=code.course_id)
    _not_excluded(code, who)
    found = mine.first()
    if found is not None:
        return found
    _room_for(user, code.course)
    enroll(course=code.course, users=[user])
    guesses.know(course=code.course, address=address)
    _log(user, "join", code.course)
    return mine.get()


@transaction.atomic
def join_as_guest(*, code: JoinCode, name: str, device: str, address: str | None = None) -> User:
    """Make a guest who is called `name` and is in the course of the code, and return the user.

    `device` is a secret of the device. A device has one guest, however often it asks, also at
    once. Raises PermissionDenied for a device that was removed from the course by this code,
    CourseFull, and InvalidMessageFormat for a name that cannot be one.
    """
    digest = tokens.digest(device)
    _not_excluded(code, Q(device=digest))
    found = guests.of_device(device)
    if found is None:
        try:
            name = checked_name(name)
        except ValidationError as error:
            raise InvalidMessageFormat(" ".join(error.messages)) from None
        found = _make_guest(name, digest)
    _join(found, code, Q(user=found) | Q(device=digest), address)
    return found


def _make_guest(name: str, digest: str) -> User:
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                made = guests.make(name=name)
                Guest.objects.create(user=made, device=digest, made_at=timezone.now())
        except IntegrityError:
            # The same device asked at the same moment, or somebody has the username.
            found = Guest.objects.select_related("user").filter(device=digest).first()
            if found is not None:
                user: User = found.user
                return user
        else:
            return made
    raise RuntimeError("No username is free for a guest.")


def _room_for(user: User, course: Course) -> None:
    """Check that a course takes one more guest. The caller holds its lock. Raises CourseFull."""
    here = Guest.objects.filter(user__peerchat_enrollments__course=course)
    if Guest.objects.filter(user=user).exists() and here.count() >= limits["GUESTS_PER_COURSE"]:
        raise CourseFull


def _not_excluded(code: JoinCode, who: Q) -> None:
    if Exclusion.objects.filter(who, course=code.course, code=code.code).exists():
        raise PermissionDenied(REMOVED)


def _locked(user: User, course: str) -> JoinCode:
    """Return the join code of a course that the user leads, locked; makes it if there is none."""
    found = permissions.leading(user, course).course
    locked = Course.objects.select_for_update(no_key=True).get(pk=found.pk)
    permissions.in_use(locked)
    permissions.lasting(locked)
    code = JoinCode.objects.filter(course=found).first()
    if code is None:
        code = JoinCode(course=found, code=_free_code(), made_at=timezone.now())
        code.save()
    code.course = found
    return code


def _free_code() -> str:
    for _ in range(TRIES):
        code = "".join(secrets.choice(JoinCode.ALPHABET) for _ in range(JoinCode.LENGTH))
        if not JoinCode.objects.filter(code=code).exists():
            return code
    raise RuntimeError("No join code is free.")


def _set_names(code: JoinCode, names: str | None) -> None:
    if names is None:
        return
    if names not in JoinCode.Names.values:
        raise InvalidMessageFormat(f"`names` must be one of: {', '.join(JoinCode.Names.values)}.")
    code.names = names


def _log(user: User, act: str, course: Course) -> None:
    event = "join" if act == "join" else "moderate"
    uselog.record(
        [
            uselog.row(
                sid=people.username(user),
                user=user.pk,
                event=event,
                act=course.title if event == "join" else act,
                course_id=course.slug,
                course=course.pk,
            )
        ]
    )
