"""The checker on logs made up by hand: a class without a fault, then one with each fault."""

import copy
import dataclasses

import pytest

from tests.faults.checker import CLOSED_WITHIN, check
from tests.faults.ledger import Stored, StoredMessage, StoredRoom, StoredRound, StoredVote
from tests.faults.record import (
    Asked,
    Closed,
    Counted,
    Live,
    NotCounted,
    Opened,
    Record,
    Refused,
    Resumed,
    Sent,
    Snapshot,
    Told,
    Voted,
)

ROOM, HELP = "course-room", "help-room"
QUESTION = {"question": "q0"}


def control(seq, epoch, text, phase, deadline, at):
    fields = {
        "epoch": epoch,
        "phase": phase,
        "deadline": deadline,
        "question": QUESTION,
        "round": 1,
    }
    return StoredMessage(seq, "tess", f"control-{seq}", "control", text, fields, at)


@pytest.fixture
def stored():
    """A round that is opened at 10 s, has its deadline at 20 s and is closed then."""
    course = StoredRoom("course", 5, archived=False, members={"ada", "bea"})
    course.messages = [
        control(1, 1, "enableVote", "vote", 20.0, 10.0),
        StoredMessage(2, "ada", "a1", "text", "one", None, 11.0),
        StoredMessage(3, "bea", "b1", "text", "two", None, 12.0),
        StoredMessage(4, "ada", "a2", "text", "three", None, 19.0),
        control(5, 2, "stopVote", "vote_closed", None, 20.5),
    ]
    round_ = StoredRound("q0", 1, 10.0, 20.5, {"ada": StoredVote("B", "v2", 15.0)})
    return Stored(
        {ROOM: course, HELP: StoredRoom("open", 0, archived=False, members={"ada"})},
        [round_],
        "vote_closed",
        2,
    )


@pytest.fixture
def records():
    """`ada` loses her connection when `a2` is stored and not acknowledged; `bea` stays."""
    ada = [
        *arrival(1.0, {ROOM: 0, HELP: 0}, ROOM, []),
        *came(10.0, 1, "control-1", "tess", "enableVote"),
        Told(10.0, "enableVote", "vote", 1),
        Sent(10.9, "a1", ROOM, "one"),
        *came(11.1, 2, "a1", "ada", "one"),
        Voted(12.0, "v1", "q0", 1, "A"),
        *came(12.0, 3, "b1", "bea", "two"),
        Counted(12.1, "v1", 1, "A"),
        Voted(14.9, "v2", "q0", 1, "B"),
        Counted(15.1, "v2", 1, "B"),
        Sent(18.9, "a2", ROOM, "three"),
        Closed(19.0, 1006),
        Opened(20.0),
        Asked(20.0, ROOM, 3),
        Asked(20.0, HELP, 0),
        # Comes before the answer to `resume`, which overlaps it.
        *came(20.6, 5, "control-5", "tess", "stopVote"),
        Told(20.6, "stopVote", "vote_closed", 2),
        Resumed(20.7, ROOM, ((4, "ada", "three"), (5, "tess", "stopVote")), 5, reset=False),
        Resumed(20.7, HELP, (), 0, reset=False),
        Snapshot(20.8, "vote_closed", 2, 2),
        Sent(20.8, "a2", ROOM, "three"),
        *came(20.9, 4, "a2", "ada", "three"),
        Voted(21.0, "v3", "q0", 1, "C"),
        NotCounted(21.1, "v3", "round_closed"),
    ]
    bea = [
        *arrival(1.0, {ROOM: 0}, ROOM, []),
        *came(10.0, 1, "control-1", "tess", "enableVote"),
        Told(10.0, "enableVote", "vote", 1),
        *came(11.0, 2, "a1", "ada", "one"),
        Sent(11.9, "b1", ROOM, "two"),
        *came(12.0, 3, "b1", "bea", "two"),
        *came(19.0, 4, "a2", "ada", "three"),
        *came(20.5, 5, "control-5", "tess", "stopVote"),
        Told(20.5, "stopVote", "vote_closed", 2),
    ]
    return {"ada": Record("ada", entries=ada), "bea": Record("bea", entries=bea)}


def arrival(at, rooms, room, messages):
    asked = [Asked(at, name, after) for name, after in rooms.items()]
    answers = [Resumed(at, name, (), 0, reset=False) for name in rooms]
    return [Opened(at), *asked, *answers, Snapshot(at, "idle", 0, 0)]


def came(at, seq, uuid, sender, text):
    return [Live(at, ROOM, seq, uuid, sender, text)]


def violations(records, stored):
    return check(records.values(), stored)


def drop(records, name, kind, **fields):
    """Take the entry with these fields out of a log, and return where it was."""
    entries = records[name].entries
    (index,) = [
        index
        for index, entry in enumerate(entries)
        if isinstance(entry, kind)
        and all(getattr(entry, key) == value for key, value in fields.items())
    ]
    return index, entries.pop(index)


def change(records, name, kind, new, **fields):
    """Change what the entry with these fields says."""
    index, entry = drop(records, name, kind, **fields)
    records[name].entries.insert(index, dataclasses.replace(entry, **new))


