"""Reads XML from strangers, within bounds: no entities, no DTD, nothing from elsewhere.

A file may have `MOST_ELEMENTS` elements, and tags of `TAG_BYTES`, which bounds what parsing needs
beyond the file itself, whatever the file is. Prefixes and namespaces are left out of names.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import errors

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from . import MOST_BYTES_WITH_PICTURES, FileRefused
from .codes import FileFlaw

MOST_ELEMENTS = 200_000
MOST_DEPTH = 100
MOST_ATTRIBUTES = 100
TAG_BYTES = 1_000_000
"""Bytes of a tag with its attributes, of a comment or of an instruction."""

_CHUNK = 1 << 16
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]{1,40})["']""")
_UTF8 = {"utf-8", "utf8", "us-ascii", "ascii"}
_WESTERN = {"iso-8859-1", "iso8859-1", "latin1", "latin-1", "iso-8859-15", "windows-1252", "cp1252"}
_UNDEFINED_ENTITY = errors.codes[errors.XML_ERROR_UNDEFINED_ENTITY]
_NONE: dict[str, str] = {}


@dataclass(slots=True)
class Node:
    """An element: where it starts (a line from 1), and its texts and elements in order."""

    tag: str
    attributes: dict[str, str]
    line: int
    parts: "list[Node | str]" = field(default_factory=list)

    def get(self, name: str) -> str:
        """Return an attribute without blanks around it, empty if there is none."""
        return self.attributes.get(name, "").strip()

    def children(self, *tags: str) -> "list[Node]":
        """Return the elements directly in this one, only those of the given names if any are."""
        return [
            part for part in self.parts if isinstance(part, Node) and (not tags or part.tag in tags)
        ]

    def child(self, *path: str) -> "Node | None":
        """Return the first element on a path of names, or None."""
        node: Node | None = self
        for tag in path:
            if node is None:
                return None
            node = next(iter(node.children(tag)), None)
        return node

    def walk(self) -> "Iterator[Node]":
        """Yield this element and all in it, in the order of the file."""
        yield self
        for child in self.children():
            yield from child.walk()

    @property
    def raw(self) -> str:
        """Return the texts directly in this element."""
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def text(self) -> str:
        """Return the texts directly in this element, without blanks around them."""
        return self.raw.strip()

    def text_at(self, *path: str) -> str:
        """Return the text of the first element on a path, empty if there is none."""
        node = self.child(*path)
        return node.text if node else ""


def read_tree(data: bytes, *, limit: int = MOST_BYTES_WITH_PICTURES) -> Node:
    """Return the root element of a file with everything in it.

    Raises `FileRefused` for what is larger than `limit` bytes, no XML, or not safe to read.
    """
    for node in _nodes(data, depth=1, limit=limit):
        return node
    raise FileRefused(FileFlaw.XML_BROKEN)


def read_children(data: bytes, *, limit: int = MOST_BYTES_WITH_PICTURES) -> Iterator[Node]:
    """Yield the elements directly in the root of a file, one after the other, as they are read.

    Raises like `read_tree`, when it comes to the place.
    """
    return _nodes(data, depth=2, limit=limit)


def root_of(data: bytes) -> Node:
    """Return the root element without what is in it; the rest of the file is not looked at."""
    target = _Target(depth=MOST_DEPTH)
    for _ in _fed(data, target):
        if target.root:
            return target.root
    raise FileRefused(FileFlaw.XML_BROKEN)


class _Target:
    """Builds the elements that start at a depth, and bounds all others."""

    def __init__(self, depth: int) -> None:
        self.parser: Any = None
        self.root: Node | None = None
        self.stack: list[Node] = []
        self.done: list[Node] = []
        self._depth = depth
        self._elements = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise FileRefused(FileFlaw.XML_LARGE, line, {"limit": MOST_ELEMENTS})
        if len(self.stack) >= MOST_DEPTH:
            raise FileRefused(FileFlaw.XML_DEEP, line, {"limit": MOST_DEPTH})
        if len(attributes) > MOST_ATTRIBUTES:
            raise FileRefused(FileFlaw.XML_TAG, line)
        named = {_local(name): value for name, value in attributes.items()} or _NONE
        node = Node(_local(tag), named, line)
        if len(self.stack) >= self._depth:
            self.stack[-1].parts.append(node)
        self.stack.append(node)
        self.root = self.root or node

    def data(self, text: str) -> None:
        if len(self.stack) >= self._depth:
            self.stack[-1].parts.append(text)

    def end(self, _tag: str) -> None:
        node = self.stack.pop()
        if len(self.stack) == self._depth - 1:
            self.done.append(node)

    def close(self) -> None:
        """Do nothing at the end of the file; the parser asks for this method."""


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _parser(target: _Target) -> Any:
    # The bytes that it gets are UTF-8, whatever the file says of itself.
    parser: Any = XMLParser(target=target, encoding="utf-8", forbid_dtd=True)
    target.parser = parser.parser
    return parser


def _nodes(data: bytes, *, depth: int, limit: int) -> Iterator[Node]:
    if len(data) > limit:
        raise FileRefused(FileFlaw.TOO_LARGE, args={"limit": limit})
    target = _Target(depth)
    for _ in _fed(data, target):
        yield from target.done
        target.done.clear()


def _fed(data: bytes, target: _Target) -> Iterator[None]:
    """Give a file to a target, piece by piece; yield after each of them."""
    parser = _parser(target)
    fed = 0
    for piece in chain(_pieces(data), [None]):
        _feed(parser, piece)
        fed += len(piece or b"")
        if piece and fed - target.parser.CurrentByteIndex > TAG_BYTES:
            raise FileRefused(FileFlaw.XML_TAG, target.parser.CurrentLineNumber)
        yield


def _feed(parser: Any, piece: bytes | None) -> None:
    try:
        if piece is None:
            parser.close()
        else:
            parser.feed(piece)
    except DefusedXmlException:
        raise FileRefused(FileFlaw.XML_DTD, parser.parser.CurrentLineNumber) from None
    except ParseError as error:
        is_entity = error.code == _UNDEFINED_ENTITY
        code = FileFlaw.XML_ENTITY if is_entity else FileFlaw.XML_BROKEN
        raise FileRefused(code, error.position[0]) from None


def _pieces(data: bytes) -> Iterator[bytes]:
    """Yield the text of a file as pieces in UTF-8."""
    if not data.strip(b" \t\r\n"):
        raise FileRefused(FileFlaw.EMPTY)
    decoder = codecs.getincrementaldecoder(_encoding(data))("strict")
    line = 1
    view = memoryview(data)
    for start in range(0, len(data), _CHUNK):
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(view[start : start + _CHUNK], start + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            byte = start - pending + error.start + 1
            raise FileRefused(FileFlaw.ENCODING, line, {"byte": byte}) from None
        line += text.count("\n")
        yield text.encode()


def _encoding(data: bytes) -> str:
    """Return the encoding of a file: that of its mark, else what it says of itself, else UTF-8."""
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declared = _DECLARED.match(data[:400])
    name = declared[1].decode().lower() if declared else "utf-8"
    if name in _UTF8:
        return "utf-8"
    if name not in _WESTERN:
        raise FileRefused(FileFlaw.XML_ENCODING, 1, {"encoding": name})
    # Files that were stored anew often still name the encoding that they had. What is valid UTF-8
    # is nothing else.
    return "utf-8" if _is_utf8(data) else "iso-8859-15" if name.endswith("15") else "cp1252"


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    view = memoryview(data)
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(view[start : start + _CHUNK], start + _CHUNK >= len(data))
    except UnicodeDecodeError:
        return False
    return True
