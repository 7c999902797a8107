"""Erasing a person: their account with all that only they needed, and their names everywhere.

What others need goes to a stand-in: their messages, votes and answers, so that talks can still be
read and figures stay as they are. Nothing tells for whom the stand-in stands.
"""

from django.db import transaction
from django.db.models import ProtectedError, RestrictedError
from django.db.utils import IntegrityError
from django.utils.translation import gettext, ngettext

from accounts import erasing as accounts
from accounts import people
from accounts.people import User
from rooms.actions import audit, persons, scrubbing, stand_ins, tell, tryouts
from rooms.actions.name_texts import names_of
from rooms.models import ClassSession, Course, Room, StandIn, TryOut, TryOutStudent
from rooms.queries import care
from rooms.wire.errors import PermissionDenied


def erase(*, user: User, by: User | None) -> None:
    """Erase a person. Their sockets close at once.

    `by` is who does it: the person, a superuser, or None for a command of the server. It can be
    repeated if it was interrupted. Raises PermissionDenied, in the language of the page, for the
    only instructor of a course, students of a try-out and stand-ins. Nothing is left to do for who
    was erased meanwhile, by another click.
    """
    check(user)
    made = TryOut.objects.filter(lecturer=user).first()
    if made is not None:
        tryouts.remove(try_out=made.pk)
    with transaction.atomic():
        # To save a user who is no more would make them anew.
        if not _lock_user(user):
            return
        accounts.shut_out(user)
        tell.close_account(user)
    # The texts are searched without the locks that classes wait for, so twice: before the rows
    # move, and after that for what was written meanwhile. No constraint holds the use log.
    with transaction.atomic():
        stand_in = stand_ins.make()
        crowd = names_of([user], [stand_in], None)
        scrubbing.scrub(crowd=crowd)
    _move(user, stand_in, by)
    with transaction.atomic():
        scrubbing.scrub(crowd=crowd)
        accounts.forget_failures({*crowd.usernames, *crowd.addresses})


def check(user: User) -> None:
    """Raise PermissionDenied for somebody who cannot be erased now."""
    if (
        StandIn.objects.filter(user=user).exists()
        or TryOutStudent.objects.filter(user=user).exists()
    ):
        raise PermissionDenied(gettext("There is nobody behind this account who could be erased."))
    alone = list(care.led_alone(user))
    if alone:
        told = ngettext(
            "Nobody else is an instructor of %(courses)s. Hand the course over first, or delete "
            "it.",
            "Nobody else is an instructor of %(courses)s. Hand the courses over first, or delete "
            "them.",
            len(alone),
        )
        raise PermissionDenied(told % {"courses": ", ".join(one.title for one in alone)})


@transaction.atomic
def _move(user: User, stand_in: User, by: User | None) -> None:
    """Give everything that others need to the stand-in, and delete the user."""
    courses = list(care.courses_of(user))
    lock(courses)
    # From here on, no row that refers to the user can be added.
    if not _lock_user(user):
        stand_ins.drop_if_unused(user=stand_in)
        return
    # Somebody else may have left a course meanwhile.
    check(user)
    persons.move(source=user, target=stand_in)
    unused = stand_ins.drop_if_unused(user=stand_in)
    subject = None if unused else stand_in
    audit.record(
        actor=subject if by is not None and by.pk == user.pk else by,
        act="person.erase",
        subject=subject,
    )
    for course in courses:
        tell.figures_changed(course.pk)
    _remove(user)


def _lock_user(user: User) -> bool:
    """Lock the row of a user. Return whether there is one."""
    return bool(people.everybody().select_for_update().filter(pk=user.pk).values_list("pk"))


def lock(courses: list[Course]) -> None:
    """Lock courses, their class sessions and their rooms, in this order."""
    ids = [course.pk for course in courses]
    for found in (
        Course.objects.filter(pk__in=ids),
        ClassSession.objects.filter(course__in=ids, ended_at=None),
        Room.objects.filter(course__in=ids),
    ):
        list(found.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _remove(user: User) -> None:
    """Delete the user, or only empty their row where the site has rows that need it."""
    try:
        with transaction.atomic():
            user.delete()
    except (ProtectedError, RestrictedError, IntegrityError):
        accounts.blank(user)
