"""Several devices of a student: an act on one of them reaches the others, and nobody else."""

import asyncio
import itertools
import json
import random

import pytest

from rooms.actions import moderation
from rooms.models import Draft, Question, Vote
from tests.client import barrier
from tests.rooms.api.wire import Wire, waiting_requests
from tests.rooms.cast import in_thread, make_question, store
from tests.rooms.lesson import lead

HERE = {"question": "force", "round": 1}


@pytest.fixture
async def devices(cast):
    """The dashboard of a class that votes, two sockets of ada at two workers, and one of bea."""
    board = await cast.dashboard(worker=0)
    await lead(board, "vote")
    first = await cast.chat(cast.ada, worker=0)
    second = await cast.chat(cast.ada, worker=1)
    return board, first, second, await cast.chat(cast.bea)


@pytest.fixture
def wire(cast):
    return Wire(cast.hall)


def told(client, *actions):
    """The events of these kinds that a socket got, in order."""
    return [
        frame
        for frame in map(json.loads, client.raw)
        if frame["action"] in actions and "status" not in frame
    ]


async def test_a_vote_reaches_all_sockets_of_its_user(cast, devices):
    board, first, second, bea = devices
    for client, choice in ((first, "A"), (second, "C")):
        reply = await client.ask(
            "vote", course=cast.course.slug, choice=choice, confidence=2, rationale="\nso "
        )
        vote = {
            "choice": choice,
            "confidence": 2,
            "rationale": "so",
            "cast_at": reply["cast_at"],
        }
        for each in (first, second):
            event = await each.event("voted")
            assert event == {"action": "voted", "course": cast.course.slug, **HERE, "vote": vote}
            state = await each.ask("state", course=cast.course.slug)
            assert state["votes"] == [vote, None]
    await barrier(bea, cast.room, first, second)
    assert told(bea, "voted") == told(board, "voted") == []


async def test_the_last_of_contradictory_votes_is_the_one_with_the_latest_time(cast, devices):
    """Events of two workers may arrive in any order; their times tell which vote counts."""
    _, first, second, _ = devices

    async def press(client):
        for _ in range(8):
            choice = random.choice("ABCD")
            await client.command("vote", course=cast.course.slug, choice=choice)

    await asyncio.gather(press(first), press(second))
    for sender in (first, second):
        await barrier(sender, cast.room, first, second)
    stored = Vote.objects.get(user=cast.ada.user)
    for client in (first, second):
        events = told(client, "voted")
        assert len({event["vote"]["cast_at"] for event in events}) == 16
        last = max(events, key=lambda event: event["vote"]["cast_at"])
        assert last["vote"]["choice"] == stored.choice


async def test_a_draft_reaches_all_sockets_of_its_user_and_nobody_else(cast, devices):
    board, first, second, bea = devices
    course = cast.course.slug
    chosen = {"choice": "C", "confidence": 5, "rationale": "secret of ada"}
    reply = await first.ask("draft", course=course, **HERE, **chosen)
    assert reply == {"round": 1, "kept": True, "sent_at": reply["sent_at"]}
    draft = {**chosen, "sent_at": reply["sent_at"]}
    for each in (first, second):
        event = await each.event("drafted")
        assert event == {"action": "drafted", "course": course, **HERE, "draft": draft}
        assert (await each.ask("state", course=course))["draft"] == draft
    assert (await bea.ask("state", course=course))["draft"] is None
    assert (await board.ask("figures"))["votes"] == [0, 0]
    # The other device votes. The first does not know of that vote when it sends its next draft.
    await second.ask("vote", course=course, choice="A")
    late = await first.ask("draft", course=course, **HERE, choice="D")
    assert late == {"round": 1, "kept": False, "sent_at": None}
    assert (await first.ask("state", course=course))["draft"] is None
    await board.ask("stop_vote")
    await barrier(bea, cast.room, first, second)
    for client in (bea, board):
        assert told(client, "voted", "drafted") == []
        assert not any(b"secret of ada" in raw for raw in client.raw)
    assert Vote.objects.get(user=cast.ada.user).choice == "A"


