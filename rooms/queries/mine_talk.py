"""What a student reads again of a question: the talk with their partners, and reasons of others."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from accounts import people
from accounts.people import User
from rooms import frames
from rooms.models import Course, Message, Vote
from rooms.peer.answers import fold
from rooms.queries import pseudonyms
from rooms.queries.anonymity import sharing
from rooms.queries.mine import Mine, own_rooms
from rooms.queries.posed import rounds_of
from rooms.wire.events import Person

LATEST = 200
"""The most messages of a talk."""
REASONS = 5
"""The most reasons for one answer."""
ANSWERS = 8
"""The most answers whose reasons are told, the most frequent first."""
READ = 2_000
"""The most reasons that are looked through."""


@dataclass(frozen=True, slots=True)
class Line:
    """A message of the talk with one's partners. A removed one has no text."""

    sender: Person
    is_mine: bool
    text: str
    is_removed: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why others gave an answer, in their words and without their names."""

    answer: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnReasons:
    """Why the student answered so in each vote, or an empty text."""

    first: str
    second: str


def talk(user: User, course: Course, one: Mine) -> list[Line]:
    """Return what the student and their partners wrote at a question, the last `LATEST` messages.

    Where the class had pseudonyms, students are called by them.
    """
    rows = Message.objects.filter(
        room__in=own_rooms(user, [one.round.pk]), kind=Message.Kind.TEXT
    ).select_related("sender")
    found = list(rows.order_by("-seq")[:LATEST])[::-1]
    session = one.round.session
    seen: dict[people.Key, Person] = {}
    if session.has_pseudonyms:
        led = {key for _, key in pseudonyms.leaders([course.pk])}
        students = {row.sender_id: row.sender for row in found if row.sender_id not in led}
        seen = pseudonyms.fellows(session, list(students.values()))
    return [
        Line(
            sender=frames.pseudonym(row.pseudonym)
            if row.pseudonym
            else seen.get(row.sender_id) or frames.person(row.sender),
            is_mine=row.sender_id == user.pk,
            text="" if row.removed_at else row.text,
            is_removed=row.removed_at is not None,
            at=row.created_at,
        )
        for row in found
    ]


def own_reasons(user: User, one: Mine) -> OwnReasons:
    """Return the student's own reasons."""
    votes = Vote.objects.filter(round__in=rounds_of(one.round), user=user)
    given = dict(votes.values_list("round__number", "rationale"))
    return OwnReasons(given.get(1, ""), given.get(2, ""))


def reasons(user: User, course: Course, one: Mine) -> list[Reasons]:
    """Return reasons for other answers than the student's last one, at most `REASONS` for each.

    They come from those who let others see their reasons now. Of a question that the student is
    still to answer outside class there are none.
    """
    if one.is_withheld:
        return []
    key = one.asked.key
    last = one.second or one.first
    own = None if last is None else key.group(last.choice)
    votes = (
        Vote.objects.filter(round__in=rounds_of(one.round), user__in=sharing(course) - {user.pk})
        .exclude(rationale="")
        # Whoever voted twice says last what they think last.
        .order_by("-round__number", "pk")
    )
    texts: dict[str, list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    known: set[str] = set()
    for choice, text in votes.values_list("choice", "rationale")[:READ]:
        group = key.group(choice)
        if group == own or fold(text) in known:
            continue
        known.add(fold(text))
        names.setdefault(group, choice)
        texts[group].append(text)
    # Choices come in their order, other answers by how many gave a reason for them.
    order = sorted(texts, key=lambda group: (-len(texts[group]), group))[:ANSWERS]
    if one.asked.choices:
        order.sort()
    return [Reasons(names[group], tuple(texts[group][:REASONS])) for group in order]
