"""The arguments that convinced students, for those who lead the class and for the hall."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from rooms.wire.convinced import ConvincedBody
from rooms.wire.events import Event


class ConvincedEvent(Event, tag="convinced", frozen=True, kw_only=True):
    """Tells what the user says convinced them, sent to all sockets of the user."""

    course: str
    question: str
    convinced: ConvincedBody


class ArgumentBody(Struct, frozen=True, kw_only=True):
    """An argument that convinced students, without its author.

    `choice` is the answer that its author gave in the first vote, or null if they gave none.
    `named` students say that it convinced them. Of these, `changed` gave another answer in the
    second vote, and `became_right` were right only then, if a right answer is known. `shown` tells
    whether the screen of the hall shows it now.
    """

    argument: str
    kind: Literal["message", "reason"]
    text: str
    choice: str | None
    named: int
    changed: int
    became_right: int | UnsetType = UNSET
    shown: bool = False


class SaidBody(Struct, frozen=True):
    """The numbers of students by what they say convinced them."""

    message: int = 0
    reason: int = 0
    thought: int = 0
    nothing: int = 0


class ArgumentsBody(Struct, frozen=True, kw_only=True):
    """The arguments that moved most of a class, the first one most, and at most three.

    `question` is null if the class is at none. While its second vote is open, `is_open` is true and
    there are no arguments yet. `withheld` more arguments convinced students, but their authors do
    not let others see their reasons.
    """

    question: str | None = None
    is_open: bool = False
    said: SaidBody = SaidBody()
    arguments: list[ArgumentBody] = []
    withheld: int = 0


class ScreenArgument(Struct, frozen=True):
    """An argument on the screen of the hall: its words, and the answer that it argued for."""

    text: str
    choice: str | None
