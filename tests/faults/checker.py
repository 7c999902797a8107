"""The guarantees of the contract, which must hold after any fault: one function each."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tests.faults.ledger import Stored, StoredMessage, StoredRoom, StoredRound
from tests.faults.record import Record, Refused, Sent
from tests.faults.replay import Replay
from tests.pace import patient

CLOSED_WITHIN = patient(2.0)
"""Seconds after its deadline in which a round is closed."""

CLOCK = 0.01
"""Seconds by which two readings of the clock may be apart."""


def check(records: Iterable[Record], stored: Stored, *, unavailable: float = 0.0) -> list[str]:
    """The violations, as sentences.

    `unavailable` are the seconds for which the database was away: so much later may a round be
    closed.
    """
    replays = [Replay(record) for record in records]
    found = [*_numbers(stored), *_once(stored), *_class(stored, CLOSED_WITHIN + unavailable)]
    for replay in replays:
        found += replay.violations
        found += _acknowledged(replay, stored)
        found += _views(replay, stored)
        found += _phases(replay, stored)
        found += _votes(replay, stored)
    for record in records:
        found += _refused(record, stored)
    return found


def _numbers(stored: Stored) -> Iterator[str]:
    """Check that the numbers of a room are 1, 2, 3 ... up to its newest one."""
    for name, room in stored.rooms.items():
        seqs = [message.seq for message in room.messages]
        if seqs != list(range(1, room.last_seq + 1)):
            yield f"{name}: {room.last_seq} is the last number, and there are {_short(seqs)}"


def _once(stored: Stored) -> Iterator[str]:
    """Check that a sender has only one message under each uuid in a room."""
    for name, room in stored.rooms.items():
        for (sender, uuid), number in Counter((m.sender, m.uuid) for m in room.messages).items():
            if number > 1:
                yield f"{name}: {uuid} of {sender} is stored {number} times"


def _acknowledged(replay: Replay, stored: Stored) -> Iterator[str]:
    """Check that acknowledged messages are stored as sent, and that all sent are acknowledged."""
    for uuid, frame in replay.acknowledged.items():
        message = _message(stored, frame.room, frame.seq)
        if message is None:
            yield f"{replay.name}: {uuid} was acknowledged, and is not stored"
        elif (message.sender, message.uuid) != (replay.name, uuid):
            yield f"{replay.name}: {uuid} was acknowledged with the number of {message.uuid}"
        elif message.text != replay.sent[uuid].text or frame.text != message.text:
            yield f"{replay.name}: {uuid} is stored with another text"
        elif not replay.sent[uuid].at - CLOCK <= message.created <= frame.at + CLOCK:
            yield f"{replay.name}: {uuid} is stored with a time when it was not under way"


def _views(replay: Replay, stored: Stored) -> Iterator[str]:
    """Check that everyone has all messages of their rooms without a gap, with the stored texts."""
    for name, view in replay.views.items():
        room = stored.rooms.get(name)
        if room is None:
            if view.texts:
                yield f"{replay.name}: saw messages of {name}, which is not stored"
            continue
        if view.texts and sorted(view.texts) != list(range(view.first, view.head + 1)):
            yield f"{replay.name}: {name} is not one run: {_short(sorted(view.texts))}"
        for seq, seen in view.texts.items():
            message = _message(stored, name, seq)
            if message is None or (message.sender, message.text) != seen:
                yield f"{replay.name}: {name} {seq} was seen as {seen[1][:40]!r}"
    if not replay.student:
        return
    for name, room in stored.rooms.items():
        if room.archived or replay.name not in room.members:
            continue
        found = replay.views.get(name)
        if found is None:
            yield f"{replay.name}: knows nothing of {room.kind} room {name}"
        elif found.head != room.last_seq:
            yield f"{replay.name}: {name} ends with {found.head} and not with {room.last_seq}"


def _refused(record: Record, stored: Stored) -> Iterator[str]:
    """Check that a room is refused only to those who are not in it any more."""
    rooms = {entry.uuid: entry.room for entry in record.entries if isinstance(entry, Sent)}
    for entry in record.entries:
        if isinstance(entry, Refused) and entry.code == "invalid_room_id":
            room = stored.rooms.get(rooms[entry.uuid])
            if room is not None and not room.archived and record.name in room.members:
                yield f"{record.name}: was refused the room {rooms[entry.uuid]} of theirs"


# --- the class ---------------------------------------------------------------------------------


def _transitions(stored: Stored) -> list[tuple[StoredMessage, dict[str, object]]]:
    """Return the control messages of the course's room."""
    return [
        (message, message.control or {})
        for room in stored.rooms.values()
        if room.kind == "course"
        for message in room.messages
        if message.kind == "control"
    ]


