"""Types of the bodies and query strings of the endpoints for joining and people."""

import secrets
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from rooms.actions.joining import LONGEST_OPEN
from rooms.api.bodies import Listed, ListQuery, Strict
from rooms.wire.fields import Username

_NO_NUL = r"^[^\x00]*\Z"
Secret = Annotated[str, Meta(min_length=32, max_length=128, pattern=r"^[-_A-Za-z0-9]*\Z")]


class NewPlace(Strict, frozen=True, kw_only=True):
    """A request to join. A guest needs a `name`, of up to 60 characters."""

    code: Annotated[str, Meta(min_length=1, max_length=40, pattern=_NO_NUL)]
    name: Annotated[str, Meta(max_length=200, pattern=_NO_NUL)] | None = None
    device: Secret | None = None

    def secret(self) -> str:
        """Return the secret of the device, or one that nobody has."""
        return self.device or secrets.token_urlsafe(32)


class Place(Struct, frozen=True, kw_only=True):
    """A place in a course, with a token for a guest, which cannot be shown again."""

    course: str
    title: str
    role: str
    username: str
    display_name: str
    token: str | None
    expires: float | None


class JoiningChanges(Strict, frozen=True, kw_only=True):
    """Changes of joining: `open` opens it for `seconds`, or closes it; `renew` makes a new code."""

    open: bool | UnsetType = UNSET
    seconds: Annotated[int, Meta(ge=60, le=LONGEST_OPEN)] | UnsetType = UNSET
    names: Literal["nickname", "real"] | UnsetType = UNSET
    renew: bool = False


class JoiningInfo(Struct, frozen=True, kw_only=True):
    """The join code of a course, null before joining is first opened, and the counts.

    `names` is what guests are asked for.
    """

    open: bool
    code: str | None
    address: str | None
    open_until: float | None
    names: str | None
    students: int
    guests: int
    online: int


class PeopleQuery(ListQuery, frozen=True, kw_only=True):
    """A part of the people; with `q` only those whose names have all of its words."""

    q: Annotated[str, Meta(max_length=100, pattern=_NO_NUL)] = ""


class PersonInfo(Struct, frozen=True, kw_only=True):
    """Somebody in a course; `guest` tells whether it is a guest."""

    username: str
    display_name: str
    role: str
    guest: bool
    online: bool
    joined_at: float


class People(Listed[PersonInfo], frozen=True):
    """The people of a course."""


class NewMerge(Strict, frozen=True, kw_only=True):
    username: Username
    into: Username
