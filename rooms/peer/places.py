"""Decides where a partner group meets. Pure, no I/O."""

from collections.abc import Iterable
from typing import Literal

from rooms.peer.asking import Place


def common_place(places: Iterable[str]) -> Literal["", "hall", "elsewhere", "both"]:
    """Return where the members of a group are; `places` has an empty text for who did not say it.

    A group is in the hall if all its members said so, as nobody can be sent to a person who may be
    elsewhere. It is "both" if only some of them did, elsewhere if nobody did but one said to be
    elsewhere, and nowhere if nobody said anything.
    """
    said = set(places)
    if said == {Place.HALL}:
        return "hall"
    if Place.HALL in said:
        return "both"
    return "elsewhere" if Place.ELSEWHERE in said else ""