def _class(stored: Stored, within: float) -> Iterator[str]:
    """Check that epochs rise with message numbers, and that rounds close at their deadline."""
    transitions = _transitions(stored)
    epochs = [fields["epoch"] for _, fields in transitions]
    if epochs != list(range(1, stored.epoch + 1)):
        yield f"the epoch is {stored.epoch}, and there are {_short(epochs)}"
    deadline: float | None = None
    for message, fields in transitions:
        if deadline is not None:
            if message.text == "stopVote" and message.created > deadline + within:
                yield f"a round was closed {message.created - deadline:.1f} s after its deadline"
            elif message.text not in ("stopVote", "countDownAndStop"):
                yield f"{message.text} came in a round with a deadline"
        found = fields["deadline"]
        assert found is None or isinstance(found, float | int)
        deadline = found
    if deadline is not None:
        yield "the last round has a deadline and was never closed"
    for round_, end in _ends(stored):
        for user, vote in round_.votes.items():
            if vote.cast > end:
                yield f"{user}: a vote counts that was cast {vote.cast - end:.3f} s after the end"


def _ends(stored: Stored) -> Iterator[tuple[StoredRound, float]]:
    """Yield each round and the time of its end: its deadline, or an earlier close."""
    deadlines: dict[tuple[object, object], float] = {}
    for _, fields in _transitions(stored):
        question, deadline = fields["question"], fields["deadline"]
        if isinstance(question, dict) and isinstance(deadline, float | int):
            deadlines[question["question"], fields["round"]] = deadline
    for round_ in stored.rounds:
        never = float("inf")
        closed = never if round_.closed is None else round_.closed
        yield round_, min(closed, deadlines.get((round_.question, round_.number), never))


def _phases(replay: Replay, stored: Stored) -> Iterator[str]:
    """Check that everyone knows the phase of the class at the end."""
    if replay.epoch != stored.epoch or replay.phase != stored.phase:
        yield (
            f"{replay.name}: is in {replay.phase} of epoch {replay.epoch}, "
            f"the class in {stored.phase} of {stored.epoch}"
        )


def _votes(replay: Replay, stored: Stored) -> Iterator[str]:
    """Check that the last acknowledged vote counts, or a later one, and none that came too late.

    A vote names no round: it belongs to the one that was open when it was under way.
    """
    votes = sorted(replay.votes.items(), key=lambda item: item[1].first_sent)
    last: dict[int, int] = {}
    ends = list(_ends(stored))
    for number, (uuid, vote) in enumerate(votes):
        if vote.counted is None:
            continue
        open_then = [
            index
            for index, (round_, end) in enumerate(ends)
            if round_.number == vote.counted.round
            and round_.opened <= vote.counted.at + CLOCK
            and vote.first_sent <= end + CLOCK
        ]
        if not open_then:
            yield f"{replay.name}: the vote {uuid} was acknowledged, and no such round was open"
        elif len(open_then) == 1:
            last[open_then[0]] = number
    for index, (round_, _) in enumerate(ends):
        kept = round_.votes.get(replay.name)
        if index in last and kept is None:
            yield f"{replay.name}: {votes[last[index]][0]} was acknowledged, and no vote is stored"
        if kept is None:
            continue
        sent = replay.votes.get(kept.uuid)
        if sent is None:
            yield f"{replay.name}: a vote {kept.uuid} is stored that was not sent"
        elif sent.choice != kept.choice:
            yield f"{replay.name}: the vote {kept.uuid} is stored with another choice"
        elif index in last and sent.first_sent < votes[last[index]][1].first_sent:
            yield f"{replay.name}: the vote {kept.uuid} is stored, and a later one was acknowledged"


def _message(stored: Stored, room: str, seq: int) -> StoredMessage | None:
    found = stored.rooms.get(room, StoredRoom("", 0, archived=True)).messages
    # The message is at its place, unless numbers are missing.
    if 0 < seq <= len(found) and found[seq - 1].seq == seq:
        return found[seq - 1]
    return next((message for message in found if message.seq == seq), None)


def _short(values: Sequence[object]) -> str:
    first, last = (", ".join(map(str, part)) for part in (values[:3], values[-3:]))
    return f"{len(values)} ({first} ... {last})"
