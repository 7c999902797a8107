"""The order of what sockets are told about a class: its revision never goes back."""

import asyncio
import itertools
import json

import pytest

from rooms.actions.session import control
from rooms.delivery import names, publish
from rooms.delivery.notices import Passing
from rooms.models import Message
from rooms.queries import missed
from rooms.wire import events
from rooms.wire.commands import StartQuestion, StopVote
from rooms.wire.events import PartnersEvent
from tests.client import barrier
from tests.rooms.cast import Cast, in_thread, make_question
from tests.rooms.lesson import lead
from tests.rooms.school import School


def told(client, course):
    """Yield (action, revision) of each frame that told a socket the state of a class."""
    for text in client.raw:
        frame = json.loads(text)
        action = frame["action"]
        if action in ("control", "partners", "state") and frame.get("course") == course:
            yield action, frame["revision"]


def went_back(frames):
    """Yield each frame that a socket got after a newer one.

    A `control` event goes with its message, in the order of those: a snapshot or partners read
    from the database may be ahead of it. But none of them comes after what is newer.
    """
    newest, stepped = -1, -1
    for action, revision in frames:
        if action == "control":
            if revision <= stepped:
                yield action, revision, stepped
            stepped = revision
        elif revision < newest:
            yield action, revision, newest
        newest = max(newest, revision)


@pytest.mark.parametrize("questions", [1, pytest.param(2, marks=pytest.mark.long)])
async def test_no_socket_is_told_what_is_older(cast: Cast, questions: int) -> None:
    """Two dashboards at two workers hurry a class through so many questions.

    All ask for `state` meanwhile.
    """
    people = [cast.ada, cast.bea, cast.carl, *(cast.student(f"s{n}") for n in range(5))]
    sockets = await cast.chat(*people)
    boards = [await cast.dashboard(worker=worker) for worker in (0, 1)]
    turns = itertools.cycle(boards)
    slug, over, asked = cast.course.slug, asyncio.Event(), 0

    async def ask_all_the_time(client, **fields):
        nonlocal asked
        while not over.is_set():
            await client.ask("state", **fields)
            asked += 1

    async def move(round_, number):
        mover = people[(round_ + number) % len(people)]
        await next(turns).ask("move_student", username=mover.name, group=1 + number % 3)

    async def hurry():
        for round_ in range(questions):
            await next(turns).ask("start_question", question="force")
            for action in ("count_down_and_stop", "stop_vote", "make_partners", "make_partners"):
                await next(turns).ask(action)
            await next(turns).ask("enable_chat")
            await asyncio.gather(*(move(round_, number) for number in range(6)))
            await next(turns).ask("start_revote")
            for number in range(3):
                await move(round_, number)
            for action in ("stop_vote", "reveal", "next_question"):
                await next(turns).ask(action)

    asking = [
        *(asyncio.create_task(ask_all_the_time(one, course=slug)) for one in sockets),
        *(asyncio.create_task(ask_all_the_time(one)) for one in boards),
    ]
    try:
        await hurry()
    finally:
        over.set()
        await asyncio.gather(*asking)
    frames = {one: list(told(one, slug)) for one in (*sockets, *boards)}
    late = [back for those in frames.values() for back in went_back(those)]
    assert late == []
    assert asked > 100
    assert any(action == "partners" for those in frames.values() for action, _ in those)


async def test_partners_that_another_process_tells_too_late(cast: Cast) -> None:
    """The worker reads the partners anew for the one student who is concerned."""
    ada, bea = await cast.chat(cast.ada, cast.bea)
    board = await cast.dashboard()
    await lead(board, "discuss", groups=True)
    told = await ada.event("partners")
    await bea.event("partners")
    late = PartnersEvent(
        course=cast.course.slug,
        room=told["room"],
        partners=[],
        epoch=told["epoch"],
        revision=told["revision"] - 1,
    )
    entry: Passing[int] = Passing(
        names.user(cast.ada.user.pk), events.encode(late), revision=told["revision"] - 1
    )
    await in_thread(publish.now, names.course(cast.course.pk), entry)
    assert await ada.event("partners") == told
    await barrier(bea, cast.room, ada)
    for client in (ada, bea):
        assert [one for one in client.unread() if one["action"] == "partners"] == []


def test_a_transition_that_was_stored_before_there_were_numbers(school: School) -> None:
    make_question(school.course, "force")
    for command in (StartQuestion(uuid="1", question="force"), StopVote(uuid="2")):
        control(user=school.ines, course="physics", command=command)
    first, second = Message.objects.filter(room=school.room).order_by("seq")
    assert first.control is not None
    assert second.control is not None
    assert (first.control["revision"], second.control["revision"]) == (1, 2)
    del second.control["revision"]
    second.save()
    missing = missed.frames_after(names.room(school.room.id), 0, 10)
    told = [json.loads(frames[1]) for _, frames in missing.rows]
    assert [one.get("revision") for one in told] == [1, None]
    assert missing.revision == 1
