"""Bounds the tables of the parser, which gives short rows as many cells as the head has."""

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import table

MOST_CELLS = 5_000
"""Cells of all tables of a text, as many as the longest text can have of its own."""
_BREAKING = ["paragraph", "reference"]


def bound_tables(parser: MarkdownIt) -> None:
    """Let a parser, which knows tables, leave those with too many cells as they were typed."""
    parser.block.ruler.at("table", _table, {"alt": _BREAKING})


def _table(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    if first + 2 > last:
        return False
    line = state.getLines(first + 1, first + 2, 0, False)
    if "-" not in line or not {*line} <= {*"|-: \t"}:
        return False
    left = MOST_CELLS - state.env.get("cells", 0)
    columns = sum("-" in cell for cell in line.split("|"))
    cells, number = columns, first + 2
    while cells <= left and number < last and not state.isEmpty(number):
        cells, number = cells + columns, number + 1
    if cells > left or not table(state, first, last, silent):
        return False
    if not silent:
        state.env["cells"] = state.env.get("cells", 0) + cells
    return True
