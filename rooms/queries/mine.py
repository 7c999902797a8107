"""The questions of a course as one of its students finds them again, with what they did.

Only what the class was shown is told: a question counts once the class has gone on, and what is
right, the result and the explanation once they were revealed.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accounts.people import User
from rooms.models import Bookmark, Course, Message, Partner, QuestionVersion, Room, Round, Vote
from rooms.peer.again import ORDER, Why, why
from rooms.peer.answers import fold
from rooms.peer.posed import Ballot
from rooms.queries import slugs
from rooms.queries.posed import posed, rounds_of
from rooms.queries.shown import results_of, shown_rounds
from rooms.queries.takes import withheld

WORDS = 10
"""The most words that a search looks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """A question that was posed, with one student's answers to it.

    `result` has the fields of the `control` event that revealed it, or None. Without it, nothing
    tells what was right.
    """

    round: Round
    asked: QuestionVersion
    is_twice: bool
    first: Ballot | None
    second: Ballot | None
    why: Why | None
    is_marked: bool
    result: Mapping[str, Any] | None
    is_withheld: bool
    """Whether the student is still to answer it outside class, without what the class was told."""

    @property
    def slug(self) -> str:
        """The slug of the question."""
        return self.round.question.slug

    @property
    def is_right(self) -> bool | None:
        """Return whether the last answer was right; None if nobody may tell, or there is none."""
        last = self.second or self.first
        return None if last is None else last.right


def questions(user: User, course: Course, *, show: str = "all", search: str = "") -> list[Mine]:
    """Return the questions of a course for a student, the newest first.

    `show` is `all`; `again` for those to look at again, the most urgent first; or `marked` for
    those with a bookmark. With a search, only those in which all of its words occur: in the
    question, in what was revealed, in the student's own reasons or in their talks.
    """
    found = _all(user, shown_rounds(course), course)[::-1]
    if show == "marked":
        found = [one for one in found if one.is_marked]
    elif show == "again":
        # The newest of equal ones stays first.
        again = [one for one in found if one.why is not None]
        found = sorted(again, key=lambda one: ORDER.index(one.why or Why.MISSED))
    words = fold(search).split()[:WORDS]
    if not words:
        return found
    texts = _texts(user, found)
    return [one for one in found if all(word in texts[one.round.pk] for word in words)]


def question(user: User, course: Course, round_: int) -> Mine | None:
    """Return a question by the id of its first round; None if the class was not shown it yet."""
    found = _all(user, shown_rounds(course).filter(pk=round_), course)
    return found[0] if found else None


def was_shown(course: Course, slug: str) -> bool:
    """Return whether a question was posed and the class has gone on."""
    found = slugs.find_question(course, slug)
    return found is not None and shown_rounds(course, question=found.pk).exists()


def _all(user: User, rounds: Any, course: Course) -> list[Mine]:
    firsts = {one.pk: one for one in rounds}
    results = results_of(course, firsts.values())
    marked = set(
        Bookmark.objects.filter(
            user=user, question__in={one.question_id for one in firsts.values()}
        ).values_list("question", flat=True)
    )
    kept = withheld(user, course)
    found = []
    for one in posed(rounds, users=[user.pk], times=False):
        mine = next(iter(one.answers), None)
        first, second = (mine.first, mine.second) if mine is not None else (None, None)
        result = None if one.question in kept else results.get(one.pk)
        if result is None:
            first, second = _unjudged(first), _unjudged(second)
        found.append(
            Mine(
                round=firsts[one.pk],
                asked=firsts[one.pk].asked,
                is_twice=one.is_twice,
                first=first,
                second=second,
                why=why(first, second),
                is_marked=one.question in marked,
                result=result,
                is_withheld=one.question in kept,
            )
        )
    return found


def _unjudged(ballot: Ballot | None) -> Ballot | None:
    return None if ballot is None else replace(ballot, right=None)


def _texts(user: User, found: Sequence[Mine]) -> dict[int, str]:
    """Return all words about each question in which the student may search, folded."""
    parts: dict[int, list[str]] = defaultdict(list)
    rounds: dict[int, int] = {}
    for one in found:
        asked = one.asked
        rounds[one.round.pk] = one.round.pk
        parts[one.round.pk] += [asked.prompt, *(choice["text"] for choice in asked.choices)]
        if one.result is not None:
            parts[one.round.pk] += [asked.explanation, asked.follow_up]
            parts[one.round.pk] += [choice.get("feedback", "") for choice in asked.choices]
    voted = [pk for one in found for pk in rounds_of(one.round)]
    own = Vote.objects.filter(round__in=voted, user=user).exclude(rationale="")
    for first, pk, rationale in own.values_list("round__first", "round", "rationale"):
        parts[first or pk].append(rationale)
    for pk, text in _own_talk(user, rounds).values_list("room__partner_group__round", "text"):
        parts[pk].append(text)
    return {pk: fold(" ".join(texts)) for pk, texts in parts.items()}


def _own_talk(user: User, rounds: Collection[int]) -> Any:
    """Return the messages of the partner rooms at these first rounds that the student is in."""
    return Message.objects.filter(
        room__in=own_rooms(user, rounds), kind=Message.Kind.TEXT, removed_at=None
    ).order_by("room", "seq")


def own_rooms(user: User, rounds: Collection[int]) -> Any:
    """Return the rooms of the student's partner groups at first rounds, also archived ones."""
    places = Partner.objects.filter(user=user, round__in=list(rounds))
    return Room.objects.filter(
        partner_group__in=places.values("group"), memberships__user=user
    ).order_by()
