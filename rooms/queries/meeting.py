"""How partners find each other, and what they know of each other when they begin to talk.

Callers may read this only while the class has partners to show (`phases.PARTNER_PHASES`), and may
show it to the members of the groups alone. All of it takes a fixed number of queries, whatever the
number of groups.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db.models import Exists, OuterRef
from msgspec import UNSET

from accounts import people
from rooms.models import Enrollment, PartnerGroup, Round, Vote
from rooms.peer.offers import lacks_another
from rooms.peer.places import common_place
from rooms.wire.partners import OfferedReason, PartnerBody


def openings(
    groups: Collection[PartnerGroup], users: Collection[people.Key], *, veiled: bool
) -> dict[people.Key, dict[str, Any]]:
    """Return what each of the users said in the first vote, and where they are.

    Both are fields of `PartnerBody`. Users who said nothing have no entry. With `veiled`, the
    students have pseudonyms: a seat would tell who somebody is, so they find each other by the
    number of their group.
    """
    found: dict[people.Key, dict[str, Any]] = defaultdict(dict)
    rounds = {group.round_id for group in groups}
    votes = Vote.objects.filter(round__in=rounds, user__in=users)
    for user, choice, confidence, rationale in votes.values_list(
        "user_id", "choice", "confidence", "rationale"
    ):
        found[user] = {
            "choice": choice,
            "confidence": UNSET if confidence is None else confidence,
            "rationale": rationale or UNSET,
        }
    places = Enrollment.objects.filter(
        course__in=Round.objects.filter(pk__in=rounds).values("session__course"),
        course__class_settings__asks_place=True,
        user__in=users,
    ).exclude(place="")
    for user, place, seat, asks_seat in places.values_list(
        "user_id", "place", "seat", "course__class_settings__asks_seat"
    ):
        found[user]["place"] = place
        if seat and asks_seat and not veiled:
            found[user]["seat"] = seat
    return found


def companies(
    groups: Sequence[PartnerGroup], members: Iterable[tuple[int, people.Key, PartnerBody]]
) -> dict[int, dict[str, Any]]:
    """Return what is told of each group, by its id, as fields of `Company`.

    `members` are those of the groups, as `classroom.partner_bodies` returns them. An offered reason
    is shown only if its author consents now and is not in the group, and if nobody in the group
    gave another answer than the others.
    """
    of: dict[int, dict[people.Key, PartnerBody]] = defaultdict(dict)
    for group_id, user, body in members:
        of[group_id][user] = body
    told: dict[int, dict[str, Any]] = {}
    for group in groups:
        where = common_place(body.place or "" for body in of[group.pk].values())
        told[group.pk] = {"group": group.number} | ({"group_place": where} if where else {})
    for group_id, author, choice, rationale, same in _offered(groups):
        answers = [body.choice for body in of[group_id].values()]
        differs = all(same(choice) != same(one) for one in answers if one is not None)
        if author not in of[group_id] and lacks_another(answers, same) and differs:
            told[group_id]["offered"] = OfferedReason(choice, rationale)
    return told


def _offered(groups: Sequence[PartnerGroup]) -> list[tuple[int, people.Key, str, str, Any]]:
    """Return (group id, author, answer, reason, what equal answers have in common)."""
    chosen = {group.pk: group.round_id for group in groups if group.offered_id is not None}
    if not chosen:
        return []
    consents = Enrollment.objects.filter(
        course=OuterRef("round__session__course"),
        user=OuterRef("offered__user"),
        shares_reasons_since__isnull=False,
    )
    rounds = Round.objects.select_related("question", "version").in_bulk(set(chosen.values()))
    same = {pk: round_.asked.key.group for pk, round_ in rounds.items()}
    rows = PartnerGroup.objects.filter(Exists(consents), pk__in=chosen).values_list(
        "pk", "offered__user_id", "offered__choice", "offered__rationale"
    )
    return [(*row, same[chosen[row[0]]]) for row in rows]
