"""Deleting a course with all that belongs to it: asked for, and done after a delay."""

from datetime import timedelta

from django.db import transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms import permissions
from rooms.actions import audit, guests, tell
from rooms.conf import limits
from rooms.models import (
    ClassSession,
    Course,
    Deletion,
    Enrollment,
    Guest,
    Release,
    Room,
    StandIn,
)
from rooms.peer.phases import Phase
from rooms.queries import results
from rooms.wire.errors import IllegalTransition, InvalidMessageFormat


@transaction.atomic
def ask(*, user: User, course: str, title: str) -> Deletion:
    """Have an archived course deleted after COURSE_DELETION_DAYS, which can be called off.

    `title` confirms it. Raises PermissionDenied for those who are no instructor of the course and
    in try-outs, IllegalTransition for a course in use, and InvalidMessageFormat for another title.
    """
    found = _lock(user, course)
    if found.archived_at is None:
        raise IllegalTransition("Only an archived course can be deleted.")
    if " ".join(title.split()) != " ".join(found.title.split()):
        raise InvalidMessageFormat("`title` must be the title of the course.")
    now = timezone.now()
    due = now + timedelta(days=limits["COURSE_DELETION_DAYS"])
    made, is_new = Deletion.objects.get_or_create(
        course=found, defaults={"asked_by": user, "asked_at": now, "due_at": due}
    )
    if is_new:
        audit.record(actor=user, act="course.delete", course=found, detail="asked")
    return made


@transaction.atomic
def call_off(*, user: User, course: str) -> bool:
    """Call the deletion of a course off. Return whether one was asked for.

    Raises PermissionDenied for those who are no instructor of the course.
    """
    found = _lock(user, course)
    was_asked = bool(Deletion.objects.filter(course=found).delete()[0])
    if was_asked:
        audit.record(actor=user, act="course.delete", course=found, detail="called off")
    return was_asked


def _lock(user: User, course: str) -> Course:
    found = permissions.instructing(user, course).course
    permissions.lasting(found)
    return Course.objects.select_for_update(no_key=True).get(pk=found.pk)


@transaction.atomic
def delete(*, deletion: Deletion) -> bool:
    """Delete the course of a deletion that is due. Return whether it was deleted.

    A course that is in use again stays, and whoever wants it deleted asks anew. The audit stays,
    with the slug of the course. The files of its pictures go after the commit.
    """
    course = Course.objects.select_for_update().filter(pk=deletion.course_id).first()
    if course is None:
        return False
    found = Deletion.objects.filter(pk=deletion.pk, due_at__lte=timezone.now()).first()
    if found is None:
        return False
    if course.archived_at is None:
        found.delete()
        return False
    audit.record(actor=found.asked_by, act="course.delete", course=course, detail="deleted")
    sessions = ClassSession.objects.filter(course=course)
    list(sessions.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    members = list(Enrollment.objects.filter(course=course).values_list("user", flat=True))
    stand_ins = list(StandIn.objects.filter(course=course).values_list("user", flat=True))
    tell.unenrolled(course, members)
    for part in results.use_log(course, since=None, until=None):
        part.order_by().delete()
    # Releases hold questions, rounds hold them as well, and votes and messages their people.
    Release.objects.filter(course=course).delete()
    sessions.update(phase=Phase.IDLE.value, current_round=None, deadline=None)
    sessions.delete()
    Room.objects.filter(course=course).delete()
    course.delete()
    _remove_people(stand_ins)
    lonely = Guest.objects.filter(user__in=members).exclude(
        user__in=Enrollment.objects.values("user")
    )
    _remove_people(list(lonely.values_list("user", flat=True)))
    tell.recheck([user for user in members if people.everybody().filter(pk=user).exists()])
    return True


def _remove_people(users: list[people.Key]) -> None:
    """Delete people who were nowhere else, unless rows of another course need them."""
    for user in people.everybody().filter(pk__in=users):
        try:
            with transaction.atomic():
                user.delete()
        except (ProtectedError, RestrictedError):
            guests.end(user=user)
