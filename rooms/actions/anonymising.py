"""Makes the data of a course anonymous, and deletes what people wrote in it.

A student gets a stand-in for this course alone, to whom votes and messages then belong: figures and
marks stay, and nobody is found again in another course. Each student is done in a transaction, so
whatever was interrupted can be started again. Those who lead the course keep their names.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms.actions import audit, erasing, persons, scrubbing, stand_ins, tell
from rooms.models import (
    ClassSession,
    Course,
    Draft,
    Enrollment,
    Guest,
    JoinCode,
    KnownAddress,
    Message,
    NightPair,
    Partner,
    PartnerGroup,
    Pseudonym,
    Report,
    Room,
    Take,
    UseLog,
    Vote,
)
from rooms.queries import care
from rooms.wire.errors import IllegalTransition

BATCH = 1000
"""Rows that are deleted at a time."""


def anonymise(*, course: Course, by: User | None = None) -> int:
    """Make a course anonymous, and read-only. Return the number of people who got a stand-in.

    Raises IllegalTransition while a class is on.
    """
    _close(course)
    students = list(care.people_to_anonymise(course))
    for user in students:
        _anonymise(course, user)
    with transaction.atomic():
        Pseudonym.objects.filter(session__course=course).delete()
        KnownAddress.objects.filter(course=course).delete()
        # Codes of exports that somebody has kept mean nobody any more.
        Course.objects.filter(pk=course.pk).update(export_key="")
        audit.record(
            actor=by, act="care.anonymise", course=course, detail=f"people={len(students)}"
        )
    for user in students:
        # A guest has no account beyond the course.
        alone = Guest.objects.filter(user=user).exists()
        if alone and not Enrollment.objects.filter(user=user).exists():
            erasing.erase(user=user, by=None)
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
def _anonymise(course: Course, user: User) -> None:
    erasing.lock([course])
    people.everybody().select_for_update().get(pk=user.pk)
    stand_in = stand_ins.make(course=course)
    scrubbing.scrub(names=scrubbing.names_of(user, stand_in), course=course)
    persons.move(source=user, target=stand_in, course=course)
    stand_ins.drop_if_unused(user=stand_in)


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
    for group in PartnerGroup.objects.filter(round__session__course=course).iterator():
        counted = dict(_written(group.room_id))
        for partner in Partner.objects.filter(group=group, messages=None):
            Partner.objects.filter(pk=partner.pk).update(messages=counted.get(partner.user_id, 0))
    for pair in NightPair.objects.filter(one__release__course=course):
        for take in Take.objects.filter(pk__in=(pair.one_id, pair.other_id), messages=None):
            count = dict(_written(pair.room_id)).get(take.user_id, 0)
            Take.objects.filter(pk=take.pk).update(messages=count)


def _written(room: UUID) -> QuerySet[Message, tuple[people.Key, int]]:
    """Return (user, number of texts) for those who wrote in a room."""
    texts = Message.objects.filter(room=room, kind=Message.Kind.TEXT, removed_at=None).order_by()
    return texts.values_list("sender").annotate(n=Count("pk"))
