"""How people are named to each other."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType


class Person(Struct, frozen=True):
    """A person as others see them. `pseudonym` is there if both names are a pseudonym."""

    username: str
    display_name: str
    pseudonym: Literal[True] | UnsetType = UNSET


class Me(Struct, frozen=True):
    """The pseudonym of the user in the class of a course.

    `lecturers_know` tells whether those who lead the course can look it up. `earlier` has the
    usernames of the user's pseudonyms in earlier classes of the course, the last ones first.
    """

    username: str
    display_name: str
    lecturers_know: bool
    earlier: list[str]
