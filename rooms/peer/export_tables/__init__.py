"""The tables of an export and what their columns mean. Pure, no I/O.

The data dictionary of an export is made of these, and so is what reads an export back.
"""

from .classes import CONVICTIONS, GROUPS, MESSAGES, PARTNERS, ROUNDS, SESSIONS, VOTES
from .columns import Column as Column
from .columns import Table as Table
from .columns import Type as Type
from .course import COURSE, MARKS, PEOPLE, QUESTIONS, VERSIONS
from .course import USE_LOG as USE_LOG
from .outside import RELEASES, SEEDS, SHOWN_REASONS, TAKES

TABLES = {
    table.name: table
    for table in (
        *(COURSE, PEOPLE, SESSIONS, QUESTIONS, VERSIONS, ROUNDS, VOTES, GROUPS, PARTNERS),
        *(MESSAGES, CONVICTIONS, RELEASES, SEEDS, TAKES, SHOWN_REASONS, MARKS, USE_LOG),
    )
}
"""All tables, in the order in which an export has them."""

DICTIONARY = ("table", "column", "type", "unit", "meaning", "source")
"""The columns of the data dictionary itself."""


def dictionary() -> list[tuple[str, ...]]:
    """Return a row for each table, without a column, and for each of its columns after it."""
    rows: list[tuple[str, ...]] = []
    for table in TABLES.values():
        rows.append((table.name, "", "table", "", table.meaning, ""))
        rows += [
            (table.name, one.name, one.type.value, one.unit, one.meaning, one.source)
            for one in table.columns
        ]
    return rows
