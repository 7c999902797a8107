r"""Rules of mathematics for the parser: `$...$`, `$$...$$`, `\(...\)` and `\[...\]`.

Dollars follow Pandoc: the next dollar closes a formula or there is none. After the opening one
comes no space, before the closing one no space, and after it no digit. So `$5 and $6` stays text.
All formulas of a text together take a time that is linear in it.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

MOST_LINES = 100
"""Lines of a formula that stands by itself."""
_CLOSERS = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
_OPENER = re.compile(r"\$\$?|\\[(\[]")
# A backslash hides the character after it, so these are all that may close a formula.
_ONE = re.compile(r"\\.|\$", re.DOTALL)
_TWO = re.compile(r"\\.|\$\$", re.DOTALL)
_BREAKING = ["paragraph", "reference", "blockquote", "list"]


def add_rules(parser: MarkdownIt) -> None:
    """Let a parser know mathematics. Its tokens are `math` and `math_block`."""
    parser.inline.ruler.before("escape", "math", _inline)
    parser.block.ruler.before("fence", "math_block", _block, {"alt": _BREAKING})


def _inline(state: StateInline, silent: bool) -> bool:
    opener = _OPENER.match(state.src, state.pos, state.posMax)
    if opener is None:
        return False
    start, closer = opener.end(), _CLOSERS[opener[0]]
    if closer == "$" and state.src[start : start + 1].isspace():
        return False
    # Where one has no closer, those after it have none.
    vain: set[tuple[str, str, int]] = state.env.setdefault("vain", set())
    key = (closer, state.src, state.posMax)
    if key in vain:
        return False
    end = _end(state.src, start, state.posMax, closer)
    if end is None:
        vain.add(key)
        return False
    content = state.src[start:end]
    if not content.strip():
        return False
    if closer == "$" and (content[-1].isspace() or state.src[end + 1 : end + 2].isdecimal()):
        return False
    if not silent:
        token = state.push("math", "span", 0)
        token.content = content
        token.meta = {"display": "inline" if closer in ("$", r"\)") else "block"}
    state.pos = end + len(closer)
    return True


def _end(text: str, start: int, end: int, closer: str) -> int | None:
    """Return where the first `closer` stands from `start` on."""
    for found in (_ONE if closer == "$" else _TWO).finditer(text, start, end):
        if found[0] == closer:
            return found.start()
    return None


def _block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Take lines from one that starts with `$$` to one that ends with it, without blank ones."""
    place = state.bMarks[first] + state.tShift[first]
    opener = state.src[place : place + 2]
    if opener not in ("$$", r"\[") or state.is_code_block(first):
        return False
    closer = _CLOSERS[opener]
    lines: list[str] = []
    for number in range(first, min(last, first + MOST_LINES)):
        if number > first and (state.isEmpty(number) or state.sCount[number] < state.blkIndent):
            return False
        line = state.getLines(number, number + 1, state.blkIndent, False)
        if not lines:
            line = line.lstrip()[2:]
        elif line.startswith(r"\["):
            # No formula has another one in it. Without this, many openers would take long.
            return False
        end = _end(line, 0, len(line), closer)
        if end is None:
            lines.append(line)
            continue
        content = "\n".join([*lines, line[:end]])
        if line[end + 2 :].strip() or not content.strip():
            return False
        if not silent:
            state.line = number + 1
            token = state.push("math_block", "p", 0)
            token.content = content.strip()
            token.map = [first, state.line]
        return True
    return False
