"""Guests: how they come back, how they turn into accounts, and how they are removed."""

import secrets

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts import people, tokens
from accounts.models import Token
from accounts.people import User
from rooms import permissions
from rooms.actions import tell, uselog
from rooms.actions.enrollment import unenroll
from rooms.models import Course, Enrollment, Exclusion, Guest, JoinCode
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied

LONGEST_SECRET = 128
"""The most characters of a secret of a device or a link that is looked up."""
SHORTEST_SECRET = 32


def make(*, name: str) -> User:
    """Store and return a new user who is called `name`, with a username that nobody can guess."""
    # No hash: the password is one that nothing matches.
    username = people.sample_name(f"guest-{secrets.token_hex(6)}")
    made = people.new(username, password=make_password(None), shown=name)
    made.save(force_insert=True)
    return made


def is_secret(given: str) -> bool:
    """Return whether a text may be the secret of a device or a link."""
    return SHORTEST_SECRET <= len(given) <= LONGEST_SECRET and given.isascii()


def of_device(device: str) -> User | None:
    """Return the guest whose device has this secret, if they are active."""
    return _found(device=tokens.digest(device)) if is_secret(device) else None


def of_link(link: str) -> User | None:
    """Return the guest whose personal link has this secret, if they are active."""
    return _found(link=tokens.digest(link)) if is_secret(link) else None


def _found(**digest: str) -> User | None:
    found = Guest.objects.filter(people.active("user__"), **digest).select_related("user").first()
    return found.user if found is not None else None


def new_link(*, user: User) -> str:
    """Return the secret of a new personal link of a guest, which ends the one before.

    It cannot be shown again. Raises PermissionDenied for users who are no guests.
    """
    raw = secrets.token_urlsafe(32)
    if not Guest.objects.filter(user=user).update(link=tokens.digest(raw)):
        raise PermissionDenied("Only guests have a personal link.")
    return raw


def leave_device(*, user: User) -> None:
    """Have the guest's device forget the guest, as whoever comes next may be somebody else."""
    Guest.objects.filter(user=user).update(device=None)


@transaction.atomic
def remove(*, user: User, course: str, username: str) -> None:
    """Take a student out of a course, who cannot join again by the code that it has now.

    `user` leads the course. A guest who is in no other course cannot come back at all: sessions,
    tokens, personal link and sockets end at once. What the student wrote and voted stays. Raises
    PermissionDenied, and InvalidMessageFormat if the course has no such student.
    """
    found = permissions.leading(user, course).course
    permissions.in_use(found)
    student = student_of(found, username)
    code = JoinCode.objects.filter(course=found).first()
    guest = Guest.objects.filter(user=student).first()
    Exclusion.objects.update_or_create(
        course=found,
        user=student,
        defaults={
            "code": code.code if code else "",
            "device": guest.device if guest else None,
            "removed_at": timezone.now(),
        },
    )
    unenroll(course=found, users=[student])
    if guest is not None and not Enrollment.objects.filter(user=student).exists():
        end(user=student)
    name = people.username(student)
    uselog.record(
        [
            uselog.row(
                sid=people.username(user),
                user=user.pk,
                event="moderate",
                act=f"expel:{name}",
                course_id=found.slug,
                course=found.pk,
                named=[student.pk],
            )
        ]
    )


def student_of(course: Course, username: str) -> User:
    """Return a student of the course. Raises InvalidMessageFormat."""
    found = people.find(username)
    places = Enrollment.objects.filter(course=course, role=Enrollment.Role.STUDENT)
    if found is None or not places.filter(user=found).exists():
        raise InvalidMessageFormat("The course has no such student.")
    return found


@transaction.atomic
def end(*, user: User) -> None:
    """End every way in which a guest can come back, and close the guest's sockets."""
    Guest.objects.filter(user=user).update(device=None, link=None)
    for token in Token.objects.filter(user=user, revoked_at=None):
        tokens.revoke(token)
    # Sessions end with the password that they were made with, and this one is like no other.
    user.set_unusable_password()
    user.save(update_fields=["password"])
    tell.close_account(user)


@transaction.atomic
def forget_guest(*, user: User) -> None:
    """Take note that a guest has an account of their own now."""
    Guest.objects.filter(user=user).delete()
