"""Questions of every kind, from the vote to the result."""

import json

import pytest

from rooms import frames
from rooms.models import Draft, Message, Question, UseLog, Vote
from rooms.peer.content import ChoiceContent, Kind, QuestionContent
from tests.cases import case
from tests.client import barrier
from tests.rooms.kinds import KINDS, RESULT, ask_all, store


async def voting(cast, kind, *, count=4):
    """The dashboard and chats of students in a vote on a question of this kind."""
    ask_all(cast.course)
    people = [cast.student(f"s{number}") for number in range(count)]
    clients = await cast.chat(*people)
    ines = await cast.dashboard()
    await ines.ask("start_question", question=kind)
    return ines, clients, people


async def vote(cast, clients, answers):
    for client, answer in zip(clients, answers, strict=True):
        await client.ask("vote", course=cast.course.slug, choice=answer)


def without_time(frame):
    return {key: value for key, value in frame.items() if key != "server_time"}


async def test_questions_through_the_whole_process(cast):
    """A class is asked one of each kind."""
    first, *others = KINDS
    ines, clients, _ = await voting(cast, first)
    with case(first):
        await go_through(cast, first, ines, clients)
    for number, kind in enumerate(others, start=1):
        for client in clients:
            client.forget()
        with case(kind):
            await ines.ask("start_question", question=kind)
            await go_through(cast, kind, ines, clients, refused=number % 4)


async def go_through(cast, kind, ines, clients, *, refused=0):
    """Lead the class from the vote to the result. One student gives wrong answers first.

    It is another student each time, as there is a limit to how many votes one may send at once.
    """
    asked = KINDS[kind]
    ada = clients[0]
    slug = cast.course.slug
    for answer in asked.refused:
        code = "invalid_message_format" if len(answer) > 200 else "invalid_choice"
        client = clients[refused]
        assert await client.fail("vote", course=slug, choice=answer) == {"error_code": code}
        fields = {"course": slug, "question": kind, "round": 1, "choice": answer}
        assert await client.fail("draft", **fields) == {"error_code": code}
    # Two votes are cast; two drafts count at the close.
    for client, answer, stored in zip(clients[:2], asked.answers, asked.stored, strict=False):
        reply = await client.ask("vote", course=slug, choice=answer)
        assert reply["choice"] == stored
    for client, answer in zip(clients[2:], asked.answers[2:], strict=True):
        fields = {"course": slug, "question": kind, "round": 1, "choice": answer}
        assert (await client.ask("draft", **fields))["kept"]
    here = {"round__session__course": cast.course, "round__question__slug": kind}
    drafts = Draft.objects.filter(**here).order_by("user__username")
    assert [one.choice for one in drafts] == [*asked.stored[2:]]
    await ines.ask("stop_vote")
    votes = Vote.objects.filter(**here).order_by("user__username")
    assert [one.choice for one in votes] == [*asked.stored]
    logged = UseLog.objects.filter(in_course=cast.course, event="vote", div_id=kind)
    assert {one.act for one in logged} == {f"{one}:vote1" for one in asked.stored}
    state = await ada.ask("state", course=slug)
    assert state["votes"][0]["choice"] == asked.stored[0]
    figures = await ines.ask("figures")
    assert (figures["kind"], figures["correct"], figures["right"]) == (
        kind,
        asked.correct,
        [*asked.right],
    )
    assert figures["votes"] == [4, 0]
    assert [*figures["histograms"][0].items()] == [*asked.bars.items()]
    await ines.ask("make_partners")
    await ines.ask("enable_chat")
    partners = await ada.event("partners")
    assert partners["partners"][0]["choice"] in asked.stored[1:]
    await ines.ask("start_revote")
    # All who are wrong take over the first answer.
    await vote(cast, clients, [asked.answers[0]] * 4)
    await ines.ask("stop_vote")
    figures = await ines.ask("figures")
    if asked.correct is None:
        assert (figures["transitions"], figures["gain"]) == (None, None)
        assert "right_votes" not in figures
    else:
        right = {"single": 2, "several": 1, "number": 2, "text": 2}[kind]
        assert figures["right_votes"] == [right, 4]
        matrix = {"right_right": right, "right_wrong": 0, "wrong_right": 4 - right}
        assert figures["transitions"] == {**matrix, "wrong_wrong": 0}
        assert figures["gain"] == 1
    await ines.ask("reveal")
    await check_result(cast, ada, kind)


