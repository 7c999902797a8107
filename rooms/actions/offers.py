"""Offering partner groups of one answer a reason for another one.

Every function here runs in the transaction of its caller, who holds the lock of the class session.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence

from accounts import people
from rooms.models import Course, Enrollment, Partner, PartnerGroup, Round, Vote
from rooms.peer import offers

Members = Sequence[tuple[people.Key, str | None]]
"""The members of a group with their answers."""
Reasons = dict[int, offers.Reason[people.Key]]
"""Reasons by the ids of their votes."""


def offer_reasons(
    course: Course,
    first: Round,
    *,
    only: Collection[int] | None = None,
    leaving: Collection[people.Key] = (),
) -> None:
    """Choose the reason that each partner group without another answer is offered.

    `first` is the round whose votes the groups are formed from. Only reasons of students who
    consent now are offered, and none of those who are `leaving` the course. `only` has the ids of
    the groups that changed; without it all groups are looked at. A group whose reason may stay
    keeps it, as its members may be talking about it.
    """
    found = PartnerGroup.objects.filter(round=first).order_by("pk")
    if only is not None:
        found = found.filter(pk__in=only)
    reasons = _reasons(course, first, leaving)
    groups = list(found if reasons else found.exclude(offered=None))
    if not groups:
        # So it is in every course where nobody consents.
        return
    answers = dict(Vote.objects.filter(round=first).values_list("user_id", "choice"))
    members: dict[int, list[tuple[people.Key, str | None]]] = defaultdict(list)
    partners = Partner.objects.filter(group__in=groups).order_by("id")
    for group_id, user in partners.values_list("group", "user"):
        members[group_id].append((user, answers.get(user)))
    same = _asked(first)
    changing = [one for one in groups if not _may_stay(one, members[one.pk], reasons, same)]
    chosen = offers.choose(
        [members[group.pk] for group in changing],
        list(reasons.values()),
        same=same,
        # Need not be secret, but should differ from class to class.
        rng=random.Random(),
    )
    for group, reason in zip(changing, chosen, strict=True):
        group.offered_id = None if reason is None else reason.key
    PartnerGroup.objects.bulk_update(changing, ["offered"], batch_size=500)


def _asked(first: Round) -> Callable[[str], str]:
    """Return what tells equal answers to the question of a round apart, and nothing of the right
    one."""
    return Round.objects.select_related("question", "version").get(pk=first.pk).asked.key.group


def _may_stay(
    group: PartnerGroup, members: Members, reasons: Reasons, same: Callable[[str], str]
) -> bool:
    """Return whether the reason that a group was offered still is one for it."""
    reason = None if group.offered_id is None else reasons.get(group.offered_id)
    if reason is None or reason.author in {user for user, _ in members}:
        return False
    answers = [answer for _, answer in members]
    differs = all(same(one) != same(reason.answer) for one in answers if one is not None)
    return offers.lacks_another(answers, same) and differs


def _reasons(course: Course, first: Round, leaving: Collection[people.Key]) -> Reasons:
    """Return the reasons in a round whose authors consent and are not leaving the course."""
    consenting = Enrollment.objects.filter(
        course=course, role=Enrollment.Role.STUDENT, shares_reasons_since__isnull=False
    ).exclude(user__in=leaving)
    votes = Vote.objects.filter(round=first, user__in=consenting.values("user")).exclude(
        rationale=""
    )
    return {
        vote.pk: offers.Reason(
            key=vote.pk,
            author=vote.user_id,
            answer=vote.choice,
            text=vote.rationale,
            names=(people.username(vote.user), people.shown_name(vote.user)),
        )
        for vote in votes.select_related("user").order_by("pk")
    }
