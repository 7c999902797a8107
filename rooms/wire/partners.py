"""What partners are told of each other, and what a student said of themselves."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

PlaceName = Literal["hall", "elsewhere"]


class PartnerBody(Struct, frozen=True):
    """A partner, with their first vote.

    `confidence` (1 to 5) and `rationale` are there if the partner gave them. `place` and `seat` are
    there if the course asks for them and the partner said them.
    """

    username: str
    display_name: str
    choice: str | None
    confidence: int | UnsetType = UNSET
    rationale: str | UnsetType = UNSET
    place: PlaceName | UnsetType = UNSET
    seat: str | UnsetType = UNSET


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
    group_place: Literal["hall", "elsewhere", "both"] | UnsetType = UNSET
    offered: OfferedReason | UnsetType = UNSET


class Myself(Struct, frozen=True, kw_only=True):
    """What a student said of themselves in the course.

    `place` and `seat` are there if the student said where they are; `seat` is empty without one.
    `shares_reasons` is there if the student consented that others see their reasons without their
    name.
    """

    place: PlaceName | UnsetType = UNSET
    seat: str | UnsetType = UNSET
    shares_reasons: Literal[True] | UnsetType = UNSET
