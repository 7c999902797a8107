"""Splitting partner groups in two and joining two of them, by hand.

Every function here runs in the transaction of `session.begin`, under the lock of the class session
and of the groups' rooms.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import count

from django.utils import timezone
from django.utils.translation import gettext

from accounts import people
from accounts.people import User
from accounts.text import name_key
from rooms.actions import by_hand, group_talk, partners, seating, tell
from rooms.actions.steps import message_uuid
from rooms.models import ClassSession, Course, Membership, Partner, PartnerGroup, Room, Round, Vote
from rooms.peer import regroup
from rooms.queries import presence, pseudonyms, visits
from rooms.wire.errors import InvalidMessageFormat
from rooms.wire.group_commands import (
    JoinGroups,
    SplitGroup,
)


def split(session: ClassSession, command: SplitGroup, now: datetime) -> ClassSession:
    """Split a group of four or more in two; the new one has a new room, and the lowest free number.

    If those who leave are a group that was joined into this one, they get their room and their
    number back: undone, the phones in the hall show it again. Nobody is left alone. Raises
    InvalidMessageFormat if that is not possible, or if the command names somebody who is not in the
    group.
    """
    first = partners.first_round(session)
    source = visits.group_of(session, command.group)
    places = list(Partner.objects.filter(group=source).order_by("id"))
    if len(places) < regroup.LEAST_TO_SPLIT:
        raise InvalidMessageFormat(
            f"Only a group of {regroup.LEAST_TO_SPLIT} or more can be split, so that nobody is "
            "left alone."
        )
    if command.members is not None:
        leaving = _named(session, places, command.members)
    else:
        leaving = _chosen(session, first, places)
    by_hand.remember([source])
    former = by_hand.joined_before(first, leaving)
    if former is None:
        room = _new_room(session, source, _room_id(session.course, session.controller, command))
    else:
        room = by_hand.reopened(former, source.room.slow_seconds)
    target = _make_group(first, source, room, None if former is None else former.number)
    _move(session, source, target, leaving)
    if former is not None:
        # A repeat is recognised by it, as the room has no new name.
        with group_talk.in_language_of(session.controller):
            line = gettext("The groups are two again.")
        group_talk.post(session, [target], line, uuid_=message_uuid(command), now=now)
    _after(session, first, source, target)
    return session


def join(session: ClassSession, command: JoinGroups, now: datetime) -> ClassSession:
    """Move the members of a group into another one, and archive the room that they leave.

    Raises InvalidMessageFormat if the groups are not two, or would be too large together.
    """
    first = partners.first_round(session)
    if len(set(command.groups)) < len(command.groups):
        raise InvalidMessageFormat("Name two different groups.")
    target, source = (visits.group_of(session, number) for number in command.groups)
    by_hand.remember([target, source])
    leaving = list(Partner.objects.filter(group=source).values_list("user", flat=True))
    together = len(leaving) + Partner.objects.filter(group=target).count()
    if together > regroup.JOINED_LIMIT:
        raise InvalidMessageFormat(
            f"A group can have {regroup.JOINED_LIMIT} members at most, and these would be "
            f"{together}."
        )
    _move(session, source, target, leaving)
    Room.objects.filter(pk=source.room_id).update(archived_at=now)
    source.delete()
    with group_talk.in_language_of(session.controller):
        line = gettext("Two groups are one now.")
    group_talk.post(session, [target], line, uuid_=message_uuid(command), now=now)
    _after(session, first, target)
    return session


def split_before(course: Course, user: User, command: SplitGroup) -> bool:
    """Return whether the command has already split a group.

    A new room has its name, and one that came back a line of it.
    """
    has_made = Room.objects.filter(pk=_room_id(course, user, command)).exists()
    return has_made or group_talk.said_before(course, user, command)


def _room_id(course: Course, user: User, command: SplitGroup) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"split:{course.pk}:{user.pk}:{command.uuid}")


def _named(
    session: ClassSession, places: Sequence[Partner], names: Collection[str]
) -> list[people.Key]:
    """Return the members of a group with these usernames. Raises InvalidMessageFormat."""
    seen = pseudonyms.fellows(session, [place.user for place in places])
    known = {name_key(person.username): user for user, person in seen.items()}
    wanted = {name_key(name) for name in names}
    if not wanted <= known.keys():
        raise InvalidMessageFormat("The group has no such member.")
    if not 2 <= len(wanted) <= len(places) - 2:
        raise InvalidMessageFormat("At least two must stay together, and two go together.")
    return [known[name] for name in wanted]


def _chosen(session: ClassSession, first: Round, places: Sequence[Partner]) -> list[people.Key]:
    answers = _answers(first, [place.user_id for place in places])
    online = presence.online_students(session.course)
    _, leaving = regroup.halves(
        [
            regroup.Member(place.user_id, answers.get(place.user_id), place.user_id in online)
            for place in places
        ]
    )
    return leaving


def _answers(first: Round, users: Collection[people.Key]) -> dict[people.Key, str]:
    votes = Vote.objects.filter(round=first, user__in=users)
    return dict(votes.values_list("user_id", "choice"))


def _new_room(session: ClassSession, source: PartnerGroup, room_id: uuid.UUID) -> Room:
    return Room.objects.create(
        id=room_id,
        course=session.course,
        kind=Room.Kind.PARTNERS,
        title=source.room.title,
        slow_seconds=source.room.slow_seconds,
    )


def _make_group(first: Round, source: PartnerGroup, room: Room, wanted: int | None) -> PartnerGroup:
    """Make a group with the number that is wanted, or else with the lowest free one."""
    taken = set(PartnerGroup.objects.filter(round=first).values_list("number", flat=True))
    if wanted is None or wanted in taken:
        wanted = next(one for one in count(1) if one not in taken)
    return PartnerGroup.objects.create(
        round=first, number=wanted, room=room, formed_at=timezone.now(), place=source.place
    )


def _move(
    session: ClassSession,
    source: PartnerGroup,
    target: PartnerGroup,
    users: Collection[people.Key],
) -> None:
    Membership.objects.filter(room=source.room_id, user__in=users).delete()
    tell.left(source.room, users)
    Partner.objects.filter(group=source, user__in=users).update(group=target)
    Membership.objects.bulk_create(
        [Membership(room_id=target.room_id, user_id=user) for user in users], ignore_conflicts=True
    )
    # The room was read before it was locked, or this transaction has posted there since.
    target.room.refresh_from_db(fields=["last_seq"])
    members = Membership.objects.filter(room=target.room_id).count()
    tell.joined(session.course, target.room, users, members=members)


def _after(session: ClassSession, first: Round, *changed: PartnerGroup) -> None:
    ids = [group.pk for group in changed]
    by_hand.settle(changed, ids)
    seating.after_moves(session, first, ids)
