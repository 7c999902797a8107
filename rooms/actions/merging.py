"""Merging a guest into somebody else who is the same person."""

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import F, ProtectedError, Q, RestrictedError
from django.db.utils import IntegrityError

from accounts import people
from accounts.people import User
from rooms import permissions
from rooms.actions import guests, persons, seating, tell, uselog
from rooms.models import (
    ClassSession,
    Conviction,
    Course,
    Enrollment,
    Exclusion,
    Flag,
    Guest,
    Membership,
    Partner,
    PartnerGroup,
    Room,
    ShownReason,
    Take,
)
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied


@transaction.atomic
def merge_guest(*, user: User, course: str, username: str, into: str) -> None:
    """Merge a guest of a course into another guest or student of it, who then has everything.

    `user` leads the course; `username` is that of the guest, who disappears. Where both voted in a
    round, the vote of the other counts. Raises PermissionDenied, also for a guest who is in other
    courses as well, and InvalidMessageFormat for names that are not those of two such people.
    """
    found = permissions.leading(user, course).course
    permissions.in_use(found)
    source, target = guests.student_of(found, username), guests.student_of(found, into)
    if source == target:
        raise InvalidMessageFormat("Nobody can be merged into themselves.")
    if not Guest.objects.filter(user=source).exists():
        raise InvalidMessageFormat("Only guests can be merged into somebody else.")
    if Enrollment.objects.filter(user=source).exclude(course=found).exists():
        raise PermissionDenied("This guest is in other courses, too, and cannot be merged here.")
    _merge(source, target)
    uselog.record(
        [
            uselog.row(
                sid=people.username(user),
                user=user.pk,
                event="moderate",
                act=f"merge:{people.username(target)}",
                course_id=found.slug,
                course=found.pk,
                named=[target.pk],
            )
        ]
    )


@transaction.atomic
def merge_into_account(*, guest: User, account: User) -> None:
    """Merge a guest into the account of the same person, in all courses.

    Raises InvalidMessageFormat for a guest who is none, or no longer one, and PermissionDenied if
    the account was removed from a course of the guest by the code that it has now.
    """
    if guest == account or not Guest.objects.filter(user=guest).exists():
        raise InvalidMessageFormat("This guest no longer exists.")
    removed = Exclusion.objects.filter(
        user=account,
        course__enrollments__user=guest,
        code=F("course__join_code__code"),
    )
    if removed.exists():
        raise PermissionDenied("This account was removed from a course of the guest.")
    _merge(guest, account)


def _merge(source: User, target: User) -> None:
    courses = list(Course.objects.filter(enrollments__user=source).order_by("id"))
    _lock(courses, (source, target))
    for course in courses:
        seating.leave_partner_groups(course, [source.pk])
    persons.move(source=source, target=target)
    _forget_own_words(target)
    for course in courses:
        tell.figures_changed(course.pk)
    _remove(source)
    tell.recheck([target.pk])


def _forget_own_words(user: User) -> None:
    """Nobody flags their own words, is shown them as those of others, or is convinced by them."""
    Flag.objects.filter(user=user, message__sender=user).delete()
    own = Q(message__sender=user) | Q(vote__user=user)
    Conviction.objects.filter(own, user=user).delete()
    Take.objects.filter(user=user, message__sender=user).update(message=None, convinced="")
    shown = ShownReason.objects.filter(Q(vote__user=user) | Q(other__user=user), take__user=user)
    Take.objects.filter(pk__in=shown.filter(is_picked=True).values("take")).update(convinced="")
    shown.delete()
    groups = Partner.objects.filter(user=user).values("group")
    PartnerGroup.objects.filter(pk__in=groups, offered__user=user).update(offered=None)


def _lock(courses: Collection[Course], users: Iterable[User]) -> None:
    """Lock the courses, their class sessions and the rooms of the users, in this order."""
    ids = [course.pk for course in courses]
    for found in (
        Course.objects.filter(pk__in=ids),
        ClassSession.objects.filter(course__in=ids, ended_at=None),
        Room.objects.filter(
            pk__in=Membership.objects.filter(user__in=[user.pk for user in users]).values("room")
        ),
    ):
        list(found.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _remove(source: User) -> None:
    """Delete the user, or let nobody in as them where the site has rows that need them."""
    try:
        with transaction.atomic():
            source.delete()
    except (ProtectedError, RestrictedError, IntegrityError):
        guests.end(user=source)
        guests.forget_guest(user=source)
