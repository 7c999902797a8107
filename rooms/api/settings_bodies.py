"""Types of the bodies of requests about the settings of courses."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from rooms.api.bodies import Listed, Strict, Title
from rooms.wire.fields import Slug, Username

Role = Literal["assistant", "instructor"]
Person = Annotated[Username, Meta(description="A username or an e-mail address.")]


class NewCourse(Strict, frozen=True, kw_only=True):
    """A new course. Without `course`, its slug, it gets one from its title."""

    title: Title
    course: Slug | UnsetType = UNSET


class CourseChanges(Strict, frozen=True, kw_only=True):
    """Changes to a course. A field that is left out stays as it is.

    `course` is its slug. An archived course has to be put to use again before or with other
    changes.
    """

    title: Title | UnsetType = UNSET
    course: Slug | UnsetType = UNSET
    archived: bool | UnsetType = UNSET


class Leader(Struct, frozen=True):
    """Somebody who leads a course."""

    username: str
    display_name: str
    role: Role


class Leaders(Listed[Leader], frozen=True):
    """The people who lead a course, instructors first."""


class NewLeader(Strict, frozen=True, kw_only=True):
    person: Person
    role: Role


class NewRole(Strict, frozen=True, kw_only=True):
    role: Role


class HandOver(Strict, frozen=True, kw_only=True):
    """Names the new instructor. With `leave` the user leaves the course."""

    person: Person
    leave: bool = False
