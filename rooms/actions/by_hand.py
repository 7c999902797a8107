"""Remembers what partner groups were before somebody changed them by hand, and brings it back.

Every function here runs in the transaction of its caller, who holds the lock of the class session.
"""

from collections.abc import Collection, Iterable

from django.db.models import Manager

from accounts import people
from rooms.models import FormerGroup, Partner, PartnerGroup, Room, Round

BY_HAND = "by_hand"
"""The method of groups that are not as they were formed, as somebody changed them."""


def remember(groups: Iterable[PartnerGroup]) -> None:
    """Note what groups are, before a change by hand. Only the first change of each counts."""
    for group in groups:
        if group.method == BY_HAND:
            continue
        former, is_new = FormerGroup.objects.get_or_create(
            room_id=group.room_id,
            defaults={
                "round_id": group.round_id,
                "number": group.number,
                "method": group.method,
            },
        )
        if is_new:
            Partner.objects.filter(group=group).update(former=former)


def settle(groups: Collection[PartnerGroup], changed: Collection[int]) -> None:
    """Give groups the method that they have after a change by hand.

    Those with the members that they had before the first one are as they were formed. Of the
    others, those whose ids are in `changed` are by hand from now on.
    """
    for group in groups:
        former = FormerGroup.objects.filter(room=group.room_id).first()
        if former is not None and _users(former.partners) == _users(group.partners):
            method = former.method
            former.delete()
        elif group.pk in changed:
            method = BY_HAND
        else:
            continue
        PartnerGroup.objects.filter(pk=group.pk).update(method=method)


def joined_before(first: Round, users: Collection[people.Key]) -> FormerGroup | None:
    """Return the group that exactly these students were, if it was joined into another one."""
    places = Partner.objects.filter(round=first, user__in=users).exclude(former=None)
    former = FormerGroup.objects.filter(
        partners__in=places, room__partner_group=None
    ).select_related("room")
    found = former.first()
    return found if found is not None and _users(found.partners) == set(users) else None


def reopened(former: FormerGroup, slow_seconds: int) -> Room:
    """Return the room of a group that was joined into another one, no longer archived."""
    room = former.room
    room.archived_at, room.slow_seconds = None, slow_seconds
    room.save(update_fields=["archived_at", "slow_seconds"])
    return room


def _users(places: Manager[Partner]) -> set[people.Key]:
    return set(places.values_list("user", flat=True))
