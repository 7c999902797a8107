"""The commands of an instructor that concern partner groups."""

from typing import Annotated

from msgspec import Meta

from rooms.wire.command import Control
from rooms.wire.fields import SECONDS_LIMIT, GroupNumber, Text, Username


class SplitGroup(Control, frozen=True, tag="split_group"):
    """Split a group of four or more in two.

    `members` has the usernames of those who go into the new group. Without it the server chooses.
    """

    group: GroupNumber
    members: Annotated[list[Username], Meta(min_length=1, max_length=100)] | None = None


class JoinGroups(Control, frozen=True, tag="join_groups"):
    """Move the members of the second group into the first one."""

    groups: Annotated[list[GroupNumber], Meta(min_length=2, max_length=2)]


class VisitGroup(Control, frozen=True, tag="visit_group"):
    """Read along in a group, which a line there tells its members."""

    group: GroupNumber


class SayToGroup(Control, frozen=True, tag="say_to_group"):
    group: GroupNumber
    text: Text


class TellGroups(Control, frozen=True, tag="tell_groups"):
    """Say something in the rooms of all groups."""

    text: Text


class SlowGroups(Control, frozen=True, tag="slow_groups"):
    """Set the least time between two messages of a student in each group's room; 0 for none."""

    seconds: Annotated[int, Meta(ge=0, le=SECONDS_LIMIT)]