async def check_result(cast, ada, kind):
    """Everybody gets the same result, live, in a replay, in a snapshot and over HTTP."""
    asked, slug = KINDS[kind], cast.course.slug
    event = await ada.event("control", message="reveal")
    content = asked.content
    second = dict.fromkeys(asked.bars, 0)
    for letter in asked.stored[0] if content.kind == Kind.SEVERAL else [asked.stored[0]]:
        second["Mitochondria" if kind == "text" else letter] = 4
    expected = {
        "correct": asked.correct,
        "histograms": [asked.bars, second],
        "explanation": "SECRET *why*",
        "explanation_html": "<p>SECRET <em>why</em></p>",
        "follow_up": "SECRET question that follows",
    }
    if content.choices:
        expected["feedback"] = {
            letter: {"text": f"SECRET feedback on {letter}"}
            for letter, _ in zip("ABCD", content.choices, strict=False)
        }
    if kind in ("several", "number", "text"):
        expected["right"] = [*asked.right]
    if kind == "several":
        expected["voters"] = [4, 4]
    if kind == "number":
        expected["tolerance"] = 0.25
        assert event["question"]["unit"] == "m/s²"
    if kind == "single":
        assert event["question"]["prompt_html"] == "<p>Which is <strong>even</strong>?</p>"
        assert event["question"]["choices"][1]["html"] == "<code>two</code>"
    told = {key: event[key] for key in event if key in expected or key in RESULT}
    assert told == expected
    assert [[*bars] for bars in event["histograms"]] == [[*asked.bars]] * 2
    # A gap is filled from the database, which keeps no order of keys.
    message = Message.objects.filter(room=cast.room, text="reveal").latest("seq")
    again = json.loads(frames.of_message(message)[1])
    assert without_time(again) == without_time(event)
    assert [[*bars] for bars in again["histograms"]] == [[*asked.bars]] * 2
    state = await ada.ask("state", course=slug)
    assert {key: state[key] for key in state if key in RESULT} == expected
    # What older workers would refuse is where they pass it on.
    assert set(message.control) <= OLD_FIELDS
    assert message.control["question"]["result"]["order"] == [[*asked.bars]] * 2


OLD_FIELDS = {
    *("course", "message", "phase", "epoch", "question", "round", "deadline", "server_time"),
    *("revision", "correct", "histograms"),
}


async def test_an_event_that_an_older_worker_stored(cast):
    """It has neither the new fields nor the order of the bars."""
    ines, _, _ = await voting(cast, "single", count=2)
    await ines.ask("stop_vote")
    await ines.ask("reveal")
    stored = Message.objects.get(room=cast.room, text="reveal").control
    del stored["question"]["result"]
    event = json.loads(frames.control(stored))
    assert event["histograms"] == [{"A": 0, "B": 0, "C": 0}, {}]
    assert set(event) - {"action"} <= OLD_FIELDS


async def test_short_texts_are_marked_right_by_the_lecturer(cast):
    ines, clients, _ = await voting(cast, "text")
    ada = clients[0]
    await vote(cast, clients, ["Powerhouse", "powerhouse!", "nucleus", "…"])
    await ines.ask("stop_vote")
    figures = await ines.ask("figures")
    assert [*figures["histograms"][0].items()] == [("Powerhouse", 2), ("...", 1), ("nucleus", 1)]
    assert (figures["right"], figures["right_votes"], figures["may_set_correct"]) == (
        [],
        [0, 0],
        True,
    )
    for fields in (
        {"choices": ["…"]},
        {"choices": [" "]},
        {"choice": "x" * 201},
        {},
        {"choices": []},
    ):
        reply = await ines.reply(await ines.post("set_correct", **fields), "set_correct")
        assert (reply["status"] == "success") is (fields == {"choices": []}), fields
    question = Question.objects.get(course=cast.course, slug="text")
    assert (question.accepted, question.edit) == (["Mitochondria", "SECRET too"], 1)
    await ines.ask("set_correct", choices=["Powerhouse", "nucleus"])
    figures = await ines.ask("figures")
    assert (figures["right"], figures["right_votes"]) == (["Powerhouse", "nucleus"], [3, 0])
    await ines.ask("reveal")
    event = await ada.event("control", message="reveal")
    # What was prepared and nobody answered is right as before.
    assert (event["correct"], event["right"]) == ("Powerhouse", ["Powerhouse", "nucleus"])
    # Also afterwards; whoever missed it reads it from the state.
    await ines.ask("set_correct", choices=["powerhouse"])
    again = await ada.event("control", message="reveal", epoch=event["epoch"] + 1)
    assert again["right"] == ["Powerhouse"]
    state = await ada.ask("state", course=cast.course.slug)
    assert state["right"] == ["Powerhouse"]
    question.refresh_from_db()
    assert question.accepted == ["Powerhouse", "Mitochondria", "SECRET too"]
    await ines.ask("set_correct", choice=None)
    last = await ada.event("control", message="reveal", epoch=event["epoch"] + 2)
    assert last["correct"] is None
    assert "right" not in last


