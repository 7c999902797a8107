"""The live figures on the instructor's socket."""

import asyncio
import time

import pytest

from tests.rooms.cast import eventually

NOTHING = {
    "online": 0,
    "votes": [0, 0],
    "histograms": [{}, {}],
    "groups": 0,
    "silent_groups": 0,
    "messages": 0,
    "transitions": None,
    "gain": None,
    "correct": None,
    "may_set_correct": False,
    "bars": False,
    "kind": None,
    "right": [],
}


def count(**votes):
    return {letter: votes.get(letter, 0) for letter in "ABCD"}


async def shown(board, **figures):
    """The next `figures` event with these fields, of those that come, but for the next step."""
    return without_next(await board.event("figures", **figures))


async def asked(board):
    return without_next(await board.ask("figures"))


def without_next(figures):
    """`queries/test_steps.py` is about the next step."""
    assert figures.pop("next")["step"]
    return figures


async def vote(cast, clients, choices):
    for client, choice in zip(clients, choices, strict=True):
        if choice:
            await client.ask("vote", course=cast.course.slug, choice=choice)


async def test_figures_come_with_the_socket(cast):
    ines = await cast.dashboard()
    assert await shown(ines) == {"action": "figures", **NOTHING}
    assert await asked(ines) == NOTHING


async def test_online_are_the_students_who_are_here(cast):
    ines = await cast.dashboard()
    ada, _ = await cast.chat(cast.ada, cast.bea)
    await cast.chat(cast.tess, cast.ines, cast.zoe, cast.ada)
    await shown(ines, online=2)
    assert (await ines.ask("figures"))["online"] == 2
    await cast.chat(cast.carl)
    await shown(ines, online=3)
    await ada.close()
    # Another socket of ada's is still open.
    await eventually(cast.ada.user.peerchat_connections.filter(closed_at__isnull=False).first)
    assert (await ines.ask("figures"))["online"] == 3


async def test_figures_through_a_question(cast):
    ines = await cast.dashboard()
    people = [cast.student(f"s{number}") for number in range(5)]
    clients = await cast.chat(*people)
    await ines.ask("start_question", question="force")
    await shown(ines, online=5, votes=[0, 0], histograms=[count(), {}])
    await vote(cast, clients, "AABCB")
    first = {"online": 5, "votes": [5, 0], "histograms": [count(A=2, B=2, C=1), {}]}
    known = {"correct": "B", "kind": "single", "right": ["B"], "right_votes": [2, 0]}
    expected = {**NOTHING, **first, **known}
    assert await shown(ines, **first) == {"action": "figures", **expected}
    await ines.ask("stop_vote")
    await ines.ask("make_partners")
    expected |= {"groups": 2, "silent_groups": 2}
    assert await shown(ines, groups=2, silent_groups=2) == {"action": "figures", **expected}
    await ines.ask("enable_chat")
    room = (await clients[0].event("room_added"))["room"]
    for text in ("Why?", "Because."):
        await clients[0].ask("new_message", room=room, text=text)
    expected |= {"silent_groups": 1, "messages": 2}
    assert await shown(ines, messages=2) == {"action": "figures", **expected}
    await ines.ask("start_revote")
    await vote(cast, clients, ["B", "A", "B", None, "D"])
    # Nothing is compared while the second vote is open.
    expected |= {
        "votes": [5, 4],
        "histograms": [count(A=2, B=2, C=1), count(A=1, B=2, D=1)],
        "right_votes": [2, 2],
    }
    assert await shown(ines, votes=[5, 4]) == {"action": "figures", **expected}
    await ines.ask("stop_vote")
    # Four students voted twice: A-B, A-A, B-B, B-D; B is right.
    expected |= {
        "transitions": {"right_right": 1, "right_wrong": 1, "wrong_right": 1, "wrong_wrong": 1},
        "gain": 0.0,
        "arguments": {
            "question": "force",
            "is_open": False,
            "said": dict.fromkeys(("message", "reason", "thought", "nothing"), 0),
            "arguments": [],
            "withheld": 0,
        },
    }
    assert await asked(ines) == expected
    await ines.ask("reveal")
    assert await asked(ines) == {**expected, "bars": True}
    await ines.ask("next_question")
    assert await asked(ines) == {**NOTHING, "online": 5}


