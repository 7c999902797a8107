"""Types of the bodies about consents, blocks and reports.

Times are in seconds since the epoch.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from rooms.api.bodies import Listed, Strict
from rooms.models.reports import REPORT_LIMIT
from rooms.wire.fields import RoomId, Username

Purpose = Literal["reasons", "research"]
Reason = Literal["abuse", "harassment", "spam", "other"]
Words = Annotated[str, Meta(max_length=REPORT_LIMIT, pattern=r"^[^\x00]*\Z")]


class ConsentChange(Strict, frozen=True, kw_only=True):
    """A consent that a student gives or withdraws."""

    purpose: Purpose
    given: bool


class ConsentInfo(Struct, frozen=True):
    """A record of a consent; `withdrawn_at` is null while it holds."""

    purpose: Purpose
    given_at: float
    withdrawn_at: float | None


class Consents(Listed[ConsentInfo], frozen=True):
    """Part of the consents that a student gave in a course, the last first."""


class NewBlock(Strict, frozen=True, kw_only=True):
    """Whom a student blocks: a username, or a pseudonym of the class."""

    username: Username


class BlockInfo(Struct, frozen=True):
    """A block of the student, with the name by which they know the other person."""

    block: int
    display_name: str


class Blocks(Listed[BlockInfo], frozen=True):
    """Part of the blocks of a student in a course."""


class NewReport(Strict, frozen=True, kw_only=True):
    """A report about the author of a `message`, by its id, or about a `username`."""

    reason: Reason
    text: Words = ""
    username: Username | UnsetType = UNSET
    message: RoomId | UnsetType = UNSET


class ReportInfo(Struct, frozen=True):
    """A report. Names are pseudonyms where those who lead do not know more.

    `message` is the text that was reported, if there is one.
    """

    report: int
    about: str
    reporter: str
    reason: Reason
    text: str
    message: str
    made_at: float


class Reports(Listed[ReportInfo], frozen=True):
    """Part of the open reports of a course, the newest first."""


class Reported(Struct, frozen=True):
    """The answer to a report."""

    report: int
