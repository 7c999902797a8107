"""Questions as files: what reading a file gives, and what writing one takes. Pure, without Django.

Each format is a module with `read(data: bytes) -> list[Item]`, which raises `FileRefused` for what
is no such file. The formats that peerchat writes have `write(questions) -> bytes`, too, and
`losses(question) -> tuple[Note, ...]`, which tells what the file cannot hold of a question.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rooms.peer.content import QuestionContent

from .codes import FileFlaw, Loss, Reason

MOST_ITEMS = 1_000
"""Questions in a file."""
MOST_BYTES = 10_000_000
"""Bytes of a file of text."""
MOST_LINES = 200_000
"""Lines of a file in which lines tell what belongs together."""
MOST_BYTES_WITH_PICTURES = 50_000_000
"""Bytes of a file that may hold pictures."""
MOST_MARKUP = 5_000_000
"""Characters of HTML in a file, without pictures, which take some seconds to be turned."""
MOST_PICTURES = 20
"""Pictures of a question."""
PICTURE_BYTES = 10_000_000
"""Bytes of a picture, before it is looked at and made smaller."""
NAME_LIMIT = 200
"""Characters in the name of an item."""

Args = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a question lost, or that was changed, on its way."""

    code: Loss
    args: Args = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a question cannot be taken. `line` is where, if it is not where the question starts."""

    code: Reason
    args: Args = field(default_factory=dict)
    line: int | None = None


class FileRefused(Exception):
    """A file cannot be read at all: a code, the line (from 1) if there is one, and arguments."""

    def __init__(self, code: FileFlaw, line: int | None = None, args: Args | None = None) -> None:
        super().__init__(code, line, args)
        self.code = code
        self.line = line
        self.details: Args = args or {}


class ItemRefused(Exception):
    """A question cannot be taken. Readers raise it, and catch it before the next question."""

    def __init__(self, code: Reason, args: Args | None = None, line: int | None = None) -> None:
        super().__init__(code, args, line)
        self.refused = Refused(code, args or {}, line)


@dataclass(frozen=True, slots=True)
class EmbeddedPicture:
    """A picture of a question, which its texts cite as `![alternative text](file:NAME)`.

    `name` has only letters, digits, dots, hyphens and underscores. `data` is what the file has, of
    which nobody knows yet whether it is a picture.
    """

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A question in a file: its content, or why it cannot be taken; never both, never neither.

    `line` is where it starts, from 1 (0 in files without lines), and `name` what helps to recognise
    it: its title or the start of its text. A content may still have the flaws that
    `peer.content.problems` finds; whoever takes it asks.
    """

    line: int
    name: str
    content: QuestionContent | None = None
    is_draft: bool = False
    refused: Refused | None = None
    notes: tuple[Note, ...] = ()
    pictures: tuple[EmbeddedPicture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A question to be written. Its texts cite `pictures` as those of an `Item` do."""

    content: QuestionContent
    is_draft: bool = False
    pictures: tuple[EmbeddedPicture, ...] = ()