def test_a_class_without_a_fault(records, stored):
    assert violations(records, stored) == []


# --- what is stored ------------------------------------------------------------------------------


def test_a_number_is_missing(records, stored):
    del stored.rooms[ROOM].messages[2]
    assert any("5 is the last number" in one for one in violations(records, stored))


def test_a_message_is_stored_twice(records, stored):
    room = stored.rooms[HELP]
    room.messages = [StoredMessage(n, "ada", "x", "text", "x", None, 5.0) for n in (1, 2)]
    room.last_seq = 2
    assert f"{HELP}: x of ada is stored 2 times" in violations(records, stored)


def test_an_acknowledged_message_is_not_stored(records, stored):
    stored.rooms[ROOM].messages.pop(1)
    assert "ada: a1 was acknowledged, and is not stored" in violations(records, stored)


def test_a_message_is_stored_with_another_text(records, stored):
    stored.rooms[ROOM].messages[1].text = "One"
    assert "ada: a1 is stored with another text" in violations(records, stored)


def test_a_message_is_acknowledged_for_another(records, stored):
    stored.rooms[ROOM].messages[1].uuid = "b9"
    found = violations(records, stored)
    assert "ada: a1 was acknowledged with the number of b9" in found


@pytest.mark.parametrize("created", [10.0, 3611.0])
def test_a_time_that_is_the_clients(records, stored, created):
    stored.rooms[ROOM].messages[1].created = created
    assert "ada: a1 is stored with a time when it was not under way" in violations(records, stored)


def test_a_room_of_theirs_is_refused(records, stored):
    records["ada"].entries += [Sent(22.0, "a3", HELP, "x"), Refused(22.1, "a3", "invalid_room_id")]
    assert violations(records, stored) == [f"ada: was refused the room {HELP} of theirs"]
    stored.rooms[HELP].archived = True
    assert violations(records, stored) == []


@pytest.mark.parametrize("code", ["invalid_message_format", "uuid_reused", "permission_denied"])
def test_a_message_is_refused_without_reason(records, stored, code):
    records["ada"].entries += [Sent(22.0, "a3", ROOM, "x"), Refused(22.1, "a3", code)]
    assert violations(records, stored) == [f"ada: the message a3 was refused with {code}"]


# --- what is seen --------------------------------------------------------------------------------


def test_a_hole_in_what_comes(records, stored):
    drop(records, "bea", Live, seq=2)
    assert f"bea: {ROOM}: 3 left a hole after 1" in violations(records, stored)


def test_a_message_comes_twice(records, stored):
    index, entry = drop(records, "bea", Live, seq=2)
    records["bea"].entries[index:index] = [entry, entry]
    assert f"bea: {ROOM}: 2 came again or too late after 2" in violations(records, stored)


def test_messages_change_places(records, stored):
    index, entry = drop(records, "bea", Live, seq=4)
    records["bea"].entries.insert(index - 1, entry)
    assert f"bea: {ROOM}: 4 left a hole after 2" in violations(records, stored)


def test_the_last_message_does_not_come(records, stored):
    drop(records, "bea", Live, seq=5)
    assert violations(records, stored) == [f"bea: {ROOM} ends with 4 and not with 5"]


def test_a_room_that_a_member_hears_nothing_of(records, stored):
    stored.rooms[HELP].members.add("bea")
    assert violations(records, stored) == [f"bea: knows nothing of open room {HELP}"]


def test_another_text_is_seen(records, stored):
    change(records, "bea", Live, {"text": "TWO"}, seq=3)
    assert f"bea: {ROOM} 3 was seen as 'TWO'" in violations(records, stored)


def test_a_message_is_seen_that_is_not_stored(records, stored):
    records["bea"].entries += came(22.0, 6, "x", "ada", "x")
    assert f"bea: {ROOM} 6 was seen as 'x'" in violations(records, stored)


def test_resume_leaves_a_message_out(records, stored):
    change(records, "ada", Resumed, {"messages": ((5, "tess", "stopVote"),)}, room=ROOM, last_seq=5)
    assert any("resumed after 3 with [5]" in one for one in violations(records, stored))


def test_resume_does_not_reach_what_came_meanwhile(records, stored):
    change(records, "ada", Resumed, {"messages": (), "last_seq": 3}, room=ROOM, last_seq=5)
    assert f"ada: {ROOM}: a hole between 3 and 5" in violations(records, stored)


def test_resume_begins_anew_without_need(records, stored):
    change(records, "ada", Resumed, {"reset": True}, room=ROOM, last_seq=5)
    assert violations(records, stored) == [f"ada: {ROOM}: a reset from 3 to 5"]


def test_what_is_sent_again_comes_too_often(records, stored):
    index, entry = drop(records, "ada", Live, seq=4)
    records["ada"].entries[index:index] = [entry, entry, entry]
    assert "ada: a2 came 3 times" in violations(records, stored)


def test_what_is_sent_again_gets_another_number(records, stored):
    drop(records, "ada", Resumed, room=ROOM, last_seq=5)
    records["ada"].entries += [
        Resumed(20.7, ROOM, ((4, "ada", "three"), (5, "tess", "stopVote")), 5, reset=False),
        *came(22.0, 6, "a2", "ada", "three"),
    ]
    assert "ada: a2 is number 4, and 6" in violations(records, stored)


