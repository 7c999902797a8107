"""Notes the make of partner groups with them while they change.

Every function here runs in the transaction of its caller, who holds the lock of the class session.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from accounts import people
from rooms.models import ClassSession, Partner, PartnerGroup
from rooms.peer import pairing
from rooms.peer.answers import AnswerKey
from rooms.peer.phases import PARTNER_PHASES, Phase
from rooms.queries import classroom
from rooms.queries import pairing as reads

FIELDS = ("size", "voters", "is_mixed", "right", "confidence_gap", "repeats", "place")
TALKED = PARTNER_PHASES - {Phase.DISCUSS}
"""The phases after the talk of the groups."""
BATCH = 200
"""Groups in a statement."""


def describe(
    group: PartnerGroup,
    members: Sequence[pairing.Student[people.Key]],
    *,
    judge: AnswerKey,
    earlier: Mapping[people.Key, Collection[people.Key]],
) -> bool:
    """Set the facts of a group, without saving it; return whether any has changed."""
    before = [getattr(group, name) for name in FIELDS]
    facts = pairing.facts(members, judge=judge, earlier=earlier)
    for name in FIELDS:
        setattr(group, name, getattr(facts, name))
    return before != [getattr(group, name) for name in FIELDS]


def note(session: ClassSession, groups: Collection[int] | None = None) -> None:
    """Note again what partner groups of the current question are made of.

    ``groups`` has the ids of those whose members have changed; without it, all are noted, as the
    right answer has changed. Where a group is stays as it was when it talked: students who leave
    the hall after that change nothing of it.
    """
    first, _ = classroom.rounds(session)
    if first is None or session.current_round is None:
        return
    wanted = PartnerGroup.objects.filter(round=first)
    if groups is not None:
        wanted = wanted.filter(pk__in=groups)
    found = list(wanted)
    if not found:
        return
    users: dict[int, list[people.Key]] = defaultdict(list)
    for group_id, user_id in Partner.objects.filter(group__in=found).values_list("group", "user"):
        users[group_id].append(user_id)
    everybody = [user for members in users.values() for user in members]
    judge = session.current_round.asked.key
    earlier = reads.earlier_partners(session.course, first, everybody)
    votes = reads.votes_of(first, None if groups is None else everybody)
    students = {
        student.key: student
        for student in reads.students(
            session.course, first, everybody, judge=judge, online=(), votes=votes
        )
    }
    changed = []
    for group in found:
        members = [students[user] for user in users[group.pk]]
        place = group.place
        if describe(group, members, judge=judge, earlier=earlier):
            if session.phase in TALKED:
                group.place = place
            changed.append(group)
    PartnerGroup.objects.bulk_update(changed, FIELDS, batch_size=BATCH)
