"""Votes after the close: by a reload, a second tab, HTTP, an old uuid, a socket that was cut."""

import asyncio
import uuid

import pytest

from rooms.models import ClassSession, Round, UseLog, Vote
from tests.pace import patient
from tests.rooms.cast import eventually, make_question
from tests.rooms.lesson import lead


def stored(cast, number=1):
    """Return the stored votes of a round of the course by username."""
    votes = Vote.objects.filter(round__session__course=cast.course, round__number=number)
    return dict(votes.values_list("user__username", "choice"))


def cast_rows(cast):
    return UseLog.objects.filter(course_id=cast.course.slug, event="vote").count()


@pytest.fixture
async def voted(cast):
    """The dashboard of a class in which `ada` has voted A, her socket and the uuid of her vote."""
    board = await cast.dashboard()
    await lead(board, "vote")
    ada, name = await cast.chat(cast.ada), uuid.uuid4().hex
    await ada.ask("vote", course=cast.course.slug, choice="A", uuid=name)
    return board, ada, name


CLOSED = {"error_code": "round_closed"}


async def http(cast, visit, choice, **more):
    path, body = f"/api/courses/{cast.course.slug}/vote/", {"choice": choice, **more}
    by_token = await visit().send("POST", path, body=body, token=cast.ada.token)
    by_session = await visit(cast.ada).send("POST", path, body=body, csrf=True)
    return [(answer.status, answer.body.get("error_code")) for answer in (by_token, by_session)]


@pytest.mark.parametrize("how", ["stop_vote", "deadline"])
async def test_by_every_way_there_is(cast, voted, visit, how):
    board, ada, name = voted
    second_tab = await cast.chat(cast.ada)
    if how == "stop_vote":
        await board.ask("stop_vote")
    else:
        await board.ask("count_down_and_stop", seconds=1)
        closed = Round.objects.filter(session__course=cast.course, closed_at__isnull=False)
        await eventually(closed.exists)
    course = cast.course.slug
    reloaded = await cast.connect(
        "/ws/chat/", cookie=cast.ada.log_in(), origin=cast.hall.site.origin
    )
    later = await cast.connect("/ws/chat/")
    await later.ask("authenticate", token=cast.ada.token)
    for client in (ada, second_tab, reloaded, later):
        for choice in "AB":
            assert await client.fail("vote", course=course, choice=choice) == CLOSED
            # A repeated old vote is refused as well; the stored one stands.
            assert await client.fail("vote", course=course, choice=choice, uuid=name) == CLOSED
    for choice in "AB":
        assert await http(cast, visit, choice) == [(409, "round_closed")] * 2
        assert await http(cast, visit, choice, uuid=name) == [(409, "round_closed")] * 2
    # A student without a vote cannot vote late either.
    bea = await cast.chat(cast.bea)
    assert await bea.fail("vote", course=course, choice="A") == CLOSED
    assert stored(cast) == {cast.ada.name: "A"}
    assert cast_rows(cast) == 1


@pytest.mark.parametrize("phase", ["idle", "discuss", "revote_closed", "revealed"])
async def test_in_every_phase_that_takes_no_votes(cast, visit, phase):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    board = await cast.dashboard()
    await lead(board, phase, groups=phase != "idle")
    for client in (ada, bea):
        assert await client.fail("vote", course=cast.course.slug, choice="A") == CLOSED
    assert await http(cast, visit, "A") == [(409, "round_closed")] * 2
    assert cast_rows(cast) == 0


async def test_at_the_deadline(cast, voted, visit):
    """While the time runs out, votes come from all sides: exactly the acknowledged ones count."""
    board, ada, _ = voted
    people = [cast.ada, cast.bea, cast.carl]
    sockets = [ada, *(await cast.chat(cast.bea, cast.carl))]
    acknowledged: dict[str, str] = {}
    await board.ask("count_down_and_stop", seconds=2)
    deadline = ClassSession.objects.get(course=cast.course).deadline.timestamp()

    async def press(person, client):
        choices = 0
        while True:
            choice = "ABCD"[choices % 4]
            choices += 1
            if choices % 3:
                reply = await client.command("vote", course=cast.course.slug, choice=choice)
                code = reply.get("error_code")
            else:
                path = f"/api/courses/{cast.course.slug}/vote/"
                body = {"choice": choice}
                answer = await visit().send("POST", path, body=body, token=person.token)
                code = answer.body.get("error_code")
            if code == "round_closed":
                return
            if code is None:
                acknowledged[person.name] = choice
            else:
                assert code == "rate_limited"
            await asyncio.sleep(0.02)

    async with asyncio.timeout(patient(20)):
        await asyncio.gather(*(press(*both) for both in zip(people, sockets, strict=True)))
    round_ = Round.objects.get(session__course=cast.course)
    assert stored(cast) == acknowledged
    assert max(vote.cast_at.timestamp() for vote in round_.votes.all()) < deadline
    await eventually(lambda: Round.objects.filter(pk=round_.pk, closed_at__isnull=False).exists())
    assert stored(cast) == acknowledged


