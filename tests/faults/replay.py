"""The state that a client knows by the frames it saw, and the violations among them.

The clients use it while they run, to know where to resume; the checker plays each record again.
"""

from collections import Counter
from dataclasses import dataclass, field

from tests.faults.record import (
    Added,
    Asked,
    Closed,
    Counted,
    Entry,
    Live,
    NotCounted,
    Opened,
    Record,
    Refused,
    Removed,
    Resumed,
    Sent,
    Snapshot,
    Told,
    Voted,
)

RESUME_LIMIT = 500
"""Missed messages of one room beyond which the contract lets `resume` begin anew."""
EXPECTED = frozenset({"rate_limited", "unavailable", "invalid_room_id"})
"""Refusals of a message that are no fault: the room may have ended with its question."""
VOTE_EXPECTED = frozenset({"rate_limited", "unavailable", "round_closed"})


@dataclass
class View:
    """A room, as one member sees it."""

    head: int = 0
    """All messages from `first` to this one are known."""
    first: int = 1
    texts: dict[int, tuple[str, str]] = field(default_factory=dict)
    """(sender, text) by number."""
    stale: bool = True
    """True until `resume` has answered on this connection; new messages are held until then."""
    after: int | None = None
    """The number after which the `resume` under way asks for messages."""
    held: list[Live] = field(default_factory=list)
    live: int | None = None
    """The last number that came by itself on this connection."""
    resets: int = 0
    is_mine: bool = True


@dataclass
class Vote:
    question: str
    round: int
    choice: str
    sent: float
    first_sent: float
    counted: Counted | None = None
    refused: str = ""