@pytest.mark.parametrize(
    ("first", "second", "matrix", "gain"),
    [
        ("AAAA", "BBBA", (0, 0, 3, 1), 0.75),
        ("AAAA", "BBBB", (0, 0, 4, 0), 1.0),
        ("BAAA", "BBAA", (1, 0, 1, 2), pytest.approx(1 / 3)),
        ("BBAA", "AAAA", (0, 2, 0, 2), -1.0),
        ("BBBB", "BBBB", (4, 0, 0, 0), None),
        ("BB", "", (0, 0, 0, 0), None),
    ],
)
async def test_transitions_and_gain(cast, first, second, matrix, gain):
    ines = await cast.dashboard()
    people = [cast.student(f"s{number}") for number in range(4)]
    clients = await cast.chat(*people)
    await ines.ask("start_question", question="force")
    await vote(cast, clients[: len(first)], first)
    await ines.ask("stop_vote")
    await ines.ask("start_revote")
    await vote(cast, clients[: len(second)], second)
    await ines.ask("stop_vote")
    figures = await ines.ask("figures")
    names = ("right_right", "right_wrong", "wrong_right", "wrong_wrong")
    assert figures["transitions"] == dict(zip(names, matrix, strict=True))
    assert figures["gain"] == gain


async def test_figures_come_at_most_twice_a_second(cast):
    began = time.monotonic()
    ines = await cast.dashboard()
    people = [cast.student(f"s{number}") for number in range(8)]
    clients = await cast.chat(*people)
    await ines.ask("start_question", question="force")
    frames = []

    async def watch():
        while True:
            frame = await ines.event("figures")
            frames.append(frame)
            if frame["votes"] == [8, 0] and frame["histograms"][0]["D"] == 8:
                return

    watching = asyncio.create_task(watch())
    for choice in "ABCABCABCD":
        await asyncio.gather(
            *(client.ask("vote", course=cast.course.slug, choice=choice) for client in clients)
        )
    await watching
    # Eighty votes; the first figures come at once.
    # The first one may have been under way for a while.
    assert len(frames) <= 2 + 2 * (time.monotonic() - began)


async def test_every_dashboard_of_the_course_gets_them_and_no_other(cast):
    boards = [
        await cast.dashboard(cast.ines, worker=0),
        await cast.dashboard(cast.ines, worker=1),
        await cast.dashboard(cast.tess, worker=1),
    ]
    other = await cast.connect(f"/ws/instructor/{cast.other_course.slug}/", token=cast.ivan.token)
    assert await shown(other) == {"action": "figures", **NOTHING}
    ada = await cast.chat(cast.ada)
    await boards[0].ask("start_question", question="force")
    await ada.ask("vote", course=cast.course.slug, choice="A")
    for board in boards:
        await shown(board, votes=[1, 0], histograms=[count(A=1), {}])
    await other.ask("ping")
    assert [one for one in other.unread(but=frozenset()) if one.get("votes") != [0, 0]] == [
        one for one in other.unread(but=frozenset()) if one["action"] == "welcome"
    ]
    assert [one for one in ada.unread(but=frozenset()) if one["action"] == "figures"] == []


async def test_a_chat_socket_of_an_instructor_gets_no_figures(cast):
    chat = await cast.chat(cast.ines)
    board = await cast.dashboard()
    await board.event("figures")
    await board.ask("start_question", question="force")
    await chat.control("enableVote")
    assert [one for one in chat.unread(but=frozenset()) if one["action"] == "figures"] == []
