"""Parses YAML to nodes that know their lines, without anything that grows while it is read.

Anchors, aliases and tags are refused, and so are deep nesting and too many values. Nothing becomes
an object, a date or a number here: a scalar is its text.
"""

from dataclasses import dataclass, field

import yaml

from . import FileRefused
from .codes import FileFlaw

DEEPEST = 8
MOST_VALUES = 300_000

# The parser in C is about twenty times as fast; a build of PyYAML may lack it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Scalar:
    """A text, a number or any other single value. `is_plain` if it stands without quotes."""

    line: int
    text: str
    is_plain: bool


@dataclass(slots=True)
class Items:
    """A list."""

    line: int
    nodes: "list[Node]" = field(default_factory=list)


@dataclass(slots=True)
class Pairs:
    """Names with values, in their order; names may be there twice."""

    line: int
    nodes: "list[Node]" = field(default_factory=list)


Node = Scalar | Items | Pairs


def parse(text: str) -> Node:
    """Return the only document of a text. Raises `FileRefused`."""
    try:
        return _document(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        if error.context_mark and (mark is None or mark.line >= text.rstrip().count("\n")):
            # An open bracket is noticed at the end, and is to be mended where it starts.
            mark = error.context_mark
        raise FileRefused(FileFlaw.YAML_BROKEN, mark.line + 1 if mark else None) from None
    except yaml.reader.ReaderError as error:
        # libyaml counts in bytes of UTF-8.
        before = text.encode()[: error.position]
        raise FileRefused(FileFlaw.YAML_BROKEN, before.count(b"\n") + 1) from None


def _document(text: str) -> Node:
    root: Node | None = None
    parents: list[Items | Pairs] = []
    count = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise FileRefused(FileFlaw.YAML_ALIAS, line)
        if isinstance(event, yaml.NodeEvent):
            if event.anchor is not None or getattr(event, "tag", None) not in (None, "!"):
                raise FileRefused(FileFlaw.YAML_ALIAS, line)
            count += 1
            if count > MOST_VALUES:
                raise FileRefused(FileFlaw.YAML_LARGE, line, {"limit": MOST_VALUES})
            node = _node(event, line)
            if parents:
                parents[-1].nodes.append(node)
            elif root is None:
                root = node
            else:
                raise FileRefused(FileFlaw.YAML_NOT_OURS, line)
            if not isinstance(node, Scalar):
                parents.append(node)
                if len(parents) > DEEPEST:
                    raise FileRefused(FileFlaw.YAML_DEEP, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            parents.pop()
    if root is None:
        raise FileRefused(FileFlaw.EMPTY)
    return root


def _node(event: yaml.NodeEvent, line: int) -> Node:
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(line, event.value, not event.style)
    return Items(line) if isinstance(event, yaml.SequenceStartEvent) else Pairs(line)
