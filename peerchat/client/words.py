"""The texts with which a terminal describes a class."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rooms.wire.events import ControlEvent, MessageBody, PartnerBody, QuestionBody

CONTROL_IN_WORDS = {
    "enableVote": "Voting is open.",
    "countDownAndStop": "Voting closes soon.",
    "stopVote": "Voting is closed.",
    "enableChat": "Discuss with your partners.",
    "enableFaceChat": "Find your partners in the room and talk.",
    "enableRevote": "Vote again.",
    "reveal": "The answer:",
    "enableNext": "Next question.",
}


def of_class(event: ControlEvent) -> Iterator[str]:
    """Yield the lines that tell where the class stands."""
    unknown = event.message == "reveal" and event.correct is None
    told = "The votes:" if unknown else CONTROL_IN_WORDS.get(event.message, event.message)
    yield f"-- {told}"
    if event.question is not None and event.message in ("enableVote", "enableRevote"):
        yield from _of_question(event.question)
    if event.deadline is not None:
        yield f"   {max(event.deadline - event.server_time, 0):.0f} s left."
    if isinstance(event.correct, str):
        yield f"   Correct answer: {event.correct}."
    elif unknown:
        yield "   No right answer is marked."
    if isinstance(event.histograms, list):
        yield from _of_histograms(event.histograms, "Votes of round")


def _of_question(question: QuestionBody) -> Iterator[str]:
    """Yield the lines of a question. One without words is a line of letters."""
    if question.prompt:
        yield plain(question.prompt)
    if not any(choice.text for choice in question.choices):
        yield f"  {'  '.join(choice.choice for choice in question.choices)}"
        return
    for choice in question.choices:
        yield f"  {choice.choice}  {plain(choice.text)}".rstrip()


def _of_histograms(histograms: Iterable[Mapping[str, int]], name: str) -> Iterator[str]:
    for number, counts in enumerate(histograms, start=1):
        if counts:
            shown = ", ".join(f"{choice}: {n}" for choice, n in counts.items())
            yield f"   {name} {number}: {shown}"


def of_figures(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines with the figures of a class, for its instructor."""
    votes = " and ".join(str(n) for n in figures["votes"])
    yield f"{figures['online']} students online, votes: {votes}"
    yield from _of_histograms(figures["histograms"], "round")
    yield (
        f"{figures['groups']} groups, {figures['silent_groups']} silent, "
        f"{figures['messages']} messages"
    )
    if figures["gain"] is not None:
        yield f"normalised gain {figures['gain']:.2f}"


def of_partners(partners: Sequence[PartnerBody]) -> str:
    """Return who one's partners are, and what they chose."""
    names = ", ".join(
        plain(p.display_name) + (f" (chose {p.choice})" if p.choice else "") for p in partners
    )
    return f"Your partners: {names}. Your messages now go to them."


def of_message(message: MessageBody, where: str) -> str:
    """Return a message with its time and sender; `where` is the title of another room, or empty."""
    clock = time.strftime("%H:%M", time.localtime(message.timestamp))
    there = f"[{where}] " if where else ""
    if message.kind == "system":
        return f"{clock} {there}*** {plain(message.text)} ***"
    return f"{clock} {there}{plain(message.user.display_name)}: {plain(message.text)}"


def plain(text: str) -> str:
    """Return text of others without control characters, which could take over the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
