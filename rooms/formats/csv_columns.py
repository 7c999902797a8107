"""The names of columns and kinds in tables of questions, in English and in German."""

import re

from rooms.peer.content import LETTERS, Kind

from . import FileRefused
from .codes import FileFlaw

COLUMNS = {
    "kind": ("kind", "type", "question type", "art", "typ", "fragetyp"),
    "title": ("title", "name", "titel"),
    "prompt": ("prompt", "question", "question text", "text", "frage", "fragetext"),
    "correct": (
        *("correct", "right", "solution", "correct answer", "right answer", "key"),
        *("richtig", "korrekt", "lösung", "richtige antwort", "richtige antworten"),
    ),
    "number": ("number", "value", "zahl", "wert"),
    "tolerance": ("tolerance", "toleranz"),
    "unit": ("unit", "einheit"),
    "accepted": ("accepted", "accepted answers", "answers", "akzeptiert", "antworten"),
    "explanation": (
        *("explanation", "feedback", "general feedback"),
        *("erklärung", "erläuterung", "begründung", "rückmeldung"),
    ),
    "follow_up": ("follow up", "followup", "folgefrage", "anschlussfrage", "weiterführend"),
    "tags": ("tags", "tag", "schlagwörter", "schlagworte", "stichwörter", "stichworte", "thema"),
}
_BY_NAME = {name: column for column, names in COLUMNS.items() for name in names}
_CHOICE = re.compile(
    r"(feedback |rückmeldung )?(?:choice |answer |option |antwort |auswahl )?([a-z]|\d{1,2})"
)
KINDS: dict[str, Kind | None] = {
    **{kind.value: kind for kind in Kind},
    **dict.fromkeys(("single choice", "one", "einfach", "einfachauswahl", "eine"), Kind.SINGLE),
    **dict.fromkeys(("multiple", "multiple response", "mehrere", "mehrfach"), Kind.SEVERAL),
    **dict.fromkeys(("mehrfachauswahl", "several choices"), Kind.SEVERAL),
    **dict.fromkeys(("choice", "multiple choice", "mc", "auswahl"), None),
    **dict.fromkeys(("numeric", "numerical", "zahl", "numerisch"), Kind.NUMBER),
    **dict.fromkeys(("short text", "short answer", "kurztext", "kurzantwort"), Kind.TEXT),
    **dict.fromkeys(("survey", "umfrage", "abstimmung"), Kind.POLL),
}
"""The kinds by their names; None if the right choices tell."""


def columns_of(header: list[str], line: int) -> tuple[list[str], list[str]]:
    """Return what the columns are, empty for those that are not known, and the names of those.

    Raises `FileRefused` if there is no column for the question, or two for the same thing.
    """
    columns, unknown = [], []
    for name in header:
        column = _column(name)
        if column and column in columns:
            raise FileRefused(FileFlaw.CSV_TWICE, line, {"column": column})
        if name and not column:
            unknown.append(name)
        columns.append(column)
    if "prompt" not in columns:
        raise FileRefused(FileFlaw.CSV_HEADER, line, {"missing": "prompt"})
    return columns, unknown


def _column(name: str) -> str:
    """Return `A` for the text of the first choice, `feedback A` for its feedback, and so on."""
    bare = " ".join(name.casefold().replace("-", " ").replace("_", " ").strip(" :").split())
    if bare in _BY_NAME:
        return _BY_NAME[bare]
    found = _CHOICE.fullmatch(bare)
    if not found:
        return ""
    letter = found[2].upper()
    if letter.isdecimal():
        place = int(letter)
        if not 0 < place <= len(LETTERS):
            return ""
        letter = LETTERS[place - 1]
    return f"feedback {letter}" if found[1] else letter
