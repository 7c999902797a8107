"""Makes the data of a course anonymous, and deletes what people wrote in it.

A student gets a stand-in for this course alone, to whom votes and messages then belong: figures and
marks stay, and nobody is found again in another course. Some students at a time are done in a
transaction, so whatever was interrupted can be started again. Those who lead the course keep their
names.
"""

from django.db import transaction
from django.db.models import Count, OuterRef, ProtectedError, Q, RestrictedError, Subquery
from django.db.models.functions import Coalesce
from django.db.utils import IntegrityError
from django.utils import timezone

from accounts import erasing as accounts
from accounts import people
from accounts.people import User
from rooms.actions import audit, crowd_moves, erasing, scrubbing, stand_ins, tell
from rooms.actions.name_texts import names_of
from rooms.models import (
    ClassSession,
    Course,
    Draft,
    Enrollment,
    Guest,
    JoinCode,
    KnownAddress,
    Message,
    Partner,
    Pseudonym,
    Report,
    Room,
    Take,
    UseLog,
    Vote,
)
from rooms.queries import care
from rooms.wire.errors import IllegalTransition

AT_ONCE = 50
"""People who get their stand-ins in one transaction, as each searches all texts of the course."""
BATCH = 1000
"""Rows that are deleted at a time."""


def anonymise(*, course: Course, by: User | None = None) -> int:
    """Make a course anonymous, and read-only. Return the number of people who got a stand-in.

    Raises IllegalTransition while a class is on.
    """
    _close(course)
    students = list(care.people_to_anonymise(course))
    for start in range(0, len(students), AT_ONCE):
        for guest in _anonymise(course, students[start : start + AT_ONCE]):
            # Somebody who has left another course, in which something of theirs is.
            erasing.erase(user=guest, by=None)
    with transaction.atomic():
        Pseudonym.objects.filter(session__course=course).delete()
        KnownAddress.objects.filter(course=course).delete()
        # Codes of exports that somebody has kept mean nobody any more.
        Course.objects.filter(pk=course.pk).update(export_key="")
        audit.record(
            actor=by, act="care.anonymise", course=course, detail=f"people={len(students)}"
        )
    return len(students)


@transaction.atomic
def _close(course: Course) -> None:
    """Make a course read-only, as one that is anonymous has nobody who takes part."""
    locked = Course.objects.select_for_update().get(pk=course.pk)
    if ClassSession.objects.filter(course=locked, ended_at=None).exclude(phase="idle").exists():
        raise IllegalTransition("A class of this course is on.")
    ClassSession.objects.filter(course=locked, ended_at=None).update(ended_at=timezone.now())
    JoinCode.objects.filter(course=locked).update(open_until=None)
    if locked.archived_at is None:
        locked.archived_at = timezone.now()
        locked.save(update_fields=["archived_at"])
        tell.course_changed(locked)


@transaction.atomic
def _anonymise(course: Course, students: list[User]) -> list[User]:
    """Give some people their stand-ins. Return those without an account who cannot be deleted."""
    erasing.lock([course])
    found = people.everybody().filter(pk__in=[user.pk for user in students]).order_by("pk")
    users = list(found.select_for_update())
    # Somebody who was erased meanwhile has a stand-in already.
    made = [stand_ins.make(course=course) for _ in users]
    crowd = names_of(users, made, course)
    scrubbing.scrub(crowd=crowd, course=course)
    guests = _guests_of(course, users)
    if guests:
        # A guest has no account beyond the course, and nothing else but log-ins.
        scrubbing.scrub_own_log(crowd=crowd, users=list(guests))
        accounts.forget_failures({*crowd.of(guests)})
        accounts.end_sessions([user for user in users if user.pk in guests])
    crowd_moves.move(
        course=course, targets={user.pk: one for user, one in zip(users, made, strict=True)}
    )
    # Most are in the course still, and to look for their rows in all tables takes long.
    places = set(Enrollment.objects.filter(user__in=made).values_list("user", flat=True))
    for stand_in in made:
        if stand_in.pk not in places:
            stand_ins.drop_if_unused(user=stand_in)
    ending = [user for user in users if user.pk in guests]
    return [] if _end(ending) else [user for user in ending if not _end([user])]


def _guests_of(course: Course, users: list[User]) -> set[people.Key]:
    """Return those of the users who have no account and are in no other course."""
    found = Guest.objects.filter(user__in=[user.pk for user in users])
    elsewhere = Enrollment.objects.exclude(course=course).values("user")
    return set(found.exclude(user__in=elsewhere).values_list("user", flat=True))


def _end(guests: list[User]) -> bool:
    """Delete users without an account. Return False if something needs one of them."""
    try:
        with transaction.atomic():
            for user in guests:
                tell.close_account(user)
            people.everybody().filter(pk__in=[user.pk for user in guests]).delete()
    except (ProtectedError, RestrictedError, IntegrityError):
        return False
    return True


def delete_texts(*, course: Course, by: User | None = None) -> int:
    """Delete the messages, the reasons and the use log of a course. Return the number of messages.

    Votes stay, and how many messages each partner wrote is noted, so that figures and marks do.
    """
    _note_messages(course)
    deleted = 0
    messages = Message.objects.filter(room__course=course).order_by()
    while ids := list(messages.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            Message.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    log = UseLog.objects.filter(
        Q(in_course=course)
        | Q(in_course=None, course_id=course.slug, timestamp__gte=course.created_at)
    ).order_by()
    while rows := list(log.values_list("pk", flat=True)[:BATCH]):
        UseLog.objects.filter(pk__in=rows).delete()
    with transaction.atomic():
        Draft.objects.filter(round__session__course=course).delete()
        Vote.objects.filter(round__session__course=course).exclude(rationale="").update(
            rationale=""
        )
        Take.objects.filter(release__course=course).update(first_reason="", second_reason="")
        Report.objects.filter(course=course).update(text="")
        Room.objects.filter(course=course, kind=Room.Kind.OPEN).update(topic="")
        audit.record(actor=by, act="care.delete_texts", course=course)
    return deleted


@transaction.atomic
def _note_messages(course: Course) -> None:
    """Note how many messages each partner wrote, where it is not noted yet."""
    partners = Partner.objects.filter(round__session__course=course, messages=None)
    partners.update(messages=_written(Q(room__partner_group=OuterRef("group"))))
    pairs = Q(paired_as_one__isnull=False) | Q(paired_as_other__isnull=False)
    takes = Take.objects.filter(pairs, release__course=course, messages=None)
    mine = Q(room__night_pair__one=OuterRef("pk")) | Q(room__night_pair__other=OuterRef("pk"))
    takes.update(messages=_written(mine))


def _written(place: Q) -> Coalesce:
    """Return the number of texts that the user of a row wrote in a place."""
    texts = Message.objects.filter(
        place, sender=OuterRef("user"), kind=Message.Kind.TEXT, removed_at=None
    )
    counted = texts.order_by().values("sender").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)
