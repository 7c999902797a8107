"""Twins: questions that test the idea of another one again."""

from rooms import markup
from rooms.models import ClassSession, Question, Round
from rooms.peer.content import problems
from rooms.peer.phases import Phase
from rooms.peer.twins import compare, copied_share
from rooms.queries.classroom import rounds
from rooms.wire.figures import TwinOffer, TwinResult

MOST = 20
"""Twins of a question among which one is looked for that may be asked."""


def round_of_original(session: ClassSession, question: Question) -> Round | None:
    """Return the last round, in this class session, of the question that this one is the twin of.

    It is None for a question that is no twin, and if the session was not asked the original.
    """
    if question.twin_of_id is None:
        return None
    asked = session.rounds.filter(question=question.twin_of_id)
    return asked.order_by("-opened_at", "-pk").first()


def offered_twin(session: ClassSession) -> Question | None:
    """Return the twin that a class may be asked now, as its original was just revealed.

    It is the first one that is ready and that the session was not asked yet.
    """
    if session.phase != Phase.REVEALED or session.current_round is None:
        return None
    twins = (
        Question.objects.filter(twin_of=session.current_round.question_id, is_draft=False)
        .exclude(pk__in=session.rounds.values("question"))
        .prefetch_related("choices")
        .order_by("quick", "position", "slug")
    )
    return next((one for one in twins[:MOST] if not problems(one.content)), None)


def twin_offer(session: ClassSession) -> TwinOffer | None:
    """Return the twin that a class may be asked now, as its dashboards are told."""
    found = offered_twin(session)
    return (
        None if found is None else TwinOffer(found.slug, markup.plain(found.title or found.prompt))
    )


def twin_result(session: ClassSession) -> TwinResult | None:
    """Return how the current question, if it is a twin, stands beside its original.

    Before the reveal it only tells that it is a twin.
    """
    first, _ = rounds(session)
    if first is None or first.twin_of_id is None:
        return None
    original = Round.objects.select_related("question", "version").get(pk=first.twin_of_id)
    if session.phase != Phase.REVEALED or None in (original.asked.correct, first.asked.correct):
        return TwinResult(question=original.question.slug)
    table = compare(_rightness(original), _rightness(first))
    return TwinResult(question=original.question.slug, **table, copied=copied_share(table))


def _rightness(round_: Round) -> dict[object, bool]:
    key = round_.asked.key
    votes = round_.votes.values_list("user_id", "choice")
    return {user: key.is_right(choice) for user, choice in votes}
