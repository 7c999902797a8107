"""Reads what partner groups are formed by: votes, rules, and earlier partners."""

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable

from accounts import people
from rooms.models import (
    Block,
    ClassSettings,
    Course,
    Enrollment,
    PairingMember,
    PairingRule,
    Partner,
    PartnerGroup,
    Round,
    Vote,
)
from rooms.peer.answers import AnswerKey
from rooms.peer.pairing import Rules, Student

EARLIER_QUESTIONS = 100
"""Questions of a course whose partners count as earlier partners, the last ones first."""
EARLIER_PLACES = 10_000
"""Places in groups, about, that are read for them. So there are fewer questions in large classes,
where few meet again by chance."""

StudentOf = Student[people.Key]


def students(
    course: Course,
    first: Round,
    users: Iterable[people.Key],
    *,
    judge: AnswerKey,
    online: Collection[people.Key],
    lately: Collection[people.Key] = (),
    votes: dict[people.Key, tuple[str, int | None]],
) -> list[StudentOf]:
    """Return students of a class as `peer.pairing` takes them, in the order of ``users``.

    ``votes`` are those of the round ``first``, as `votes_of` returns them.
    """
    places = places_of(course)
    right: dict[str, bool] = {}
    if judge.correct is not None:
        right = {choice: judge.is_right(choice) for choice in {one for one, _ in votes.values()}}
    made = []
    for user in users:
        choice, confidence = votes.get(user, (None, None))
        made.append(
            Student(
                user,
                choice,
                online=user in online,
                lately=user in lately,
                confidence=confidence,
                is_right=None if choice is None else right.get(choice),
                place=places.get(user, ""),
            )
        )
    return made


def votes_of(
    round_: Round, users: Collection[people.Key] | None = None
) -> dict[people.Key, tuple[str, int | None]]:
    """Return the answer and the confidence of all who voted in a round, or of some users."""
    votes = Vote.objects.filter(round=round_)
    if users is not None:
        votes = votes.filter(user__in=users)
    return {
        user: (choice, confidence)
        for user, choice, confidence in votes.values_list("user_id", "choice", "confidence")
    }


def places_of(course: Course) -> dict[people.Key, str]:
    """Return where the students of a course said that they are, if it asks them."""
    if not ClassSettings.of(course).asks_place:
        return {}
    told = Enrollment.objects.filter(course=course, role=Enrollment.Role.STUDENT)
    return dict(told.exclude(place="").values_list("user_id", "place"))


def rules_of(course: Course) -> Rules[people.Key]:
    """Return the rules of a course about who works together."""
    members: dict[tuple[int, str], list[people.Key]] = defaultdict(list)
    rows = PairingMember.objects.filter(rule__course=course).order_by("rule", "id")
    for rule, kind, user in rows.values_list("rule", "rule__kind", "user"):
        members[rule, kind].append(user)

    def of(wanted: PairingRule.Kind) -> list[tuple[people.Key, ...]]:
        return [tuple(users) for (_, kind), users in members.items() if kind == wanted]

    # Those who made the other rules know of no block, so a block stands above them.
    blocked = blocked_pairs(course)
    return Rules(
        never=frozenset(
            frozenset(pair)
            for users in of(PairingRule.Kind.NEVER)
            for pair in itertools.combinations(users, 2)
        )
        | blocked,
        together=_without(of(PairingRule.Kind.ALWAYS), blocked),
        fixed=_without(of(PairingRule.Kind.FIXED), blocked),
    )


def kept_apart(course: Course) -> frozenset[frozenset[people.Key]]:
    """Return the pairs of students whom those who lead the course keep apart, without blocks."""
    members: dict[int, list[people.Key]] = defaultdict(list)
    rows = PairingMember.objects.filter(rule__course=course, rule__kind=PairingRule.Kind.NEVER)
    for rule, user in rows.values_list("rule", "user"):
        members[rule].append(user)
    return frozenset(
        frozenset(pair) for users in members.values() for pair in itertools.combinations(users, 2)
    )


def blocked_pairs(course: Course) -> frozenset[frozenset[people.Key]]:
    """Return the pairs of people in a course of whom one has blocked the other."""
    found = Block.objects.filter(course=course).order_by().values_list("user", "blocked")
    return frozenset(frozenset(pair) for pair in found)


def _without(
    rules: Iterable[tuple[people.Key, ...]], blocked: Collection[frozenset[people.Key]]
) -> list[tuple[people.Key, ...]]:
    """Return rules about who is together, each without whom an earlier one of it is kept from."""
    kept: list[tuple[people.Key, ...]] = []
    for users in rules:
        stay: list[people.Key] = []
        for user in users:
            if not any(frozenset((user, other)) in blocked for other in stay):
                stay.append(user)
        if len(stay) > 1:
            kept.append(tuple(stay))
    return kept


def earlier_partners(
    course: Course, first: Round, users: Collection[people.Key]
) -> dict[people.Key, set[people.Key]]:
    """Return, for users who had any, their partners in earlier questions of the course.

    Only partners among ``users`` are returned, and none of the round ``first``. This reads about
    `EARLIER_PLACES` rows at most, whatever the course has.
    """
    if not users:
        return {}
    questions = max(1, min(EARLIER_QUESTIONS, EARLIER_PLACES // len(users)))
    rounds = (
        Round.objects.filter(session__course=course, number=1, opened_at__lt=first.opened_at)
        .order_by("-opened_at")
        .values_list("pk", flat=True)[:questions]
    )
    places = Partner.objects.filter(round__in=list(rounds), user__in=users)
    groups: dict[int, list[people.Key]] = defaultdict(list)
    for group, user in places.values_list("group_id", "user_id"):
        groups[group].append(user)
    earlier: dict[people.Key, set[people.Key]] = defaultdict(set)
    for members in groups.values():
        if len(members) > 1:
            for user in members:
                earlier[user].update(members)
    for user, partners in earlier.items():
        partners.discard(user)
    return dict(earlier)


def previous_groups(course: Course, first: Round) -> list[list[people.Key]]:
    """Return the partner groups of the question before, in this class session or the last one."""
    last = (
        PartnerGroup.objects.filter(round__session__course=course)
        .exclude(round=first)
        .order_by("-round__opened_at")
        .values_list("round", flat=True)
        .first()
    )
    previous: dict[int, list[people.Key]] = defaultdict(list)
    for group_id, user_id in Partner.objects.filter(round=last).values_list("group", "user"):
        previous[group_id].append(user_id)
    return list(previous.values())