def test_an_answer_may_be_ahead_of_the_event(records, stored):
    """Sent again before the two that came before it were told."""
    entries = records["ada"].entries
    entries += [
        Sent(22.0, "a3", ROOM, "x"),
        Sent(22.0, "a3", ROOM, "x"),
        *came(22.1, 7, "a3", "ada", "x"),
        *came(22.2, 6, "b2", "bea", "y"),
        *came(22.3, 7, "a3", "ada", "x"),
    ]
    records["bea"].entries += [
        Sent(22.0, "b2", ROOM, "y"),
        *came(22.2, 6, "b2", "bea", "y"),
        *came(22.3, 7, "a3", "ada", "x"),
    ]
    room = stored.rooms[ROOM]
    room.messages += [
        StoredMessage(6, "bea", "b2", "text", "y", None, 22.0),
        StoredMessage(7, "ada", "a3", "text", "x", None, 22.05),
    ]
    room.last_seq = 7
    assert violations(records, stored) == []


@pytest.mark.parametrize("code", [1011, 4400, 4429])
def test_a_socket_is_closed_for_what_its_client_did_not_do(records, stored, code):
    change(records, "ada", Closed, {"code": code}, code=1006)
    assert violations(records, stored) == [f"ada: was closed with {code}"]


# --- the class -----------------------------------------------------------------------------------


def test_a_transition_does_not_come(records, stored):
    drop(records, "bea", Told, epoch=2)
    assert violations(records, stored) == [
        "bea: is in vote of epoch 1, the class in vote_closed of 2"
    ]


def test_transitions_change_places(records, stored):
    index, entry = drop(records, "bea", Told, epoch=2)
    records["bea"].entries.insert(index - 6, entry)
    found = violations(records, stored)
    assert any(one.startswith("bea: ") and "came after" in one for one in found)


def test_a_snapshot_of_the_past(records, stored):
    change(records, "ada", Snapshot, {"epoch": 1, "phase": "vote"}, known=2)
    assert violations(records, stored) == ["ada: a snapshot went back from epoch 2 to 1"]


def test_a_snapshot_may_be_overtaken_by_an_event(records, stored):
    change(records, "ada", Snapshot, {"epoch": 1, "phase": "vote", "known": 1}, known=2)
    assert violations(records, stored) == []


def test_an_epoch_is_missing_in_the_database(records, stored):
    del stored.rooms[ROOM].messages[4]
    stored.rooms[ROOM].last_seq = 4
    assert any("the epoch is 2, and there are 1" in one for one in violations(records, stored))


def test_a_round_is_closed_too_late(records, stored):
    late = CLOSED_WITHIN + 1
    stored.rooms[ROOM].messages[4].created = 20.0 + late
    expected = [f"a round was closed {late:.1f} s after its deadline"]
    assert violations(records, stored) == expected
    assert check(records.values(), stored, unavailable=2.0) == []


def test_a_round_is_never_closed(records, stored):
    del stored.rooms[ROOM].messages[4]
    stored.rooms[ROOM].last_seq = 4
    assert "the last round has a deadline and was never closed" in violations(records, stored)


# --- votes ---------------------------------------------------------------------------------------


def test_an_acknowledged_vote_is_not_stored(records, stored):
    stored.rounds[0].votes.clear()
    assert violations(records, stored) == ["ada: v2 was acknowledged, and no vote is stored"]


def test_an_earlier_vote_is_stored(records, stored):
    stored.rounds[0].votes["ada"] = StoredVote("A", "v1", 12.0)
    assert violations(records, stored) == [
        "ada: the vote v1 is stored, and a later one was acknowledged"
    ]


def test_a_later_vote_without_acknowledgement_may_be_stored(records, stored):
    drop(records, "ada", Counted, uuid="v2")
    assert violations(records, stored) == []


def test_a_vote_is_stored_with_another_choice(records, stored):
    stored.rounds[0].votes["ada"].choice = "D"
    assert violations(records, stored) == ["ada: the vote v2 is stored with another choice"]


def test_a_vote_is_stored_that_nobody_cast(records, stored):
    stored.rounds[0].votes["ada"].uuid = "x"
    assert violations(records, stored) == ["ada: a vote x is stored that was not sent"]


def test_a_vote_after_the_close_is_acknowledged(records, stored):
    index, _ = drop(records, "ada", NotCounted, uuid="v3")
    records["ada"].entries.insert(index, Counted(21.1, "v3", 1, "C"))
    assert violations(records, stored) == [
        "ada: the vote v3 was acknowledged, and no such round was open"
    ]


def test_a_vote_between_deadline_and_close_counts(records, stored):
    stored.rounds[0].votes["ada"].cast = 20.25
    assert violations(records, stored) == ["ada: a vote counts that was cast 0.250 s after the end"]


def test_the_logs_are_not_changed(records, stored):
    before = copy.deepcopy((records, stored))
    violations(records, stored)
    assert (records, stored) == before