@pytest.mark.parametrize("how", ["stop_vote", "deadline"])
async def test_a_draft_counts_at_the_close(cast, devices, how):
    board, first, second, bea = devices
    course = cast.course.slug
    await first.ask("draft", course=course, **HERE, choice="C", confidence=3, rationale="so")
    if how == "stop_vote":
        assert await board.ask("stop_vote") == {"phase": "vote_closed", "epoch": 2}
    else:
        await board.ask("count_down_and_stop", seconds=1)
        await board.event("control", message="stopVote")
    for each in (first, second):
        event = await each.event("voted")
        assert (event["vote"]["choice"], event["vote"]["confidence"]) == ("C", 3)
        await each.event("control", message="stopVote")
        late = {**HERE, "choice": "D", "after": event["vote"]["cast_at"]}
        assert await each.fail("draft", course=course, **late) == {"error_code": "round_closed"}
    assert await bea.fail("draft", course=course, **HERE, choice="A") == {
        "error_code": "round_closed"
    }
    figures = await board.ask("figures")
    assert (figures["votes"], figures["histograms"][0]["C"]) == ([1, 0], 1)
    assert not Draft.objects.filter(user=cast.ada.user).exists()


async def test_the_close_is_announced_before_anything_is_shown(cast, devices):
    board, first, second, _ = devices
    name = await board.post("stop_vote")
    closing = await first.event("closing")
    assert closing["deadline"] >= closing["server_time"]
    assert {key: closing[key] for key in ("course", "epoch", "question", "round")} == {
        "course": cast.course.slug,
        "epoch": 1,
        **HERE,
    }
    reply = await board.reply(name, "stop_vote")
    assert (reply["phase"], reply["epoch"]) == ("vote_closed", 2)
    for client in (board, first, second):
        await client.event("control", message="stopVote")
        frames = told(client, "closing", "control")
        assert [one["action"] for one in frames][-2:] == ["closing", "control"]
        assert frames[-1]["server_time"] >= closing["deadline"]


# --- dashboards ----------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["add", "word", "remove"])
async def test_dashboards_are_told_of_changed_questions_and_students_are_not(cast, devices, change):
    board, first, _, _ = devices
    tess = await cast.dashboard(cast.tess, worker=1)

    def work():
        return Question.objects.get(course=cast.course, slug="work")

    match change:
        case "add":
            await in_thread(make_question, cast.course, "mass")
        case "word":
            await in_thread(lambda: work().choices.first().save())
        case "remove":
            await in_thread(lambda: work().delete())
    for client in (board, tess):
        event = await client.event("questions")
        assert event == {"action": "questions", "course": cast.course.slug}
    await barrier(first, cast.room)
    assert told(first, "questions") == []


# --- over HTTP -----------------------------------------------------------------------------------


@pytest.mark.parametrize("news", ["vote", "draft", "mute", "closing"])
async def test_a_request_that_waits_ends_when_the_state_changes(cast, devices, wire, news):
    """This includes a change that came just before the request."""
    board, first, _, _ = devices
    course = cast.course.slug
    path = f"rooms/{cast.room}/messages/?wait=20"

    async def cause(choice):
        match news:
            case "vote":
                await first.ask("vote", course=course, choice=choice)
            case "draft":
                await first.ask("draft", course=course, **HERE, choice=choice)
            case "mute":
                await in_thread(
                    moderation.mute,
                    user=cast.ines.user,
                    course=course,
                    username=cast.ada.name,
                    seconds=60,
                )
            case "closing":
                await board.post("stop_vote")

    def state():
        return wire.get(f"courses/{course}/state/", cast.ada)

    async def wait(since, after):
        return (await wire.get(f"{path}&after={after}&since={since}", cast.ada)).body

    # The sockets make both workers listen.
    after = (await wire.get(f"rooms/{cast.room}/messages/", cast.ada)).body["last_seq"]
    known = (await state()).body["server_time"]
    waiting = asyncio.create_task(wait(known, after))
    await waiting_requests(cast.hall.site)
    await cause("A")
    answer = await waiting
    assert answer.get("state_changed") or answer["results"]
    if news != "closing":
        assert (answer["state_changed"], answer["results"]) == (True, [])
        known = (await state()).body["server_time"]
        await cause("B")
        assert (await wait(known, after))["state_changed"]


async def test_a_worker_that_has_not_listened_reports_a_possible_change(cast, wire):
    """The state was read at one worker, and the request waits at another, new to the course."""
    board = await cast.dashboard(worker=0)
    await lead(board, "vote")
    ada = await cast.chat(cast.ada, worker=0)
    course = cast.course.slug
    messages = f"rooms/{cast.room}/messages/"

    async def known():
        return (await wire.get(f"courses/{course}/state/", cast.ada)).body["server_time"]

    async def wait(since, seconds):
        after = (await wire.get(messages, cast.ada)).body["last_seq"]
        query = {"after": after, "since": since, "wait": seconds}
        return (await wire.get(messages, cast.ada, query=query, worker=1)).body

    before = await known()
    await ada.ask("vote", course=course, choice="A")
    assert (await wait(before, 25))["state_changed"]
    assert "state_changed" not in await wait(await known(), 0.5)


