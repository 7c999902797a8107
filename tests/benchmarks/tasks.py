"""The tasks of the load client for peerchat and for each of its alternatives."""

import uuid
from collections.abc import Callable, Sequence
from functools import partial

from peerchat.rehearsal.cast import QUESTION
from tests.benchmarks import casts, sides
from tests.benchmarks.sides import Settings, Side
from tests.benchmarks.task import Task

TEXT = "I say it moves on at constant speed, since nothing pulls it back. What made you choose C?"
MESSAGE = ('{"message":"', f' {TEXT}"}}')
"""A frame of the feeds: before and after a number."""

CLICKS = 30
"""The least clicks of an instructor in one measurement."""
VOTES_A_SECOND = 400
DISTRIBUTED = "fastapi-distributed-websocket"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _cookie(address: str, session: str) -> dict[str, str]:
    origin = address.replace("ws://", "http://")
    return {"Cookie": f"sessionid={session}", "Origin": origin}


def _origin(address: str) -> dict[str, str]:
    return {"Origin": address.replace("ws://", "http://")}


# --- Feeds: nothing is stored ------------------------------------------------------------------


def peerchat_feed(receivers: int, *, workers: int = 1) -> Side:
    tokens = list(casts.course(receivers).students.values())

    def task(address: str, pids: Sequence[int], settings: Settings) -> Task:
        return Task(
            work="fanout",
            sockets=[(f"{address}/ws/feed/bench/", _bearer(token)) for token in tokens],
            frames=[MESSAGE],
            marker='{"message"',
            ready='{"action":"feed_welcome"',
            pids=pids,
            warm_up=settings.warm_up,
            seconds=settings.seconds,
        )

    return Side(partial(sides.peerchat, workers), task)


def feed(
    name: str, running: Callable[[], sides.Running], receivers: int, *, burst: int = 1
) -> Side:
    """A peer whose feed is at /feed."""

    def task(address: str, pids: Sequence[int], settings: Settings) -> Task:
        before, after = MESSAGE
        if name == DISTRIBUTED:
            before = before.replace("{", '{"type":"broadcast",', 1)
        return Task(
            work="fanout",
            sockets=[(f"{address}/feed", {})] * receivers,
            frames=[(before, after)] * burst,
            marker='{"message"',
            ready='{"ready"',
            pids=pids,
            warm_up=settings.warm_up,
            seconds=settings.seconds,
            burst=burst,
        )

    return Side(running, task)


def stock_feed(running: Callable[[], sides.Running], receivers: int) -> Side:
    def task(address: str, pids: Sequence[int], settings: Settings) -> Task:
        return Task(
            work="fanout",
            sockets=[(f"{address}/ws/chat/bench/", _origin(address))] * receivers,
            frames=[MESSAGE],
            marker='{"message"',
            ready="",
            pids=pids,
            warm_up=settings.warm_up,
            seconds=settings.seconds,
        )

    return Side(running, task)


# --- Messages that are stored ------------------------------------------------------------------


def _new_messages(rooms: Sequence[str]) -> list[tuple[str, str]]:
    run = uuid.uuid4().hex[:8]
    return [
        (f'{{"uuid":"{run}-', f'","action":"new_message","room":"{room}","text":"{TEXT}"}}')
        for room in rooms
    ]


def peerchat_room(receivers: int, *, burst: int = 1, workers: int = 1) -> Side:
    """A course's room with all its students."""
    room = casts.course_room(receivers)
    tokens = list(casts.course(receivers).students.values())

    def task(address: str, pids: Sequence[int], settings: Settings) -> Task:
        return Task(
            work="fanout",
            sockets=[(f"{address}/ws/chat/", _bearer(token)) for token in tokens],
            frames=_new_messages([str(room.id)] * burst),
            marker='{"action":"new_message"',
            ready='{"action":"welcome"',
            pids=pids,
            warm_up=settings.warm_up,
            seconds=settings.seconds,
            burst=burst,
        )

    return Side(partial(sides.peerchat, workers), task, lambda: casts.stored([room]))


def peerchat_pairs(
    pairs: int, *, pause: float = 0.0, talking: int | None = None, workers: int = 1
) -> Side:
    """Pairs of one course, of which all talk, or so many."""
    rooms = casts.pair_rooms(2 * pairs)[:talking]
    tokens = list(casts.course(2 * pairs).students.values())

    def task(address: str, pids: Sequence[int], settings: Settings) -> Task:
        return Task(
            work="pairs",
            sockets=[(f"{address}/ws/chat/", _bearer(token)) for token in tokens],
            frames=_new_messages([str(room.id) for room in rooms for _ in range(2)]),
            marker='{"action":"new_message"',
            ready='{"action":"welcome"',
            pids=pids,
            warm_up=settings.warm_up,
            seconds=settings.seconds,
            pause=pause,
            quiet=settings.seconds if talking else 0.0,
        )

    return Side(partial(sides.peerchat, workers), task, lambda: casts.stored(rooms))