class Replay:
    """The state of one client after each entry. `violations` are sentences."""

    def __init__(self, record: Record) -> None:
        self.name = record.name
        self.student = record.student
        self.violations: list[str] = []
        self.views: dict[str, View] = {}
        self.sent: dict[str, Sent] = {}
        self.acknowledged: dict[str, Live] = {}
        self.votes: dict[str, Vote] = {}
        self.phase, self.epoch = "", 0
        self.connections = 0
        self.delivered = 0
        self.resumed = 0
        self._times_sent: Counter[str] = Counter()
        # These two are for the current connection.
        self._times_here: Counter[str] = Counter()
        self._copies: Counter[str] = Counter()
        self._told: int | None = None
        self._has_snapshot = False
        for entry in record.entries:
            self.feed(entry)

    def feed(self, entry: Entry) -> None:
        match entry:
            case Opened():
                self._opened()
            case Closed(code=code):
                # 4429 closes slow readers, 4400 senders of malformed frames.
                if code in (4400, 4401, 4403, 4408, 4429, 1011, 1002, 1003, 1007, 1009):
                    self._violated(f"was closed with {code}")
            case Live():
                self._live(entry)
            case Added(room=room):
                self.views.setdefault(room, View()).is_mine = True
            case Removed(room=room):
                if (view := self.views.get(room)) is not None:
                    view.is_mine = False
                    view.stale, view.live, view.held = True, None, []
            case Asked():
                self.views.setdefault(entry.room, View()).after = entry.after
            case Resumed():
                self._resumed(entry)
            case Sent():
                self.sent.setdefault(entry.uuid, entry)
                self._times_sent[entry.uuid] += 1
                self._times_here[entry.uuid] += 1
            case Refused(uuid=uuid, code=code):
                if code not in EXPECTED:
                    self._violated(f"the message {uuid} was refused with {code}")
            case Told():
                self._control(entry)
            case Snapshot():
                self._snapshot(entry)
            case Voted():
                self._voted(entry)
            case Counted(uuid=uuid):
                self.votes[uuid].counted = entry
            case NotCounted(uuid=uuid, code=code):
                self.votes[uuid].refused = code
                if code not in VOTE_EXPECTED:
                    self._violated(f"the vote {uuid} was refused with {code}")

    def _violated(self, what: str) -> None:
        self.violations.append(f"{self.name}: {what}")

    def _opened(self) -> None:
        self.connections += 1
        self._times_here.clear()
        self._copies.clear()
        self._told = None
        self._has_snapshot = False
        for view in self.views.values():
            view.stale, view.live, view.after, view.held = True, None, None, []

    # --- messages --------------------------------------------------------------------------

    def _live(self, entry: Live) -> None:
        again = False
        if entry.sender == self.name and entry.uuid in self._times_sent:
            self._acknowledged(entry)
            again = self._times_sent[entry.uuid] > 1
        view = self.views.setdefault(entry.room, View())
        if not self.student and view.live is None:
            # A socket without `resume` knows a room from where it came in.
            view.stale, view.first, view.head = False, entry.seq, entry.seq - 1
            view.texts.clear()
        if again:
            # The answer is the event, a frame of its own, or both in any order.
            if view.live is not None and entry.seq == view.live + 1:
                view.live = entry.seq
            if view.stale:
                view.held.append(entry)
            elif entry.seq == view.head + 1:
                self._know(view, entry)
            return
        if view.live is not None and entry.seq != view.live + 1:
            what = "came again or too late" if entry.seq <= view.live else "left a hole"
            self._violated(f"{entry.room}: {entry.seq} {what} after {view.live}")
        view.live = max(entry.seq, view.live or 0)
        if view.stale:
            view.held.append(entry)
        else:
            self._follow(view, entry)

    def _follow(self, view: View, entry: Live) -> None:
        if entry.seq == view.head + 1:
            self._know(view, entry)
        elif entry.seq > view.head:
            self._violated(f"{entry.room}: a hole between {view.head} and {entry.seq}")
            view.head = entry.seq - 1
            self._know(view, entry)

    def _know(self, view: View, entry: Live) -> None:
        view.head = entry.seq
        view.texts[entry.seq] = (entry.sender, entry.text)
        self.delivered += 1

    def _acknowledged(self, entry: Live) -> None:
        before = self.acknowledged.setdefault(entry.uuid, entry)
        if (before.room, before.seq) != (entry.room, entry.seq):
            self._violated(f"{entry.uuid} is number {before.seq}, and {entry.seq}")
        # Each connection brings one event, and each repetition of the command one answer.
        self._copies[entry.uuid] += 1
        most = self._times_here[entry.uuid] + (self._times_sent[entry.uuid] > 1)
        if self._copies[entry.uuid] > max(most, 1):
            self._violated(f"{entry.uuid} came {self._copies[entry.uuid]} times")

    def _resumed(self, entry: Resumed) -> None:
        view = self.views[entry.room]
        after, view.after, view.stale = view.after, None, False
        if after is None:
            self._violated(f"{entry.room}: an answer to no `resume`")
            return
        seqs = [seq for seq, _, _ in entry.messages]
        if entry.reset:
            view.resets += 1
            view.texts.clear()
            view.first = seqs[0] if seqs else 1
            if entry.last_seq >= after and entry.last_seq - after <= RESUME_LIMIT:
                self._violated(f"{entry.room}: a reset from {after} to {entry.last_seq}")
        if seqs != list(range(view.first if entry.reset else after + 1, entry.last_seq + 1)):
            self._violated(f"{entry.room}: resumed after {after} with {seqs}, to {entry.last_seq}")
        for seq, sender, text in entry.messages:
            view.texts[seq] = (sender, text)
        view.head = entry.last_seq
        self.resumed += len(seqs)
        held, view.held = view.held, []
        for waiting in held:
            if self._times_sent[waiting.uuid] > 1 and waiting.seq > view.head + 1:
                continue  # the answer to what was sent again, ahead of the event
            self._follow(view, waiting)

    # --- the class -------------------------------------------------------------------------

    def _control(self, entry: Told) -> None:
        step = 0 if entry.message == "announce" else 1
        if self._told is not None and entry.epoch != self._told + step:
            self._violated(f"{entry.message} of epoch {entry.epoch} came after {self._told}")
        self._told = entry.epoch
        if self._has_snapshot and entry.epoch > self.epoch + step:
            self._violated(f"{entry.message} of epoch {entry.epoch} came after {self.epoch}")
        if entry.epoch < self.epoch:
            return  # on its way when the snapshot was made
        self._stand(entry.phase, entry.epoch)

    def _snapshot(self, entry: Snapshot) -> None:
        self._has_snapshot = True
        if entry.epoch < entry.known:
            self._violated(f"a snapshot went back from epoch {entry.known} to {entry.epoch}")
        # An event may have overtaken it.
        if entry.epoch >= self.epoch:
            self._stand(entry.phase, entry.epoch)

    def _stand(self, phase: str, epoch: int) -> None:
        if epoch == self.epoch and self.phase not in ("", phase):
            self._violated(f"epoch {epoch} is {self.phase}, and {phase}")
        self.phase, self.epoch = phase, epoch

    def _voted(self, entry: Voted) -> None:
        known = self.votes.get(entry.uuid)
        if known is None:
            self.votes[entry.uuid] = Vote(
                entry.question, entry.round, entry.choice, entry.at, entry.at
            )
        else:
            known.sent = entry.at