@pytest.mark.parametrize(
    ("kind", "content", "given", "told", "right", "refused"),
    [
        (
            "several",
            QuestionContent(
                kind=Kind.SEVERAL, prompt="?", choices=(ChoiceContent("a"), ChoiceContent("b"))
            ),
            "BA",
            "AB",
            ["A", "B"],
            "AC",
        ),
        ("number", QuestionContent(kind=Kind.NUMBER, prompt="?"), "2,5", "2.5", [], "two"),
    ],
)
async def test_a_right_answer_that_was_not_prepared(
    cast, kind, content, given, told, right, refused
):
    question = store(cast.course, "open", content)
    ada = await cast.chat(cast.ada)
    ines = await cast.dashboard()
    await ines.ask("start_question", question="open")
    await ada.ask("vote", course=cast.course.slug, choice="A" if kind == "several" else "3")
    await ines.ask("stop_vote")
    assert (await ines.ask("figures"))["may_set_correct"]
    assert await ines.fail("set_correct", choice=refused) == {"error_code": "invalid_choice"}
    assert await ines.fail("set_correct", choices=[given]) == {"error_code": "invalid_choice"}
    await ines.ask("set_correct", choice=given)
    figures = await ines.ask("figures")
    assert (figures["correct"], figures["right"], figures["right_votes"]) == (told, right, [0, 0])
    question.refresh_from_db()
    assert question.content.number == (2.5 if kind == "number" else None)
    assert all(choice.is_correct for choice in question.content.choices)
    await ines.ask("reveal")
    assert (await ada.event("control", message="reveal"))["correct"] == told


async def test_what_was_prepared_stays_and_a_poll_has_no_right_answer(cast):
    ines, _, _ = await voting(cast, "poll", count=2)
    refused = {"error_code": "illegal_transition", "phase": "vote", "epoch": 1}
    assert await ines.fail("set_correct", choice="A") == refused
    await ines.ask("stop_vote")
    await ines.ask("next_question", question="several")
    refused = {"error_code": "illegal_transition", "phase": "vote", "epoch": 3}
    assert await ines.fail("set_correct", choice="A") == refused


FLAWED = {
    "draft": ({"is_draft": True}, KINDS["single"].content),
    "one-choice": ({}, QuestionContent(prompt="?", choices=(ChoiceContent("a", True),))),
    "two-right": (
        {},
        QuestionContent(prompt="?", choices=(ChoiceContent("a", True), ChoiceContent("b", True))),
    ),
    "right-poll": (
        {},
        QuestionContent(
            kind=Kind.POLL, prompt="?", choices=(ChoiceContent("a", True), ChoiceContent("b"))
        ),
    ),
    "bad-tolerance": ({}, QuestionContent(kind=Kind.NUMBER, prompt="?", tolerance=-1)),
    "empty-accepted": ({}, QuestionContent(kind=Kind.TEXT, prompt="?", accepted=(" ",))),
}


async def test_a_question_that_is_not_ready_is_not_asked(cast):
    ines = await cast.dashboard()
    ada = await cast.chat(cast.ada)
    await ines.ask("start_question", question="force")
    await ines.ask("stop_vote")
    await ines.ask("reveal")
    await barrier(ada, cast.room)
    for slug, (fields, content) in FLAWED.items():
        store(cast.course, slug, content, **fields)
        for action in ("start_question", "next_question"):
            assert await ines.fail(action, question=slug) == {"error_code": "question_not_ready"}
    # The class is where it was.
    assert (await ada.ask("state", course=cast.course.slug))["phase"] == "revealed"


async def test_bars_on_the_screen_of_the_hall_tell_nothing_of_the_answer(cast):
    """Bars may be shown before the reveal: those of numbers must not depend on the right one."""
    ines, clients, _ = await voting(cast, "several")
    screen = await cast.connect(f"/ws/screen/{cast.course.slug}/", token=cast.ines.token)
    await vote(cast, clients, KINDS["several"].answers)
    await ines.ask("show_bars")
    event = await screen.event("screen", histograms=[KINDS["several"].bars, {}])
    assert event["voters"] == [4, 0]
    assert RESULT & set(event) == {"histograms", "voters"}
    await ines.ask("stop_vote")
    await ines.ask("reveal")
    event = await screen.event("screen", phase="revealed")
    assert (event["correct"], event["right"]) == ("BD", ["B", "D"])
    assert event["feedback"]["A"] == {"text": "SECRET feedback on A"}
