"""Finds groups of people in a list: a line has a person, as in a roster, and the person's group.

It knows how Moodle, Canvas, Blackboard, ILIAS and Stud.IP call the column of the groups in English
and German. Without a header, it is the column in which the same words come again and again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from accounts.text import has_controls, plain_name, shows
from rooms.peer import roster
from rooms.peer.roster import Line
from rooms.peer.sheets import LINE_LIMIT, fields_of, lines_of, separator_of, without_column

NAME_LIMIT = 100
"""The most characters in the name of a group."""

# The first of these that a header has.
_HEADERS = (
    *("groupname", "gruppenname", "teamname", "group", "groups", "gruppe", "gruppen"),
    *("team", "teams", "lerngruppe", "lerngruppen", "arbeitsgruppe", "arbeitsgruppen"),
    *("grouping", "groupcode", "groupid", "gruppenid"),
)
_NOT_LETTERS = re.compile(r"[\W_]+")


class GroupProblem(StrEnum):
    """Why a line has no group."""

    NO_GROUP = "no_group"
    BAD_NAME = "bad_name"


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A line of a list: a person, or what is wrong with it, and the name of the group.

    `fields` has all of the line, as platforms export several names of an account.
    """

    line: Line
    group: str = ""
    fields: tuple[str, ...] = ()
    problem: GroupProblem | None = None


class NoGroups(ValueError):
    """No column of the list has groups."""


def read_groups(text: str) -> list[GroupLine]:
    """Return the people of a list with their groups. Raises NoGroups.

    Lines about nobody, as gradebooks have them, are left out.
    """
    lines = lines_of(text)
    separator = separator_of([line for _, line in lines])
    rows = {number: fields_of(line[:LINE_LIMIT], separator) for number, line in lines}
    column = _column(list(rows.values()))
    people = roster.read_list(without_column(lines, separator, column))
    return [_grouped(line, rows[line.number], column) for line in people]


def _grouped(line: Line, fields: Sequence[str], column: int) -> GroupLine:
    name = plain_name(fields[column]) if column < len(fields) else ""
    if not name:
        return GroupLine(line, problem=GroupProblem.NO_GROUP)
    if len(name) > NAME_LIMIT or not shows(name) or has_controls(name):
        return GroupLine(line, problem=GroupProblem.BAD_NAME)
    return GroupLine(line, name, tuple(fields))


def _column(rows: Sequence[Sequence[str]]) -> int:
    """Return the place of the column that has the groups. Raises NoGroups."""
    header = [_NOT_LETTERS.sub("", field.casefold()) for field in rows[0]] if rows else []
    for word in _HEADERS:
        if word in header:
            return header.index(word)
    found = [
        (share, place)
        for place in range(max(map(len, rows), default=0))
        if (share := _variety(rows, place)) is not None and share <= 0.75
    ]
    if not found:
        raise NoGroups
    return min(found)[1]


def _variety(rows: Sequence[Sequence[str]], place: int) -> float | None:
    """Return the share of the fields of a column that differ; None for one of addresses."""
    fields = [row[place].casefold() for row in rows if place < len(row) and row[place]]
    if not fields or sum("@" in field for field in fields) * 2 > len(fields):
        return None
    return len(set(fields)) / len(fields)
