"""Blocks: somebody has no more to do with another person, who does not hear of it."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.people import User
from rooms import permissions, ratelimit
from rooms.models import Block, Enrollment
from rooms.queries import reports as queries
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied

MOST_BLOCKS = 20
"""The most people whom somebody blocks in a course, so that groups can still be formed."""


@transaction.atomic
def block(*, user: User, course: str, username: str = "", message: UUID | None = None) -> Block:
    """Never be the partner of another student again, and end direct messages between the two.

    It is the author of a `message` to the user, or else the one whom `username` means.
    By a pseudonym, it only keeps the two apart. A repeated block changes nothing.
    Raises PermissionDenied for who is no student of the course, in try-outs and for too many,
    CourseArchived, RateLimited, NoSuchMessage, and InvalidMessageFormat for somebody who is no
    other student.
    """
    enrollment = permissions.enrolled(user, course)
    if enrollment.role != Enrollment.Role.STUDENT:
        raise PermissionDenied("Only students of the course can do this.")
    found = enrollment.course
    permissions.in_use(found)
    permissions.lasting(found)
    ratelimit.flags.take(user.pk)
    if message is not None:
        said = queries.message_meant(user, found, message)
        person, pseudonym = said.sender, said.pseudonym
    else:
        person, pseudonym = queries.person_meant(user, found, username)
    if Enrollment.objects.filter(course=found, user=person, role__in=Enrollment.LEADING).exists():
        raise InvalidMessageFormat("Those who lead the course cannot be blocked.")
    # Two blocks at the same time do not pass the limit together.
    Enrollment.objects.select_for_update(no_key=True).get(pk=enrollment.pk)
    others = Block.objects.filter(course=found, user=user).exclude(
        blocked=person, pseudonym=pseudonym
    )
    if others.count() >= MOST_BLOCKS:
        raise PermissionDenied(f"You can block {MOST_BLOCKS} people in a course.")
    made, _ = Block.objects.get_or_create(
        course=found,
        user=user,
        blocked=person,
        pseudonym=pseudonym,
        defaults={"made_at": timezone.now()},
    )
    return made


@transaction.atomic
def unblock(*, user: User, course: str, block: int) -> bool:
    """End a block of the user. Return whether there was one.

    Raises PermissionDenied for strangers and RateLimited.
    """
    found = permissions.enrolled(user, course).course
    ratelimit.flags.take(user.pk)
    return bool(Block.objects.filter(course=found, user=user, pk=block).delete()[0])
