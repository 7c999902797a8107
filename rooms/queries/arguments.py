"""The arguments that convinced students of a class, for those who lead it and for the hall."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.crypto import salted_hmac
from msgspec import UNSET

from accounts import people
from accounts.people import User
from rooms.models import (
    ClassSession,
    Conviction,
    Course,
    Enrollment,
    Flag,
    Message,
    Round,
    ShownArgument,
    Vote,
)
from rooms.peer.arguments import Convinced, Standing, ranked
from rooms.peer.phases import Phase
from rooms.permissions import leading
from rooms.queries.classroom import class_session, rounds
from rooms.queries.slugs import find_question
from rooms.wire.arguments import ArgumentBody, ArgumentsBody, SaidBody, ScreenArgument
from rooms.wire.errors import InvalidMessageFormat

MOST = 3
"""The most arguments that are told."""
SHOWN_IN = frozenset({Phase.REVOTE_CLOSED, Phase.REVEALED})
"""The phases in which arguments are told, and the hall may be shown one."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A message or the reason of a vote, whose author lets others see their reasons.

    `key` names it without telling whose it is. `choice` is what its author answered before the
    discussion. Either `message` or `vote` is its id.
    """

    key: str
    text: str
    choice: str | None
    made_at: float
    message: UUID | None = None
    vote: int | None = None


def arguments_for(user: User, slug: str, question: str | None) -> ArgumentsBody:
    """Return the arguments that moved most at a question, or at the current one without a slug.

    Of a question that was asked several times, they are those of the last time. Raises
    PermissionDenied for those who do not lead the course, and InvalidMessageFormat if it has no
    such question.
    """
    course = leading(user, slug).course
    session = class_session(course)
    if question is not None:
        return _of_question(course, session, question)
    if session is None or session.current_round is None:
        return ArgumentsBody()
    return arguments(course, session) or ArgumentsBody(
        question=session.current_round.question.slug, is_open=session.phase == Phase.REVOTE
    )


def arguments(course: Course, session: ClassSession) -> ArgumentsBody | None:
    """Return the arguments that moved most at the current question of a class.

    It is None before the second vote is closed, and if there was none.
    """
    _, second = rounds(session)
    if second is None or session.phase not in SHOWN_IN:
        return None
    return _body(course, second)


def _of_question(course: Course, session: ClassSession | None, slug: str) -> ArgumentsBody:
    found = find_question(course, slug)
    if found is None:
        raise InvalidMessageFormat("The course has no such question.")
    second = (
        Round.objects.filter(session__course=course, question=found, number=2)
        .select_related("question", "version")
        .order_by("-opened_at", "-pk")
        .first()
    )
    if second is None:
        return ArgumentsBody(question=found.slug)
    if (
        session is not None
        and session.current_round_id == second.pk
        and session.phase not in SHOWN_IN
    ):
        return ArgumentsBody(question=found.slug, is_open=True)
    return _body(course, second)


def _body(course: Course, second: Round) -> ArgumentsBody:
    found, withheld = visible_arguments(course, second)
    by_key = {one.key: one for one in found}
    shown = ShownArgument.objects.filter(round=second).first()
    knows = second.asked.correct is not None
    return ArgumentsBody(
        question=second.question.slug,
        said=_said(second),
        arguments=[
            _argument(by_key[one.argument], one, shown, knows=knows)
            for one in _ranking(second, found)[:MOST]
        ],
        withheld=withheld,
    )


def visible_arguments(course: Course, second: Round) -> tuple[list[Argument], int]:
    """Return the arguments that convinced somebody before the second vote of a question.

    Arguments whose authors do not let others see their reasons now are only counted: their number
    is returned as well. Messages that were removed, or flagged and not looked at yet, are left out.
    """
    said = Conviction.objects.filter(round=second)
    flagged = Flag.objects.filter(message=OuterRef("pk"), settled_at=None)
    messages = list(
        Message.objects.filter(
            ~Exists(flagged),
            pk__in=said.filter(by=Conviction.By.MESSAGE).values("message"),
            kind=Message.Kind.TEXT,
            removed_at=None,
        ).order_by("created_at", "pk")
    )
    reasons = list(
        Vote.objects.filter(pk__in=said.filter(by=Conviction.By.REASON).values("vote"))
        .exclude(rationale="")
        .order_by("cast_at", "pk")
    )
    sharing = _sharing(
        course, {*(one.sender_id for one in messages), *(one.user_id for one in reasons)}
    )
    chosen = dict(
        Vote.objects.filter(
            round=second.first_id, user__in=[one.sender_id for one in messages]
        ).values_list("user_id", "choice")
    )
    found = [_of_vote(one) for one in reasons if one.user_id in sharing] + [
        _of_message(one, chosen.get(one.sender_id)) for one in messages if one.sender_id in sharing
    ]
    return found, len(messages) + len(reasons) - len(found)


def shown_argument(course: Course, session: ClassSession) -> ScreenArgument | None:
    """Return the argument that those who lead a class show in the hall, if it may be seen now."""
    _, second = rounds(session)
    if second is None or session.phase not in SHOWN_IN:
        return None
    shown = ShownArgument.objects.filter(round=second).select_related("message", "vote").first()
    if shown is None:
        return None
    found: Argument | None = None
    if shown.vote is not None:
        if _sharing(course, [shown.vote.user_id]):
            found = _of_vote(shown.vote)
    elif shown.message is not None:
        author = shown.message.sender_id
        is_flagged = Flag.objects.filter(message=shown.message, settled_at=None).exists()
        if shown.message.removed_at is None and not is_flagged and _sharing(course, [author]):
            vote = Vote.objects.filter(round=second.first_id, user=author).first()
            found = _of_message(shown.message, None if vote is None else vote.choice)
    return None if found is None else ScreenArgument(found.text, found.choice)


def _sharing(course: Course, users: Iterable[people.Key]) -> set[people.Key]:
    """Return those of the users who are students of a course and share their reasons now."""
    return set(
        Enrollment.objects.filter(course=course, user__in=users, role=Enrollment.Role.STUDENT)
        .exclude(shares_reasons_since=None)
        .values_list("user_id", flat=True)
    )


def _of_vote(vote: Vote) -> Argument:
    return Argument(
        key=_key("reason", vote.pk),
        text=vote.rationale,
        choice=vote.choice,
        made_at=vote.cast_at.timestamp(),
        vote=vote.pk,
    )


def _of_message(message: Message, choice: str | None) -> Argument:
    return Argument(
        key=_key("message", message.pk),
        text=message.text,
        choice=choice,
        made_at=message.created_at.timestamp(),
        message=message.pk,
    )


def _key(kind: str, pk: UUID | int) -> str:
    """Return a name for an argument, from which nobody can conclude which message or vote it is."""
    return salted_hmac("rooms.arguments", f"{kind}:{pk}", algorithm="sha256").hexdigest()[:32]


def _ranking(second: Round, found: list[Argument]) -> list[Standing[str]]:
    keys = {(one.message, one.vote): one.key for one in found}
    key = second.asked.key
    answers: dict[int, dict[people.Key, str]] = {second.first_id or 0: {}, second.pk: {}}
    votes = Vote.objects.filter(round__in=answers)
    for round_, user, choice in votes.values_list("round", "user", "choice"):
        answers[round_][user] = choice
    before, after = answers.values()
    convinced = []
    said = Conviction.objects.filter(round=second).exclude(message=None, vote=None)
    for user, message, vote in said.values_list("user", "message", "vote"):
        if (argument := keys.get((message, vote))) is None:
            continue
        voted_twice = user in before and user in after
        convinced.append(
            Convinced(
                argument,
                changed=voted_twice and key.group(before[user]) != key.group(after[user]),
                became_right=voted_twice
                and key.is_right(after[user])
                and not key.is_right(before[user]),
            )
        )
    return ranked(convinced, {one.key: one.made_at for one in found})


def _argument(
    found: Argument, standing: Standing[str], shown: ShownArgument | None, *, knows: bool
) -> ArgumentBody:
    return ArgumentBody(
        argument=found.key,
        kind="reason" if found.message is None else "message",
        text=found.text,
        choice=found.choice,
        named=standing.named,
        changed=standing.changed,
        became_right=standing.became_right if knows else UNSET,
        shown=shown is not None
        and (shown.message_id, shown.vote_id) == (found.message, found.vote),
    )


def _said(second: Round) -> SaidBody:
    said = Counter(Conviction.objects.filter(round=second).values_list("by", flat=True))
    return SaidBody(**said)
