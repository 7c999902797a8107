r"""Builds Markdown while the tags of HTML open and close.

A frame collects what an open element has: finished blocks, and the text of the paragraph that is
not finished. When the element closes, its Markdown goes to the frame around it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .escaping import escaped, hard_lines

Cite = Callable[[str], str | None]
DEEPEST = 40
"""Open elements that are looked at; those within more are only their text."""
MOST_CELLS = 30
"""Cells of a row."""

_EMPHASIS = {"b": "**", "strong": "**", "i": "*", "em": "*"}
_INLINE = {*_EMPHASIS, "code", "tt", "kbd", "samp", "a", "sub", "sup"}
_LISTS = {"ul", "ol"}
_CELLS = {"td", "th"}
_PARAGRAPHS = {
    *("p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "dl", "dt", "dd"),
    *("figure", "figcaption", "center", "header", "footer", "main", "address", "fieldset", "form"),
}
_SCRIPTS = {"script", "style", "iframe"}
# Characters that texts lose, as marks in a paragraph: a line break, the start and end of emphasis.
_BREAK, _START, _END = "\0\1\2"
_MARKS = str.maketrans("", "", "\0\1\2")
# Emphasis that goes on is one, and another one needs a space before it.
_GOES_ON = re.compile(r"\x02(\*+)\x01\1(?!\*)")
_FOLLOWS = re.compile(r"(\x02\*+)(?=\x01)")
# Markdown sees no emphasis between a letter outside and punctuation inside.
_CLASHING_START = re.compile(r"(?<=[^\W_])\x01(?=\*+(?:[^\w\s]|_))")
_CLASHING_END = re.compile(r"(?<=[^\w\s]|_)\x02(\*+)(?=[^\W_])")
_BLANKS = re.compile(r"[ \t\n\r\f\v\xa0]+")
# What may be special together with the piece of text beside it.
_EDGES = re.compile(r"(\A|(?<!\\)(?:\\\\)*)(~\Z|\]\Z|&\Z|\A~)")
_LOW = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_HIGH = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_TEX_WORD = re.compile(r"[A-Za-z0-9 ,.+-]{1,40}")
_LINK = re.compile(r"(?:https?://|mailto:)[^\s<>]{1,2000}", re.IGNORECASE)
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|brush:)[-\s]?([A-Za-z0-9+#-]{1,20})")
_ADDRESS_ESCAPES = str.maketrans({"(": "%28", ")": "%29", "\\": "%5C"})


@dataclass(slots=True)
class _Frame:
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    blocks: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    # Of a table.
    rows: list[list[str]] = field(default_factory=list)


class Builder:
    """Takes the tokens of HTML one after another, then `result` is the Markdown."""

    def __init__(self, cite: Cite, *, inline: bool) -> None:
        self._cite = cite
        self._is_inline = inline
        self._frames = [_Frame("")]
        self.has_script = False
        self.elsewhere: list[str] = []

    @property
    def _top(self) -> _Frame:
        return self._frames[-1]

    @property
    def _is_flat(self) -> bool:
        """Return whether everything goes on one line, as in the cells of a table."""
        return self._is_inline or any(frame.name == "table" for frame in self._frames)

    def text(self, data: str) -> None:
        """Take a piece of text."""
        top = self._top
        data = data.translate(_MARKS)
        if top.name == "pre" or self._is_in_code():
            top.inline.append(data)
            return
        data = _BLANKS.sub(" ", data)
        if top.name in _LISTS or top.name == "table":
            if not data.strip():
                return
            self.open("li" if top.name in _LISTS else "td", {})
        # The next piece may go on with what this one ends with, such as ~~ and [a](b).
        self._top.inline.append(_EDGES.sub(r"\1\\\2", escaped(data)))

    def open(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take an opening tag."""
        if name in _SCRIPTS:
            self.has_script = True
        elif self._top.name == "pre" or self._is_in_code():
            if name == "br":
                self._top.inline.append("\n")
            elif name == "code" and "class" in attributes:
                self._top.attributes = attributes
        elif name == "br":
            self._top.inline.append(_BREAK)
        elif name == "img":
            self._picture(attributes)
        elif name in _PARAGRAPHS or name == "hr":
            self._end_paragraph()
        elif len(self._frames) < DEEPEST:
            self._push(name, attributes)

    def close(self, name: str) -> None:
        """Take a closing tag, and close what is still open within its element."""
        if name in _PARAGRAPHS:
            self._end_paragraph()
            return
        # A closing tag reaches no further than the cell or the item that it is in.
        for place in range(len(self._frames) - 1, 0, -1):
            if self._frames[place].name == name:
                while len(self._frames) > place:
                    self._pop()
                return
            if name in _INLINE and self._frames[place].name not in _INLINE:
                return

    def result(self) -> str:
        """Return the Markdown of everything."""
        while len(self._frames) > 1:
            self._pop()
        return self._joined(self._top)

    def _push(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "li":
            self._close_down_to(_LISTS, "li")
            self._end_paragraph()
        elif name in _CELLS or name == "tr":
            self._close_down_to({"table"}, "td", "th")
            if self._top.name != "table":
                self._top.inline.append(" ")
                return
            if name == "tr" or not self._top.rows:
                self._top.rows.append([])
            if name == "tr":
                return
        elif name in _LISTS or name in ("table", "pre", "blockquote"):
            is_nested = name == "table" and any(one.name == "table" for one in self._frames)
            self._end_paragraph()
            if is_nested:
                return
        elif name not in _INLINE or any(_same(one.name) == _same(name) for one in self._frames):
            return
        self._frames.append(_Frame(name, attributes))

    def _close_down_to(self, holders: set[str], *names: str) -> None:
        """Close the open item or cell of the innermost list or table, if there is one."""
        for place in range(len(self._frames) - 1, 0, -1):
            if self._frames[place].name in holders:
                while len(self._frames) > place + 1:
                    self._pop()
                return
            if self._frames[place].name in names and self._frames[place - 1].name not in holders:
                return

    def _is_in_code(self) -> bool:
        return self._top.name in ("code", "tt", "kbd", "samp")

    def _picture(self, attributes: Mapping[str, str]) -> None:
        address = attributes.get("src", "")
        alternative = _BLANKS.sub(" ", attributes.get("alt", "")).strip()
        cited = self._cite(address)
        if cited is None:
            shown = f"{address[:80]}…" if len(address) > 80 else address
            if shown not in self.elsewhere and len(self.elsewhere) < 20:
                self.elsewhere.append(shown)
            self._top.inline.append(escaped(alternative))
        else:
            alternative = alternative.replace("\\", "").replace("[", "(").replace("]", ")")
            self._top.inline.append(f"![{alternative}]({cited})")

    def _end_paragraph(self) -> None:
        while self._top.name in _INLINE:
            self._pop()
        top = self._top
        if top.inline and top.name != "pre":
            paragraph = self._paragraph("".join(top.inline))
            top.inline.clear()
            if paragraph:
                top.blocks.append(paragraph)

    def _paragraph(self, text: str) -> str:
        text = _FOLLOWS.sub(r"\1 ", _GOES_ON.sub("", text))
        text = _CLASHING_END.sub(r"\1 ", _CLASHING_START.sub(" ", text))
        text = text.replace(_START, "").replace(_END, "")
        lines = [line.strip() for line in re.sub(" {2,}", " ", text).split(_BREAK)]
        if self._is_flat:
            return " ".join(filter(None, lines))
        return hard_lines(lines)

    def _joined(self, frame: _Frame) -> str:
        """Return the blocks of the frame on top."""
        self._end_paragraph()
        return (" " if self._is_flat else "\n\n").join(frame.blocks)

    def _pop(self) -> None:
        frame = self._top
        if frame.name in _INLINE:
            self._frames.pop()
            shown = _inline(frame)
            inline = self._top.inline
            # Code that follows code would join it.
            is_close = shown.startswith("`") and inline and inline[-1].endswith("`")
            inline.append(f" {shown}" if is_close else shown)
            return
        if frame.name == "pre":
            self._frames.pop()
            block = _code_block("".join(frame.inline), frame.attributes, self._is_flat)
        elif frame.name in _CELLS:
            block = self._joined(frame).replace("|", "\\|")
            self._frames.pop()
            if len(self._top.rows[-1]) < MOST_CELLS:
                self._top.rows[-1].append(block)
            return
        elif frame.name == "table":
            self._end_paragraph()
            self._frames.pop()
            # Text in a table outside of its cells follows it.
            outside = [[block] for block in frame.blocks]
            block = _table(frame.rows + outside, self._is_flat)
        elif frame.name == "blockquote":
            block = self._joined(frame)
            self._frames.pop()
            if not self._is_flat:
                block = "\n".join(f"> {line}".rstrip() for line in block.split("\n"))
        elif frame.name == "li":
            self._end_paragraph()
            self._frames.pop()
            block = _tight(frame.blocks, self._is_flat)
            # An item without a list is a paragraph.
            self._top.blocks.append(block)
            return
        else:
            self._end_paragraph()
            self._frames.pop()
            block = _list(frame, self._is_flat)
        if block.strip():
            self._top.blocks.append(block)


def _same(name: str) -> str:
    """Return what an element is in Markdown, where two names may be the same."""
    return _EMPHASIS.get(name, name)


def _inline(frame: _Frame) -> str:
    inner = "".join(frame.inline)
    bare = inner.strip()
    if not bare.replace(_BREAK, "").strip():
        return inner
    before = " " if inner[0].isspace() else ""
    after = " " if inner[-1].isspace() else ""
    if frame.name in _EMPHASIS:
        mark = _EMPHASIS[frame.name]
        lines = [line.strip() for line in bare.split(_BREAK)]
        marked = [f"{_START}{mark}{line}{_END}{mark}" if line else "" for line in lines]
        return before + _BREAK.join(marked) + after
    if frame.name == "a":
        return before + _link(bare, frame.attributes.get("href", "")) + after
    if frame.name in ("sub", "sup"):
        return before + _script(bare, frame.name) + after
    return before + _code(bare) + after


def _link(text: str, address: str) -> str:
    address = address.strip()
    if not _LINK.fullmatch(address):
        return text
    address = address.translate(_ADDRESS_ESCAPES)
    text = text.replace(_BREAK, " ")
    return f"[{text}]({address})"


def _script(text: str, name: str) -> str:
    table, mark = (_LOW, "_") if name == "sub" else (_HIGH, "^")
    if all(ord(letter) in table for letter in text):
        return text.translate(table)
    if not _TEX_WORD.fullmatch(text):
        return f"{mark}({text})" if name == "sup" else f"({text})"
    return rf"\({mark}{{{text}}}\)" if len(text) == 1 else rf"\({mark}{{\text{{{text}}}}}\)"


def _code(text: str) -> str:
    text = _BLANKS.sub(" ", text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _code_block(text: str, attributes: Mapping[str, str], is_flat: bool) -> str:
    text = text.strip("\n").replace(_BREAK, "\n")
    if not text.strip():
        return ""
    if is_flat:
        return _code(text.strip())
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    found = _LANGUAGE.search(attributes.get("class", ""))
    return f"{fence}{found[1] if found else ''}\n{text}\n{fence}"


def _tight(blocks: list[str], is_flat: bool) -> str:
    if is_flat:
        return " ".join(blocks)
    text = ""
    for block in blocks:
        is_list = block.startswith(("- ", "1. "))
        text += ("\n" if is_list else "\n\n") * bool(text) + block
    return text


def _list(frame: _Frame, is_flat: bool) -> str:
    items = [block for block in frame.blocks if block.strip()]
    if is_flat:
        return " ".join(items)
    lines = []
    for number, item in enumerate(items, start=1):
        mark = f"{number}. " if frame.name == "ol" else "- "
        indent = " " * len(mark)
        lines.append(mark + item.replace("\n", f"\n{indent}").replace(f"\n{indent}\n", "\n\n"))
    return "\n".join(lines)


def _table(rows: list[list[str]], is_flat: bool) -> str:
    rows = [row for row in rows if row]
    if not rows:
        return ""
    if is_flat:
        return " ".join(cell for row in rows for cell in row)
    width = max(map(len, rows))
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])
