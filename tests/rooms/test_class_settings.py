"""What a class asks its students for: told to open pages at once, and required of votes."""

from rooms.actions.class_settings import change_class_settings
from rooms.models import ClassSettings, Draft, UseLog, Vote
from tests.rooms.api.wire import Wire
from tests.rooms.cast import in_thread
from tests.rooms.lesson import lead

DEFAULT = {
    "confidence": "optional",
    "reason": "optional",
    "convinced": True,
    "place": False,
    "seat": False,
    "pseudonyms": False,
}


async def change(cast, **changes):
    course = cast.course.slug
    await in_thread(change_class_settings, user=cast.ines.user, course=course, **changes)


async def test_open_pages_hear_what_the_class_asks_for(cast):
    course = cast.course.slug
    ada, board = await cast.chat(cast.ada), await cast.dashboard()
    assert "asks" not in await ada.ask("state", course=course)
    await change(cast, asks_confidence="required", asks_place=True)
    asks = {**DEFAULT, "confidence": "required", "place": True}
    # No class was held in the course yet, so there is no revision either.
    assert await ada.event("asks") == {"action": "asks", "course": course, "asks": asks}
    assert (await board.event("class_settings"))["course"] == course
    assert (await ada.ask("state", course=course))["asks"] == asks
    await lead(board, "vote")
    before = await ada.ask("state", course=course)
    await change(cast, asks_confidence="off")
    heard = await ada.event("asks")
    assert heard["asks"] == {**asks, "confidence": "off"}
    after = await ada.ask("state", course=course)
    assert after["asks"] == heard["asks"]
    assert after["revision"] == heard["revision"] > before["revision"]
    # What lecturers alone see is no news for students, and what stays is none for anybody.
    await change(cast, least_right=20)
    await change(cast, least_right=20)
    await change(cast, asks_reason="off")
    assert (await ada.event("asks"))["asks"] == {**asks, "confidence": "off", "reason": "off"}
    told = [row.act for row in UseLog.objects.filter(in_course=cast.course, event="course")]
    assert told == [
        "class:asks_confidence=required",
        "class:asks_place=true",
        "class:asks_confidence=off",
        "class:least_right=20",
        "class:asks_reason=off",
    ]


async def test_votes_have_what_the_class_requires(cast):
    course = cast.course.slug
    ada, board = await cast.chat(cast.ada), await cast.dashboard()
    await lead(board, "vote")
    await ada.ask("vote", course=course, choice="A")
    ClassSettings.objects.create(
        course=cast.course, asks_confidence="required", asks_reason="required"
    )
    lacking = {"error_code": "incomplete_vote", "missing": ["confidence", "reason"]}
    assert await ada.fail("vote", course=course, choice="B") == lacking
    refused = await ada.fail("vote", course=course, choice="B", confidence=3, rationale=" ")
    assert refused == {**lacking, "missing": ["reason"]}
    body = {"choice": "B", "rationale": "so"}
    answer = await Wire(cast.hall).post(f"courses/{course}/vote/", cast.ada, body)
    assert answer.status == 400
    assert answer.body["missing"] == ["confidence"]
    # The vote from before counts, and so does a later choice that was never sent.
    assert Vote.objects.get(user=cast.ada.user).choice == "A"
    state = await ada.ask("state", course=course)
    after = state["votes"][0]["cast_at"]
    draft = {"question": "force", "round": 1, "after": after}
    assert (await ada.ask("draft", course=course, choice="C", **draft))["kept"]
    await board.ask("stop_vote")
    counted = Vote.objects.get(user=cast.ada.user)
    assert (counted.choice, counted.confidence, counted.rationale) == ("C", None, "")
    await board.ask("reopen")
    await ada.ask("vote", course=course, choice="D", confidence=2, rationale="so")
    assert Vote.objects.get(user=cast.ada.user).confidence == 2


async def test_what_the_class_does_not_ask_for_is_left_out(cast):
    course = cast.course.slug
    ClassSettings.objects.create(course=cast.course, asks_confidence="off", asks_reason="off")
    ada, bea = await cast.chat(cast.ada, cast.bea)
    board = await cast.dashboard()
    await lead(board, "vote")
    given = {"course": course, "choice": "B", "confidence": 5, "rationale": "because"}
    await ada.ask("vote", **given)
    assert (await bea.ask("draft", **given, question="force", round=1))["kept"]
    drafted = Draft.objects.get(user=cast.bea.user)
    assert (drafted.choice, drafted.confidence, drafted.rationale) == ("B", None, "")
    told = (await ada.event("voted"))["vote"]
    assert (told["choice"], told["confidence"], told["rationale"]) == ("B", None, "")
    assert Vote.objects.get(user=cast.ada.user).confidence is None
