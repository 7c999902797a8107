"""Defines what partners are told of each other."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

PlaceName = Literal["hall", "elsewhere"]
GroupPlace = Literal["hall", "elsewhere", "both"]


class PartnerBody(Struct, frozen=True):
    """A partner, with their first vote.

    `confidence` (1 to 5) and `rationale` are there if the partner gave them. `place` and `seat` are
    there if the course asks for them and the partner said them, and `pseudonym` if both names are
    one. `mark` is there if somebody else in the group shows the same name: characters that tell
    them apart.
    """

    username: str
    display_name: str
    choice: str | None
    confidence: int | UnsetType = UNSET
    rationale: str | UnsetType = UNSET
    place: PlaceName | UnsetType = UNSET
    seat: str | UnsetType = UNSET
    pseudonym: Literal[True] | UnsetType = UNSET
    mark: str | UnsetType = UNSET


class OfferedReason(Struct, frozen=True):
    """A reason for another answer, by somebody who stays unknown. It says nothing of what is right.

    `choice` is the answer that the author gave.
    """

    choice: str
    rationale: str


class Company(Struct, frozen=True, kw_only=True):
    """How partners find each other, and what they begin to talk about.

    `group` is the number of their group. `group_place` tells where its members are: all in the
    hall, none of them in the hall, or both; it is there if one of them said it. `offered` is there
    if all who voted gave the same answer, and somebody consented to show a reason for another one.
    """

    group: int | UnsetType = UNSET
    group_place: GroupPlace | UnsetType = UNSET
    offered: OfferedReason | UnsetType = UNSET