async def test_votes_and_drafts_over_http(cast, devices, wire):
    board, first, _, _ = devices
    path = f"courses/{cast.course.slug}"
    body = {**HERE, "choice": "C", "confidence": 4, "rationale": "\nwhy "}
    answer = await wire.post(f"{path}/draft/", cast.ada, body)
    assert (answer.status, answer.body["kept"]) == (200, True)
    drafted = (await first.event("drafted"))["draft"]
    assert (drafted["choice"], drafted["rationale"]) == ("C", "why")
    vote = (await wire.post(f"{path}/vote/", cast.ada, {"choice": "A"})).body
    assert (await first.event("voted"))["vote"]["cast_at"] == vote["cast_at"]
    assert (await wire.post(f"{path}/draft/", cast.ada, body)).body["kept"] is False
    known = {**body, "after": vote["cast_at"]}
    assert (await wire.post(f"{path}/draft/", cast.ada, known)).body["kept"] is True
    await board.ask("stop_vote")
    assert (await wire.post(f"{path}/draft/", cast.ada, known)).body["error_code"] == "round_closed"
    state = (await wire.get(f"{path}/state/", cast.ada)).body
    assert (state["votes"][0]["choice"], state["draft"]) == ("C", None)


# --- rooms ---------------------------------------------------------------------------------------


async def rooms_of(client):
    fields = ("last_seq", "last_read_seq")
    rooms = (await client.ask("list_rooms"))["rooms"]
    return {one["room"]: {name: one[name] for name in fields} for one in rooms}


async def test_read_marks_and_joined_rooms_and_the_events_after_them_are_fresh_ones(cast):
    """The second of two sockets of ada learns what the first does."""
    first, second = await cast.chat(cast.ada, cast.ada)
    bea = await cast.chat(cast.bea)
    here, elsewhere = (str(cast.open_room(cast.bea, title=title).id) for title in ("Here", "There"))
    store(here, cast.bea, "before")
    known = await rooms_of(second)
    taken = len(second.raw)
    await first.ask("join_room", room=here)
    await first.ask("join_room", room=elsewhere)
    for number, room in itertools.product(range(3), (cast.room, here, elsewhere)):
        await bea.ask("new_message", room=room, text=f"{number}")
    await first.ask("mark_read", room=cast.room, seq=2)
    await first.ask("mark_read", room=here, seq=3)
    await first.ask("mark_read", room=here, seq=1)
    await first.ask("mark_read", room=elsewhere, seq=99)
    await first.ask("leave_room", room=elsewhere)
    for sender in (first, bea):
        await barrier(sender, cast.room, second)
    for frame in map(json.loads, second.raw[taken:]):
        match frame:
            case {"action": "room_added", "room": room}:
                known[room] = {name: frame[name] for name in ("last_seq", "last_read_seq")}
            case {"action": "room_removed", "room": room}:
                known[room]["last_read_seq"] = 0
            case {"action": "new_message", "room": room, "message": {"seq": seq, "user": user}}:
                before = known[room]
                own = user == cast.ada.body and before["last_read_seq"] == seq - 1
                known[room] = {
                    "last_seq": seq,
                    "last_read_seq": seq if own else before["last_read_seq"],
                }
            case {"action": "read", "room": room, "seq": seq}:
                assert seq > known[room]["last_read_seq"]
                known[room]["last_read_seq"] = seq
    assert known == await rooms_of(second)
    for each in known:
        if known[each]["last_read_seq"]:
            page = (await Wire(cast.hall).get(f"rooms/{each}/messages/", cast.ada)).body
            assert page["last_read_seq"] == known[each]["last_read_seq"]
    assert told(bea, "read") == []
    assert [(one["room"], one["seq"]) for one in told(second, "read")] == [
        (cast.room, 2),
        (here, 3),
        (elsewhere, 3),
    ]


async def test_a_mute_reaches_the_sockets_of_the_student(cast):
    first, second = await cast.chat(cast.ada, cast.ada)
    bea = await cast.chat(cast.bea)
    course = cast.course.slug
    who = {"user": cast.ines.user, "course": course, "username": cast.ada.name}
    enrollment = await in_thread(moderation.mute, **who, seconds=60)
    until = enrollment.muted_until.timestamp()
    for each in (first, second):
        assert await each.event("muted") == {"action": "muted", "course": course, "until": until}
        assert (await each.ask("state", course=course))["muted_until"] == until
    await in_thread(moderation.unmute, **who)
    for each in (first, second):
        assert (await each.event("muted"))["until"] is None
        assert (await each.ask("state", course=course))["muted_until"] is None
    await barrier(bea, cast.room, first, second)
    assert told(bea, "muted") == []
