r"""Cuts a GIFT file into questions: blank lines part them, `//` starts a comment.

A question whose answers have blank lines in them stays whole, and one that is not closed does not
swallow the next. Questions that follow each other without a blank line are parted, too.
"""

import bisect
import re
from dataclasses import dataclass, replace

from . import MOST_ITEMS, FileRefused
from .codes import FileFlaw
from .decoding import lines_of
from .gift_text import unescaped
from .labels import category_tag

_CATEGORY = "$CATEGORY:"
_TAG = re.compile(r"\[tag:((?:[^\\\]]|\\.){1,500})\]")
_ESCAPED = re.compile(r"\\([\]\\])")
_TO_BRACE = re.compile(r"(?:[^\\{}]++|\\.|\\\Z)*+", re.DOTALL)
_AFTER_ALL = 10**9
MOST_GROUPS = 20 * MOST_ITEMS
"""Pieces between blank lines, which may be within the braces of one question."""


@dataclass(frozen=True, slots=True)
class Block:
    """The text of a question without comments, with the lines that it came from.

    `starts` has the place in the text and the number of each line. `category` is the tag of the
    category that it belongs to, and `is_first` whether it is the first of its category.
    """

    text: str
    starts: tuple[tuple[int, int], ...]
    tags: tuple[str, ...] = ()
    category: str = ""
    is_first: bool = False

    def line(self, place: int = 0) -> int:
        """Return the number of the line at a place of the text."""
        return self.starts[max(bisect.bisect_right(self.starts, (place, _AFTER_ALL)) - 1, 0)][1]

    def part(self, start: int, end: int) -> "Block":
        """Return the block with a part of its text."""
        first = max(bisect.bisect_right(self.starts, (start, _AFTER_ALL)) - 1, 0)
        last = bisect.bisect_left(self.starts, (end, 0))
        starts = ((max(at - start, 0), line) for at, line in self.starts[first:last])
        return replace(self, text=self.text[start:end], starts=tuple(starts))


def brace(text: str, at: int = 0) -> int:
    """Return the place of the next brace that is not escaped, or the length of the text."""
    found = _TO_BRACE.match(text, at)
    return found.end() if found else at


def blocks(text: str) -> list[Block]:
    """Return the questions of a file. Raises `FileRefused` if there are too many."""
    found = [part for block in _closed(_groups(text)) for part in _parted(block)]
    if len(found) > MOST_ITEMS:
        raise FileRefused(FileFlaw.TOO_MANY, found[MOST_ITEMS].line(), {"limit": MOST_ITEMS})
    return found


def _groups(text: str) -> list[Block]:
    """Return what stands between blank lines."""
    found: list[Block] = []
    lines: list[tuple[int, str]] = []
    tags: list[str] = []
    category, is_first = "", False

    def end() -> None:
        nonlocal lines, tags, is_first
        if lines:
            found.append(_block(lines, tuple(tags), category, is_first))
            lines, is_first = [], False
            tags = []

    for number, line in enumerate(lines_of(text), start=1):
        bare = line.strip()
        if bare.startswith("//"):
            tags += [_ESCAPED.sub(r"\1", tag) for tag in _TAG.findall(bare[:10_000])]
        elif bare.startswith(_CATEGORY):
            end()
            category, is_first = _category(bare), True
        elif bare:
            lines.append((number, line))
        else:
            end()
            if len(found) > MOST_GROUPS:
                raise FileRefused(FileFlaw.TOO_MANY, number, {"limit": MOST_ITEMS})
    end()
    return found


def _category(line: str) -> str:
    return category_tag(unescaped(line.removeprefix(_CATEGORY)[:1_000]))


def _block(
    lines: list[tuple[int, str]], tags: tuple[str, ...], category: str, is_first: bool
) -> Block:
    starts, at = [], 0
    for number, line in lines:
        starts.append((at, number))
        at += len(line) + 1
    text = "\n".join(line for _, line in lines)
    return Block(text, tuple(starts), tags, category, is_first)


def _closed(groups: list[Block]) -> list[Block]:
    """Join the groups that are one question with blank lines within its braces."""
    firsts = [_first_brace(group) for group in groups]
    # For each place, the next group with a brace.
    following: list[int | None] = [None] * (len(groups) + 1)
    for n in range(len(groups) - 1, -1, -1):
        following[n] = n if firsts[n] else following[n + 1]
    found: list[Block] = []
    n = 0
    while n < len(groups):
        end = following[n + 1] if firsts[n] == "{" and _is_open(groups[n]) else None
        if end is None or firsts[end] != "}":
            end = n
        whole = _joined(groups[n : end + 1])
        if found and _continues(whole, found[-1]):
            whole = _joined([found.pop(), whole])
        found.append(whole)
        n = end + 1
    return found


def _continues(group: Block, before: Block) -> bool:
    """Return whether a group has the answers to the text before it."""
    has_answers = group.text.lstrip().startswith("{") and not group.is_first
    return has_answers and brace(before.text) == len(before.text)


def _first_brace(group: Block) -> str:
    if group.is_first or group.text.startswith("::"):
        place = brace(group.text)
        return "{" if place == len(group.text) else group.text[place].replace("}", "{")
    place = brace(group.text)
    return group.text[place : place + 1]


def _is_open(group: Block) -> bool:
    return not group.text.startswith("}", brace(group.text, brace(group.text) + 1))


def _joined(groups: list[Block]) -> Block:
    if len(groups) == 1:
        return groups[0]
    starts: list[tuple[int, int]] = []
    at = 0
    for group in groups:
        starts += [(at + place, line) for place, line in group.starts]
        at += len(group.text) + 2
    text = "\n\n".join(group.text for group in groups)
    return replace(groups[0], text=text, starts=tuple(starts))


def _parted(block: Block) -> list[Block]:
    """Part questions that follow each other without a blank line."""
    found: list[Block] = []
    start = 0
    text = block.text
    while len(found) <= MOST_ITEMS:
        opening = brace(text, start)
        closing = brace(text, opening + 1)
        end = text.find("\n", closing)
        if not text.startswith("{", opening) or not text.startswith("}", closing) or end < 0:
            break
        rest = text[closing + 1 : end]
        following = text[end + 1 : end + 3]
        if rest.strip() or not (following == "::" or text.startswith("{", brace(text, end))):
            break
        found.append(block.part(start, end))
        start = end + 1
    if not found:
        return [block]
    found.append(block.part(start, len(text)))
    first, *others = found
    return [first, *(replace(other, tags=(), is_first=False) for other in others)]
