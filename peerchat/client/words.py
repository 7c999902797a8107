"""The texts with which a terminal describes a class."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from rooms.wire.events import ControlEvent, Event, MessageBody, PartnersEvent, QuestionBody, Result
from rooms.wire.partners import OfferedReason

CONTROL_IN_WORDS = {
    "enableVote": "Voting is open.",
    "countDownAndStop": "Voting closes soon.",
    "stopVote": "Voting is closed.",
    "enableChat": "Discuss with your partners.",
    "enableFaceChat": "Find your partners in the room and talk.",
    "enableDiscussion": "Find your partners in the hall, or discuss here.",
    "enableRevote": "Vote again.",
    "reveal": "The answer:",
    "enableNext": "Next question.",
}

PLACES = {"hall": "in the hall", "elsewhere": "elsewhere"}

HOW_TO_ANSWER = {
    "several": "Several may be right: /vote AC",
    "number": "A number{unit}: /vote 9.81",
    "text": 'A short text: /vote "your answer"',
}


Told = TypeVar("Told", bound=Event)


def in_state(kind: type[Told], state: Mapping[str, Any]) -> Told:
    """Return the part of a snapshot that an event of this kind also has."""
    names = kind.__struct_fields__
    fields = {name: value for name, value in state.items() if name in names}
    return msgspec.convert({"action": kind.__struct_config__.tag, **fields}, kind)


def of_class(event: ControlEvent) -> Iterator[str]:
    """Yield the lines that tell where the class stands."""
    is_poll = event.question is not None and event.question.kind == "poll"
    unknown = event.message == "reveal" and event.correct is None
    told = "The votes:" if unknown else CONTROL_IN_WORDS.get(event.message, event.message)
    yield f"-- {told}"
    if event.question is not None and event.message in ("enableVote", "enableRevote"):
        yield from _of_question(event.question)
    if event.deadline is not None:
        yield f"   {max(event.deadline - event.server_time, 0):.0f} s left."
    if isinstance(event.correct, str):
        yield f"   Correct answer: {_right(event)}."
    elif unknown and not is_poll:
        yield "   No right answer is marked."
    if isinstance(event.histograms, list):
        yield from _of_histograms(event.histograms, "Votes of round")
    yield from _of_explanation(event)


def _right(event: ControlEvent) -> str:
    """Return the right answers, with the tolerance and the unit of a number."""
    assert isinstance(event.correct, str)
    question = event.question
    if question is None:
        return plain(event.correct)
    if question.kind == "text" and isinstance(event.right, list):
        return plain(", ".join(event.right))
    around = f" \u00b1 {event.tolerance:g}" if isinstance(event.tolerance, float) else ""
    unit = f" {question.unit}" if isinstance(question.unit, str) else ""
    return plain(f"{event.correct}{around}{unit}")


def _of_explanation(result: Result) -> Iterator[str]:
    """Yield the lines of what is said with a result, as it was typed."""
    if isinstance(result.feedback, dict):
        for letter, said in result.feedback.items():
            yield f"   {letter}: {plain(said.text)}"
    for text in (result.explanation, result.follow_up):
        if isinstance(text, str):
            yield plain(text)


def _of_question(question: QuestionBody) -> Iterator[str]:
    """Yield the lines of a question. One without words is a line of letters."""
    if question.prompt:
        yield plain(question.prompt)
    if (asked := HOW_TO_ANSWER.get(question.kind)) is not None:
        unit = f" in {question.unit}" if isinstance(question.unit, str) else ""
        yield f"  ({plain(asked.format(unit=unit))})"
    if not question.choices:
        return
    if not any(choice.text for choice in question.choices):
        yield f"  {'  '.join(choice.choice for choice in question.choices)}"
        return
    for choice in question.choices:
        yield f"  {choice.choice}  {plain(choice.text)}".rstrip()


def _of_histograms(histograms: Iterable[Mapping[str, int]], name: str) -> Iterator[str]:
    for number, counts in enumerate(histograms, start=1):
        if counts:
            shown = ", ".join(f"{plain(answer)}: {n}" for answer, n in counts.items())
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


def of_partners(told: PartnersEvent) -> Iterator[str]:
    """Yield the lines that tell who one's partners are, where, and what they said."""
    names = ", ".join(
        plain(p.display_name) + (f" (chose {plain(p.choice)})" if p.choice else "")
        for p in told.partners
    )
    number = f" in group {told.group}" if isinstance(told.group, int) else ""
    yield f"Your partners{number}: {names}. Your messages now go to them."
    for partner in told.partners:
        sure = partner.confidence if isinstance(partner.confidence, int) else None
        said = [
            f"{sure} of 5 sure" if sure is not None else "",
            PLACES.get(str(partner.place), ""),
            plain(partner.seat) if isinstance(partner.seat, str) else "",
            plain(partner.rationale) if isinstance(partner.rationale, str) else "",
        ]
        if any(said):
            yield f"   {plain(partner.display_name)}: {'; '.join(filter(None, said))}"
    if isinstance(told.offered, OfferedReason):
        choice, reason = plain(told.offered.choice), plain(told.offered.rationale)
        yield f"   Somebody else chose {choice}: {reason}"


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
