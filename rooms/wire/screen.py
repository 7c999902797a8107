"""Defines the event of the screen of the hall, and the bodies of its HTTP API."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from rooms.wire.arguments import ScreenArgument
from rooms.wire.events import Event, QuestionBody, Result


class ScreenGroup(Struct, frozen=True):
    """A partner group, with the shown names of its members."""

    number: int
    names: list[str]


class ScreenAnnouncement(Struct, frozen=True):
    """The last announcement, while it is new; `timestamp` is in seconds since the epoch."""

    text: str
    timestamp: float


class ScreenBody(Result, frozen=True, kw_only=True):
    """Everything that the screen of a course may show now.

    `join_code` is present while joining is open. `here` is the number of students who are online,
    and `voted` that of the votes in the current round. The fields of a result are there once the
    answer is revealed; `histograms` and `voters` are also there if those who lead the class show
    the bars before. `groups` is there while the class discusses, if the screen shows who talks to
    whom. `argument` is there from the close of the second vote on, if those who lead the class show
    one. `meets` is there while groups in the hall are told to find each other by their number.
    `deadline` and `server_time` are in seconds since the epoch.
    """

    course: str
    title: str
    phase: str
    message: str
    epoch: int
    revision: int
    question: QuestionBody | None
    round: int | None
    deadline: float | None
    here: int
    voted: int
    join_code: str | None
    announcement: ScreenAnnouncement | None
    server_time: float
    groups: list[ScreenGroup] | UnsetType = UNSET
    argument: ScreenArgument | UnsetType = UNSET
    meets: Literal[True] | UnsetType = UNSET


class ScreenEvent(Event, Result, tag="screen", frozen=True, kw_only=True):
    """Everything that the screen shows, sent first and again after each change."""

    course: str
    title: str
    phase: str
    message: str
    epoch: int
    revision: int
    question: QuestionBody | None
    round: int | None
    deadline: float | None
    here: int
    voted: int
    join_code: str | None
    announcement: ScreenAnnouncement | None
    server_time: float
    groups: list[ScreenGroup] | UnsetType = UNSET
    argument: ScreenArgument | UnsetType = UNSET
    meets: Literal[True] | UnsetType = UNSET


class ScreenSetup(Struct, frozen=True):
    """How a screen is set up; `link` is the path that opens it without a log-in, until `expires_at`
    (in seconds since the epoch), or null."""

    shows_partners: bool
    link: str | None
    expires_at: float | None


class ScreenChanges(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Changes of the setup of a screen."""

    shows_partners: bool


LINK_DAYS = (1, 7, 180)
"""The days for which a link may open the screen: a class, a week or a term."""
LinkDays = Literal[1, 7, 180]


class NewScreenLink(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A new link for the screen, for some days; the one before it ends."""

    days: LinkDays = 1