async def test_for_the_question_before(cast, visit):
    """A vote that was long delayed names the round for which it was meant."""
    board, ada = await cast.dashboard(), await cast.chat(cast.ada)
    make_question(cast.course, "mass")
    await lead(board, "revealed")
    await board.ask("start_question", question="mass")
    course = cast.course.slug
    for meant in ({"question": "force"}, {"question": "force", "round": 1}, {"round": 2}):
        assert await ada.fail("vote", course=course, choice="A", **meant) == CLOSED
        assert await http(cast, visit, "A", **meant) == [(409, "round_closed")] * 2
    assert cast_rows(cast) == 0
    meant = {"question": "mass", "round": 1}
    reply = await ada.ask("vote", course=course, choice="A", **meant)
    assert (reply["round"], reply["choice"]) == (1, "A")
    assert await http(cast, visit, "B", **meant) == [(200, None)] * 2
    for action in ("stop_vote", "start_revote"):
        await board.ask(action)
    assert await ada.fail("vote", course=course, choice="C", **meant) == CLOSED
    await ada.ask("vote", course=course, choice="D", question="mass", round=2)
    mass = Vote.objects.filter(round__question__slug="mass")
    assert sorted(mass.values_list("round__number", "choice")) == [(1, "B"), (2, "D")]


async def test_from_a_socket_that_is_cut_during_the_close(cast, voted):
    """Such a vote may or may not come in time; whichever was stored counts, and does not change."""
    board, ada, _ = voted
    for choice in "BCD":
        await ada.post("vote", course=cast.course.slug, choice=choice)
    ada.abort()
    await board.ask("stop_vote")
    counted = stored(cast)
    again = await cast.chat(cast.ada)
    state = await again.ask("state", course=cast.course.slug)
    assert state["votes"][0]["choice"] == counted[cast.ada.name]
    assert await again.fail("vote", course=cast.course.slug, choice="A") == CLOSED
    await board.settled()
    assert stored(cast) == counted


async def test_the_first_round_is_closed_for_good_in_the_second(cast, voted, visit):
    board, ada, name = voted
    for action in ("stop_vote", "start_revote"):
        await board.ask(action)
    reply = await ada.ask("vote", course=cast.course.slug, choice="B", uuid=name)
    assert (reply["round"], reply["choice"]) == (2, "B")
    assert await ada.fail("vote", course=cast.course.slug, choice="C", round=1) == CLOSED
    for extra in ({"round": 3}, {"question": 1}, {"session": 1}, {"epoch": 1}):
        refusal = await ada.fail("vote", course=cast.course.slug, choice="C", **extra)
        assert refusal == {"error_code": "invalid_message_format"}
        answers = await http(cast, visit, "C", **extra)
        assert answers == [(400, "invalid_message_format")] * 2
    assert (stored(cast), stored(cast, 2)) == ({cast.ada.name: "A"}, {cast.ada.name: "B"})


async def test_with_the_clock_of_the_client(cast, voted, visit):
    """No field of a vote can set its time."""
    board, ada, _ = voted
    await board.ask("stop_vote")
    for extra in ({"timestamp": 0}, {"time": 0}, {"cast_at": "2020-01-01T00:00:00Z"}):
        refusal = await ada.fail("vote", course=cast.course.slug, choice="B", **extra)
        assert refusal == {"error_code": "invalid_message_format"}
        assert await http(cast, visit, "B", **extra) == [(400, "invalid_message_format")] * 2
    path = f"/api/courses/{cast.course.slug}/vote/"
    headers = {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}
    answer = await visit().send(
        "POST", path, body={"choice": "B"}, headers=headers, token=cast.ada.token
    )
    assert (answer.status, answer.body["error_code"]) == (409, "round_closed")
    assert stored(cast) == {cast.ada.name: "A"}