def stock_pairs(pairs: int, *, pause: float = 0.0) -> Side:
    def task(address: str, pids: Sequence[int], settings: Settings) -> Task:
        return Task(
            work="pairs",
            sockets=[
                (f"{address}/ws/stored/{number // 2}/", _origin(address))
                for number in range(2 * pairs)
            ],
            frames=[MESSAGE] * (2 * pairs),
            marker='{"message"',
            ready="",
            pids=pids,
            warm_up=settings.warm_up,
            seconds=settings.seconds,
            pause=pause,
        )

    return Side(sides.stock_daphne, task, casts.stock_stored)


# --- A class -----------------------------------------------------------------------------------


def peerchat_class(work: str, students: int, *, pause: float = 0.0) -> Side:
    """Students with sessions; in `lesson` and `votes` an instructor comes before them."""
    cast = casts.course(students)
    sessions = casts.sessions(students)

    def task(address: str, pids: Sequence[int], settings: Settings) -> Task:
        sockets = [(f"{address}/ws/chat/", _cookie(address, session)) for session in sessions]
        if work in ("lesson", "votes"):
            dashboard = f"{address}/ws/instructor/{cast.course.slug}/"
            sockets.insert(0, (dashboard, _bearer(cast.instructor)))
        run = uuid.uuid4().hex[:8]
        vote = f'"action":"vote","course":"{cast.course.slug}","choice":"B"'
        commands = [
            f'"action":"start_question","question":"{QUESTION}"',
            *([vote] if work == "votes" else []),
            '"action":"stop_vote"',
            '"action":"reveal"',
        ]
        if work == "idle":
            commands = ['"action":"ping"']
        return Task(
            work=work,
            sockets=sockets,
            frames=[(f'{{"uuid":"{run}-', f'",{command}}}') for command in commands],
            marker='{"action":"control"',
            ready='{"action":"welcome"',
            pids=pids,
            warm_up=settings.warm_up,
            seconds=settings.seconds,
            pause=pause,
            at_least=CLICKS,
        )

    votes = partial(casts.voted, cast) if work == "votes" else None
    return Side(sides.peerchat, task, votes)


def peerchat_question(students: int, *, workers: int) -> Side:
    """A class at a whole question, in which each student sends three messages to the partner."""
    cast = casts.course(students)
    tokens = list(cast.students.values())

    def task(address: str, pids: Sequence[int], settings: Settings) -> Task:
        dashboard = f"{address}/ws/instructor/{cast.course.slug}/"
        run = uuid.uuid4().hex[:8]
        vote = f'"action":"vote","course":"{cast.course.slug}","choice"'
        commands = [
            f'"action":"start_question","question":"{QUESTION}"',
            *(f'{vote}:"{letter}"' for letter in "BC"),
            *(f'"action":"{action}"' for action in ("stop_vote", "make_partners", "enable_chat")),
            f'"action":"new_message","room":"(room)","text":"{TEXT}"',
            *(f'"action":"{action}"' for action in ("start_revote", "stop_vote", "reveal")),
        ]
        return Task(
            work="question",
            sockets=[
                (dashboard, _bearer(cast.instructor)),
                *((f"{address}/ws/chat/", _bearer(token)) for token in tokens),
            ],
            frames=[(f'{{"uuid":"{run}-', f'",{command}}}') for command in commands],
            marker="(set by each step)",
            ready='{"action":"welcome"',
            pids=pids,
            warm_up=0.0,
            seconds=students / VOTES_A_SECOND,
            burst=3,
        )

    return Side(partial(sides.peerchat, workers), task, partial(casts.said, cast))


def stock_class(work: str, students: int, *, pause: float = 0.0) -> Side:
    # One more for the instructor.
    sessions = casts.stock_sessions(students + (work == "lesson"))
    names = ("enableVote", "stopVote", "reveal") if work == "lesson" else ()

    def task(address: str, pids: Sequence[int], settings: Settings) -> Task:
        url = f"{address}/ws/class/bench/"
        return Task(
            work=work,
            sockets=[(url, _cookie(address, session)) for session in sessions],
            frames=[(f'{{"message":"{name}","n":', "}") for name in names],
            marker='{"action": "control"',
            ready='{"action": "welcome"',
            pids=pids,
            warm_up=settings.warm_up,
            seconds=settings.seconds,
            pause=pause,
            at_least=CLICKS,
        )

    return Side(sides.stock_daphne, task)


def stock_votes(students: int) -> Side:
    """Students who vote, and before them an instructor with the dashboard."""
    sessions = casts.stock_sessions(students + 1)

    def task(address: str, pids: Sequence[int], settings: Settings) -> Task:
        run = uuid.uuid4().hex[:8]
        pages = ["dashboard", *["votes"] * students]
        return Task(
            work="votes",
            sockets=[
                (f"{address}/ws/{page}/{run}/", _cookie(address, session))
                for page, session in zip(pages, sessions, strict=True)
            ],
            frames=[
                ('{"message":"enableVote","n":', "}"),
                # The reply begins like this.
                (f'{{"uuid": "{run}-', '","choice":"B"}'),
                ('{"message":"stopVote","n":', "}"),
                ('{"message":"reveal","n":', "}"),
            ],
            marker='{"action": "control"',
            ready='{"action": "welcome"',
            pids=pids,
            warm_up=settings.warm_up,
            seconds=settings.seconds,
        )

    return Side(sides.stock_daphne, task, partial(casts.stock_stored, "stock_vote"))
