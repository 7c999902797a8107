"""A quick question over the wire: what everybody hears of its right answer, and when."""

from tests.client import barrier
from tests.rooms.lesson import timeless


def bare(slug, letters="ABCD"):
    choices = [{"choice": letter, "text": ""} for letter in letters]
    return {"question": slug, "prompt": "", "kind": "single", "choices": choices}


async def test_a_right_answer_that_is_given_late_reaches_everybody_and_an_early_one_nobody(cast):
    """Students on both workers, one who misses it, and one who asks over HTTP converge."""
    ada = await cast.chat(cast.ada, worker=0)
    bea = await cast.chat(cast.bea, worker=1)
    ines, tess = await cast.dashboard(worker=0), await cast.dashboard(cast.tess, worker=1)
    course = cast.course.slug

    assert await ines.ask("quick_question", uuid="one", choices=3) == {
        "phase": "vote",
        "epoch": 1,
        "question": "quick-1",
    }
    for client in (ada, bea, tess):
        event = await client.control("enableVote")
        assert event["question"] == bare("quick-1", "ABC")
    assert (await ines.ask("quick_question", uuid="one", choices=3))["question"] == "quick-1"
    assert (await ines.fail("quick_question"))["error_code"] == "illegal_transition"
    await ada.ask("vote", course=course, choice="A")
    await bea.ask("vote", course=course, choice="B")
    assert await ada.fail("vote", course=course, choice="D") == {"error_code": "invalid_choice"}

    # Given during the vote, it reaches those who lead alone.
    for client in (ada, bea):
        await client.settled()
        client.forget()
    assert await ines.ask("set_correct", choice="A") == {"phase": "vote", "epoch": 1}
    assert (await tess.event("figures", correct="A"))["may_set_correct"]
    await barrier(ada, cast.room, bea)
    assert [one for one in (*ada.unread(), *bea.unread()) if one["action"] != "new_message"] == []
    assert "correct" not in await ada.ask("state", course=course)
    await ines.ask("set_correct", choice=None, question="quick-1")
    assert (await ines.fail("set_correct", choice="A", question="work"))["epoch"] == 1

    await ines.ask("stop_vote")
    await ines.ask("reveal")
    for client in (ada, bea):
        await client.control("stopVote")
        event = await client.control("reveal")
        assert (event["correct"], event["histograms"]) == (None, [{"A": 1, "B": 1, "C": 0}, {}])
    assert b'"correct":"A"' not in b"".join((*ada.raw, *bea.raw))

    # Given after the reveal, it reveals the question once more.
    seen = await ada.ask("state", course=course)
    await bea.close()
    assert await ines.ask("set_correct", uuid="late", choice="B") == {
        "phase": "revealed",
        "epoch": seen["epoch"] + 1,
    }
    event = await ada.control("reveal")
    assert (event["phase"], event["correct"]) == ("revealed", "B")
    assert (event["epoch"], event["revision"] > seen["revision"]) == (seen["epoch"] + 1, True)
    await ines.ask("set_correct", uuid="late", choice="B")
    assert await ines.fail("set_correct", uuid="late", choice="C") == {"error_code": "uuid_reused"}
    assert (await ines.ask("figures"))["correct"] == "B"

    bea = await cast.chat(cast.bea, worker=1)
    last = seen["epoch"] + 1
    resumed = await bea.ask("resume", rooms={cast.room: 0})
    told = [one["text"] for one in resumed["rooms"][cast.room]["messages"]]
    assert told.count("reveal") == 2
    states = [timeless(await client.ask("state", course=course)) for client in (ada, bea)]
    for state in states:
        assert (state["epoch"], state["correct"], state["message"]) == (last, "B", "reveal")


async def test_fields_that_it_cannot_have(cast):
    ines = await cast.dashboard()
    for fields in (
        {"choices": 1},
        {"choices": 27},
        {"choices": ["one"]},
        {"choices": ["x"] * 27},
        {"choices": [1, 2]},
        {"choices": "AB"},
        {"correct": "a"},
        {"correct": "AB"},
        {"seconds": 0},
        {"prompt": "\0"},
        {"choices": ["a", "\0"]},
        {"slug": "mine"},
    ):
        answer = await ines.fail("quick_question", **fields)
        assert answer == {"error_code": "invalid_message_format"}, fields
    assert await ines.fail("set_correct") == {"error_code": "invalid_message_format"}
    assert (await ines.fail("set_correct", choice="A"))["error_code"] == "illegal_transition"
    assert (await ines.ask("state"))["phase"] == "idle"
