"""Joining by code and the people of courses, for programs."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

from peerchat.client.reconnecting import Body
from peerchat.client.requests import ask

PAGE = 500
"""People in one request."""


class Joining:
    """The requests of a user about joining. All but `join` are for those who lead the course.

    Each raises Denied if the site refuses it, and Unreachable.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    async def join(self, code: str) -> str:
        """Join the course of a code as a student, and return its slug."""
        return str((await self._ask("POST", "join/", {"code": code}))["course"])

    async def state(self, course: str) -> Body:
        """Return `open`, `code`, `address`, `open_until`, `names` and the numbers of people."""
        found: Body = await self._ask("GET", f"courses/{_part(course)}/joining/")
        return found

    async def open(
        self, course: str, *, seconds: int | None = None, names: str | None = None
    ) -> Body:
        """Let people join, for `seconds` or the time that the site has set; returns the state.

        `names` is what guests are asked for: "nickname" or "real".
        """
        given = {"seconds": seconds, "names": names}
        wanted = {name: value for name, value in given.items() if value is not None}
        return await self._change(course, {"open": True, **wanted})

    async def close(self, course: str) -> Body:
        """Let nobody join any more, and return the state."""
        return await self._change(course, {"open": False})

    async def renew(self, course: str) -> Body:
        """Give the course another code, and return the state."""
        return await self._change(course, {"renew": True})

    async def people(self, course: str, search: str = "") -> AsyncIterator[Body]:
        """Yield the people of a course, who came last first.

        Each has `username`, `display_name`, `role`, `guest`, `online` and `joined_at`.
        """
        offset, is_more = 0, True
        while is_more:
            wanted = urlencode({"q": search, "limit": PAGE, "offset": offset})
            answer = await self._ask("GET", f"courses/{_part(course)}/people/?{wanted}")
            for person in answer["results"]:
                yield person
            offset, is_more = offset + PAGE, answer["next"] is not None

    async def remove(self, course: str, username: str) -> None:
        """Remove a student, who cannot join again by the code that the course has now."""
        await self._ask("DELETE", f"courses/{_part(course)}/people/{_part(username)}/")

    async def merge(self, course: str, username: str, *, into: str) -> None:
        """Merge a guest into another guest or student of the course. It cannot be undone."""
        body = {"username": username, "into": into}
        await self._ask("POST", f"courses/{_part(course)}/merges/", body)

    async def _change(self, course: str, body: Body) -> Body:
        found: Body = await self._ask("POST", f"courses/{_part(course)}/joining/", body)
        return found

    async def _ask(self, method: str, path: str, body: Body | None = None) -> Any:
        return await ask(method, f"{self._url}/api/{path}", body, token=self._token)


def _part(name: str) -> str:
    return quote(name, safe="")
