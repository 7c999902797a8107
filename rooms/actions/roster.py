"""Importing a roster, and inviting the people whose accounts it made."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import newcomers, people
from accounts.links import BadLink
from accounts.people import User
from rooms import permissions
from rooms.actions.enrollment import enroll, unenroll
from rooms.models import Course, Enrollment, Invitation, RosterEntry
from rooms.peer.roster import Line
from rooms.queries import roster
from rooms.queries.roster import Outcome, Plan
from rooms.wire.errors import Unavailable

LIFETIME = timedelta(days=30)
"""How long an invitation can be used."""


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody with the secret of their new link, which nobody can read again."""

    user: User
    invitation: Invitation
    secret: str


def import_roster(*, course: Course, lines: Sequence[Line], remove_missing: bool = False) -> Plan:
    """Do what `roster.plan` says, all of it or, if a line is refused, nothing.

    The plan is made anew under the lock of the course. Returns it. Raises CourseArchived,
    PermissionDenied for a try-out, and Unavailable if others kept taking the same usernames.
    """
    try:
        return _import(course, lines, remove_missing)
    except IntegrityError:
        # Somebody took one of the new usernames since the plan was made. The next plan knows.
        try:
            return _import(course, lines, remove_missing)
        except IntegrityError as error:
            raise Unavailable from error


@transaction.atomic
def _import(course: Course, lines: Sequence[Line], remove_missing: bool) -> Plan:
    _lock(course)
    plan = roster.plan(course, lines, remove_missing=remove_missing)
    if not plan.is_possible:
        return plan
    new = [planned.user for planned in plan.having(Outcome.INVITE) if planned.user]
    newcomers.store(new)
    known = [planned.user for planned in plan.having(Outcome.ENROL) if planned.user]
    _enter(course, new, made_user=True)
    _enter(course, known, made_user=False)
    if plan.removed:
        unenroll(course=course, users=[enrollment.user for enrollment in plan.removed])
    return plan


@transaction.atomic
def enrol_users(*, course: Course, users: Sequence[User]) -> int:
    """Enrol users as students as a roster does, and return how many are new in the course.

    Whoever is in the course keeps the role. Raises CourseArchived.
    """
    _lock(course)
    inside = Enrollment.objects.filter(course=course, user__in=users)
    known = set(inside.values_list("user_id", flat=True))
    new = [user for user in users if user.pk not in known]
    _enter(course, new, made_user=False)
    return len(new)


def _lock(course: Course) -> None:
    locked = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    permissions.in_use(locked)
    permissions.lasting(locked)


def _enter(course: Course, users: Sequence[User], *, made_user: bool) -> None:
    if not users:
        return
    enroll(course=course, users=users)
    enrolled = Enrollment.objects.filter(course=course, user__in=users)
    now = timezone.now()
    RosterEntry.objects.bulk_create(
        [
            RosterEntry(
                course=course,
                user_id=user,
                enrollment_id=pk,
                made_user=made_user,
                added_at=now,
            )
            for pk, user in enrolled.values_list("pk", "user_id")
        ],
        # People who come back have a row, which keeps whether the roster made the account.
        update_conflicts=True,
        unique_fields=("course", "user"),
        update_fields=("enrollment", "added_at"),
    )


@transaction.atomic
def invite(
    *, course: Course, kind: str, users: Collection[people.Key] | None = None
) -> list[Invited]:
    """Make a new link for each student of the course who has no password yet.

    `users` has the keys of those who get one; without it all get one. Links to print are made only
    for people whose account a roster of this course made, and e-mails only for those with an
    address. Earlier links of the same kind end. Raises CourseArchived.
    """
    _lock(course)
    found = roster.uninvited(course)
    if users is not None:
        found = found.filter(user__in=users)
    wanted = [
        enrollment.user
        for enrollment in found
        if (enrollment.made_here if kind == Invitation.Kind.PRINT else _address(enrollment))
    ]
    Invitation.objects.filter(course=course, kind=kind, user__in=wanted).delete()
    now = timezone.now()
    made = []
    for user in wanted:
        secret = secrets.token_urlsafe(24)
        invitation = Invitation(
            course=course,
            user=user,
            kind=kind,
            digest=digest_of(secret),
            made_at=now,
            expires_at=now + LIFETIME,
        )
        made.append(Invited(user, invitation, secret))
    Invitation.objects.bulk_create([invited.invitation for invited in made])
    return made


def note_sending(*, failures: dict[int, str], sent: Collection[int]) -> None:
    """Note which invitations were sent, and why others were not, by their ids."""
    Invitation.objects.filter(pk__in=sent).update(sent_at=timezone.now(), failure="")
    for pk, why in failures.items():
        Invitation.objects.filter(pk=pk).update(failure=why[:200])


def find_invitation(digest: str) -> Invitation:
    """Return the invitation whose secret has this digest, with its course and user.

    It stays unused. Raises BadLink if it is unknown, used, too old, or for somebody who no longer
    needs it.
    """
    here = Enrollment.objects.values("user").filter(course__archived_at=None)
    found = (
        Invitation.objects.select_related("course", "user")
        .filter(
            newcomers.waiting("user__"),
            digest=digest,
            used_at=None,
            expires_at__gt=timezone.now(),
        )
        .first()
    )
    if found is None or not here.filter(course=found.course_id, user=found.user_id).exists():
        raise BadLink("There is no such invitation.")
    return found


@transaction.atomic
def accept_invitation(*, digest: str, password: str | None) -> Invitation:
    """Use the invitation up, and all others of the user. Returns it with its course and user.

    `password` is the hash of the user's new password, or None on a site that has none. Raises
    BadLink.
    """
    found = find_invitation(digest)
    # Of two who come at once the second waits here, and then finds the link used.
    people.everybody().select_for_update(no_key=True).get(pk=found.user_id)
    found = find_invitation(digest)
    if password is not None:
        found.user.password = password
        found.user.save(update_fields=["password"])
    Invitation.objects.filter(user=found.user, used_at=None).update(used_at=timezone.now())
    return found


def digest_of(secret: str) -> str:
    """Return what the database keeps of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _address(enrollment: Enrollment) -> str:
    return newcomers.address(enrollment.user)
