"""The votes of a question, and what its reveal tells."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Count

from rooms import frames
from rooms.models import QuestionVersion, Round, Vote
from rooms.peer import bars
from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind


@dataclass(frozen=True)
class Outcome:
    """The votes of both rounds of a question; None for a round that did not happen.

    They are numbers by answer.
    """

    asked: QuestionVersion
    counts: tuple[Mapping[str, int] | None, Mapping[str, int] | None]

    @cached_property
    def key(self) -> AnswerKey:
        """Judges the answers."""
        return self.asked.key

    @cached_property
    def histograms(self) -> list[dict[str, int]]:
        """The bars of both rounds, in their order; empty for a round that did not happen."""
        return bars.tally(self.key, self.counts)

    @property
    def votes(self) -> list[int]:
        """The numbers of votes of both rounds."""
        return [sum((counts or {}).values()) for counts in self.counts]

    @property
    def right(self) -> list[str]:
        """The keys of the histograms that count as right."""
        # Both rounds have the same bars, as far as they happened.
        return bars.right_bars(self.key, self.histograms[0])

    @property
    def right_votes(self) -> list[int] | None:
        """The numbers of right votes of both rounds; None if no right answer is known."""
        if self.key.correct is None:
            return None
        return [
            sum(votes for answer, votes in (counts or {}).items() if self.key.is_right(answer))
            for counts in self.counts
        ]

    @property
    def shown_bars(self) -> dict[str, Any]:
        """The fields of a result that may be shown before the reveal."""
        fields: dict[str, Any] = {"histograms": self.histograms}
        return fields | {"voters": self.votes} if self.key.kind == Kind.SEVERAL else fields

    @property
    def result(self) -> dict[str, Any]:
        """The fields of the result, which are secret until the reveal."""
        fields: dict[str, Any] = {"correct": self.key.correct, **self.shown_bars}
        if self.key.kind not in (Kind.SINGLE, Kind.POLL) and (right := self.right):
            fields["right"] = right
        if fields["correct"] is not None and self.key.tolerance:
            fields["tolerance"] = self.key.tolerance
        return fields | frames.explained(self.asked)


def outcome(asked: QuestionVersion, first: Round, second: Round | None) -> Outcome:
    """Return the votes of both rounds of a question, as it was asked."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    votes = Vote.objects.filter(round__in=[one.pk for one in (first, second) if one is not None])
    for round_id, choice, n in votes.values_list("round_id", "choice").annotate(n=Count("id")):
        counts[round_id][choice] = n
    return Outcome(asked, (counts[first.pk], None if second is None else counts[second.pk]))
