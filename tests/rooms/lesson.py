"""Ways to bring a class to the point where a test begins, and the frames that it gets there."""

import time
from collections.abc import Iterable, Sequence, Sized
from typing import Any

import pytest

from rooms.models import PartnerGroup
from tests.client import Client, Frame
from tests.pace import patient
from tests.rooms.cast import Cast, Person

START = ["start_question"]
STOP = [*START, "stop_vote"]
PAIRED = [*STOP, "make_partners"]
CHAT = [*PAIRED, "enable_chat"]
# (phase, whether groups are made): the instructor's commands that lead there.
PATHS: dict[tuple[str, bool], list[str]] = {
    ("idle", False): [],
    ("vote", False): START,
    ("quick", False): ["quick_question"],
    ("counting", False): [*START, "count_down_and_stop"],
    ("vote_closed", False): STOP,
    ("vote_closed", True): PAIRED,
    ("discuss", True): CHAT,
    ("revote", False): [*STOP, "start_revote"],
    ("revote", True): [*CHAT, "start_revote"],
    ("revote_closed", False): [*STOP, "start_revote", "stop_vote"],
    ("revote_closed", True): [*CHAT, "start_revote", "stop_vote"],
    ("revealed", False): [*STOP, "reveal"],
    ("revealed", True): [*CHAT, "start_revote", "stop_vote", "reveal"],
}
STATES = [where for where in PATHS if where[0] not in ("quick", "counting")]
"""The states of the class; `quick` is another way to a vote, and `counting` one with a deadline."""
ROUNDS = {
    "idle": None,
    "vote": 1,
    "vote_closed": 1,
    "discuss": 1,
    "revote": 2,
    "revote_closed": 2,
}
FIELDS: dict[str, dict[str, Any]] = {
    "start_question": {"question": "force"},
    "count_down_and_stop": {"seconds": 600},
}


async def lead(instructor: Client, phase: str, *, groups: bool = False) -> int:
    """Take the class of the dashboard to a phase and forget what came; return the epoch."""
    epoch = 0
    for action in PATHS[phase, groups]:
        epoch = (await instructor.ask(action, **FIELDS.get(action, {})))["epoch"]
    await instructor.settled()
    instructor.forget()
    return epoch


async def paired(
    cast: Cast, votes: Sequence[str | None], **options: Any
) -> tuple[Client, list[Person], list[Client]]:
    """Let students cast these votes (None for no vote), and make partners of them.

    Return (dashboard, people, chat sockets).
    """
    people = [cast.student(f"s{number}") for number in range(len(votes))]
    clients = await cast.chat(*people)
    clients = clients if len(people) > 1 else [clients]
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force")
    for client, choice in zip(clients, votes, strict=True):
        if choice is not None:
            await client.ask("vote", course=cast.course.slug, choice=choice)
    await ines.ask("stop_vote")
    await ines.ask("make_partners", **options)
    return ines, people, clients


async def discussing(
    cast: Cast, votes: Sequence[str | None]
) -> tuple[Client, list[Person], list[Client]]:
    """Do as `paired`, then enable the chat; each student has read the `partners` event."""
    ines, people, clients = await paired(cast, votes)
    await ines.ask("enable_chat")
    for client in clients:
        await client.event("partners")
        client.forget()
    return ines, people, clients


def formed(cast: Cast, slug: str = "force") -> list[list[str]]:
    """The usernames in each group of the question."""
    groups = PartnerGroup.objects.filter(
        round__session__course=cast.course, round__question__slug=slug
    ).order_by("-round", "number")
    return [sorted(one.user.username for one in group.partners.all()) for group in groups]


def sizes(groups: Iterable[Sized]) -> list[int]:
    return sorted(len(group) for group in groups)


def question(slug: str = "force") -> Frame:
    """A question as it is on the wire."""
    return {
        "question": slug,
        "prompt": f"What is {slug}?",
        "kind": "single",
        "choices": [{"choice": letter, "text": f"choice {letter}"} for letter in "ABCD"],
    }


def state_fields(
    cast: Cast,
    message: str,
    phase: str,
    epoch: int,
    *,
    slug: str | None = "force",
    deadline: Any = None,
    **more: Any,
) -> Frame:
    """Return the fields of a class's state in a `control` event and in a snapshot.

    Without groups each transition is a revision, and nothing else is.
    """
    return {
        "course": cast.course.slug,
        "message": message,
        "phase": phase,
        "epoch": epoch,
        "revision": epoch,
        "question": question(slug) if slug else None,
        "round": ROUNDS.get(phase),
        "deadline": deadline,
        "server_time": pytest.approx(time.time(), abs=patient(30)),
        **more,
    }


def control(cast: Cast, message: str, phase: str, epoch: int, **more: Any) -> Frame:
    return {"action": "control", **state_fields(cast, message, phase, epoch, **more)}


def timeless(snapshot: Frame) -> Frame:
    """A snapshot without the time at which it was made."""
    return {key: value for key, value in snapshot.items() if key != "server_time"}
