"""A batch stored by the ORM, for SQLite in one process."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db.models import F, FilteredRelation, Q

from accounts import people
from rooms.actions import uselog
from rooms.actions.statements.rows import Key, Member, Members, Place
from rooms.models import ClassSession, Membership, Message, NewText, Room
from rooms.queries.pseudonyms import veiled

_NOTHING: tuple[str, int | None, int | None] = ("", None, None)


def lock(rooms: Collection[UUID]) -> dict[UUID, Place]:
    found = list(
        Room.objects.filter(id__in=rooms, archived_at=None)
        .select_related("course")
        .select_for_update(no_key=True, of=("self",))
        .order_by("id")
    )
    running = {
        course: (slug or "", question, session)
        for course, slug, question, session in ClassSession.objects.filter(
            course__in={room.course_id for room in found}, ended_at=None
        ).values_list(
            "course_id", "current_round__question__slug", "current_round__question_id", "pk"
        )
    }
    hidden = veiled(room.course_id for room in found)
    return {
        room.id: Place(
            id=room.id,
            course_id=room.course_id,
            course=room.course.slug,
            kind=room.kind,
            last_seq=room.last_seq,
            slow_seconds=room.slow_seconds,
            question=running.get(room.course_id, _NOTHING)[0],
            question_id=running.get(room.course_id, _NOTHING)[1],
            archived=room.course.archived_at is not None,
            session_id=running.get(room.course_id, _NOTHING)[2],
            has_pseudonyms=room.course_id in hidden,
        )
        for room in found
    }


def look_up(places: Mapping[UUID, Place], keys: Collection[Key]) -> tuple[Members, dict[Key, UUID]]:
    senders = {sender for _, sender, _ in keys}
    small = [room for room, place in places.items() if place.is_small]
    large = [room for room, place in places.items() if not place.is_small]
    found = (
        Membership.objects.filter(Q(room__in=small) | Q(room__in=large, user__in=senders))
        .annotate(
            place=FilteredRelation(
                "user__peerchat_enrollments",
                condition=Q(user__peerchat_enrollments__course=F("room__course")),
            )
        )
        .order_by()
        .values_list(
            "room_id",
            "user_id",
            "pk",
            people.by_name("user__"),
            "last_read_seq",
            "place__role",
            "place__muted_until",
        )
    )
    members: Members = defaultdict(dict)
    for room, *fields in found:
        member = Member(*fields)
        members[room][member.user] = member
    before = Message.objects.filter(
        room__in=places, sender__in=senders, uuid__in={uuid for _, _, uuid in keys}
    ).values_list("room_id", "sender_id", "uuid", "id")
    return members, {(room, sender, uuid): pk for room, sender, uuid, pk in before}


def insert(
    messages: Sequence[NewText],
    heads: Collection[Place],
    read: Mapping[int, int],
    log: Sequence[uselog.Row],
) -> None:
    Message.objects.bulk_create(
        Message(
            id=m.id,
            room_id=m.room_id,
            seq=m.seq,
            sender=m.sender,
            uuid=m.uuid,
            text=m.text,
            reply_to_id=m.reply_to_id,
            created_at=m.created_at,
            pseudonym=m.pseudonym,
        )
        for m in messages
    )
    for place in heads:
        Room.objects.filter(pk=place.id).update(last_seq=place.last_seq)
    advanced: dict[int, list[int]] = defaultdict(list)
    for membership, by in read.items():
        advanced[by].append(membership)
    for by, those in advanced.items():
        Membership.objects.filter(pk__in=those).update(last_read_seq=F("last_read_seq") + by)
    uselog.record(log)
