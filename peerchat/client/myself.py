"""Lets programs say what a student says of themselves."""

from peerchat.client.reconnecting import ReconnectingSocket


class Myself:
    """The commands of a user about themselves."""

    _chat: ReconnectingSocket

    async def set_place(self, course: str, place: str, *, seat: str = "") -> None:
        """Say where the user is during the classes of a course: "hall" or "elsewhere".

        `seat` is the row or seat in the hall, of 40 characters at most.
        """
        await self._chat.ask("set_place", {"course": course, "place": place, "seat": seat})

    async def share_reasons(self, course: str, *, shared: bool = True) -> None:
        """Consent that others see the user's reasons without the name, or withdraw the consent."""
        await self._chat.ask("share_reasons", {"course": course, "shared": shared})
