"""Reads Aiken, the simplest text format of Moodle: a question, lettered choices, `ANSWER: B`.

https://docs.moodle.org/en/Aiken_format describes it. A question of several lines is taken, too, if
no blank line parts them, and so is more than one letter after `ANSWER:`.
"""

import re
from dataclasses import dataclass, field

from rooms.peer.content import LETTERS, ChoiceContent, Kind, QuestionContent

from . import MOST_ITEMS, FileRefused, Item, ItemRefused
from .codes import FileFlaw, Reason
from .decoding import lines_of, text_of
from .labels import name_of
from .marked import Marked

_CHOICE = re.compile(r"([A-Za-z])[).](?:\s+|(?=[^\s\w])|$)")
_TIGHT_CHOICE = re.compile(r"([A-Z])[).]")
_ANSWER = re.compile(r"(?:ANSWERS?|ANTWORT(?:EN)?|LÖSUNG)\s*:", re.IGNORECASE)
_LETTER = re.compile(r"[A-Za-z]")
_BETWEEN_LETTERS = re.compile(r"[\s,;&/+]+|(?<=\s)(?:and|und)(?=\s)")


@dataclass(slots=True)
class _Unfinished:
    """A question of which not all lines have been read."""

    line: int
    prompt: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    last: int = 0
    flaw: ItemRefused | None = None

    def refuse(self, code: Reason, line: int | None = None, **args: str | int) -> None:
        """Remember the first thing that is wrong."""
        self.flaw = self.flaw or ItemRefused(code, args, line)


def read(data: bytes) -> list[Item]:
    """Return the questions of a file, also those that cannot be taken.

    Raises `FileRefused` for what is no text, for no questions and for too many.
    """
    items: list[Item] = []
    is_aiken = False
    current: _Unfinished | None = None
    for number, raw in enumerate(lines_of(text_of(data)), start=1):
        line = raw.strip()
        if not line:
            continue
        answer = _ANSWER.match(line)
        choice = None if answer else _choice(line, current)
        is_aiken = is_aiken or bool(answer or choice)
        if answer:
            items.append(_finished(current, number, line, line[answer.end() :]))
            current = None
        elif choice:
            current = current or _Unfinished(number)
            _add_choice(current, number, line, choice)
        else:
            if current and (current.choices or current.last < number - 1):
                items.append(_abandoned(current, number))
                current = None
            current = current or _Unfinished(number)
            current.prompt.append(line)
        if current:
            current.last = number
        if len(items) > MOST_ITEMS:
            raise FileRefused(FileFlaw.TOO_MANY, items[MOST_ITEMS].line, {"limit": MOST_ITEMS})
    if not is_aiken:
        raise FileRefused(FileFlaw.NO_QUESTIONS)
    if current:
        items.append(_abandoned(current, None))
    return items


def _choice(line: str, current: _Unfinished | None) -> re.Match[str] | None:
    """Return what makes a line a choice: its letter, and where its text starts."""
    found = _CHOICE.match(line)
    if found and (found[1].isupper() or (current and _expected(current) == found[1].upper())):
        return found
    tight = _TIGHT_CHOICE.match(line)
    return tight if tight and current and _expected(current) == tight[1] else None


def _expected(current: _Unfinished) -> str:
    count = len(current.choices)
    return LETTERS[count] if current.prompt and count < len(LETTERS) else ""


def _add_choice(current: _Unfinished, number: int, line: str, choice: re.Match[str]) -> None:
    letter = choice[1].upper()
    if letter == "A" and not current.prompt and len(current.choices) == 1:
        # “A. Einstein was born in …” is a question that only looks like a choice.
        current.prompt, current.choices, current.flaw = [f"A. {current.choices[0]}"], [], None
    if not current.prompt:
        current.refuse(Reason.NO_PROMPT)
    count = len(current.choices)
    expected = LETTERS[count] if count < len(LETTERS) else ""
    if letter != expected:
        current.refuse(Reason.LETTER_EXPECTED, number, expected=expected, found=letter)
    current.choices.append(line[choice.end() :].strip())


def _abandoned(current: _Unfinished, line: int | None) -> Item:
    """Return a question without an answer, which ended where a line did not belong to it."""
    current.refuse(Reason.NO_ANSWER if current.choices else Reason.NO_CHOICES, line)
    return _refused(current)


def _refused(current: _Unfinished) -> Item:
    assert current.flaw
    name = name_of(" ".join(current.prompt), *current.choices)
    return Item(line=current.line, name=name, refused=current.flaw.refused)


def _finished(current: _Unfinished | None, number: int, line: str, said: str) -> Item:
    """Return the question that a line with the answer ends."""
    if current is None:
        alone = _Unfinished(number, prompt=[line])
        alone.refuse(Reason.STRAY_LINE, text=line[:100])
        return _refused(alone)
    if len(current.choices) < 2:
        current.refuse(Reason.NO_CHOICES, number)
    right = _letters(said)
    if not right:
        current.refuse(Reason.NO_ANSWER, number)
    for letter in right:
        if letter not in list(LETTERS[: len(current.choices)]):
            current.refuse(Reason.ANSWER_UNKNOWN, number, answer=letter[:100])
    if current.flaw:
        return _refused(current)
    marked = Marked()
    try:
        content = QuestionContent(
            kind=Kind.SINGLE if len(right) == 1 else Kind.SEVERAL,
            prompt=marked.markdown("\n".join(current.prompt), ""),
            choices=tuple(
                ChoiceContent(marked.markdown(text, "", inline=True), letter in right)
                for letter, text in zip(LETTERS, current.choices, strict=False)
            ),
        )
    except ItemRefused as error:
        current.flaw = error
        return _refused(current)
    return Item(
        line=current.line,
        name=name_of(content.prompt),
        content=content,
        notes=tuple(marked.notes),
        pictures=marked.pictures,
    )


def _letters(said: str) -> list[str]:
    """Return the letters that are right, or what stands there instead."""
    parts = [part.strip(".)") for part in _BETWEEN_LETTERS.split(said[:200]) if part.strip(".)")]
    if all(_LETTER.fullmatch(part) for part in parts):
        return [part.upper() for part in parts]
    first = said.strip()
    if len(parts) == 1 and parts[0].isupper() and len(parts[0]) <= len(LETTERS):
        return [*parts[0]]
    # As Moodle does, “B) because ...” is B.
    if re.match(r"[A-Za-z](?![A-Za-z])", first):
        return [first[0].upper()]
    return [first]
