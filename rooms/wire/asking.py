"""Tells clients what students are asked for besides the answer."""

from typing import Literal

from msgspec import Struct

Asked = Literal["off", "optional", "required"]


class Asks(Struct, frozen=True, kw_only=True):
    """Tells what the class asks its students for, apart from their answers.

    `convinced` asks in the second vote what convinced them, `place` and `seat` where they are.
    With `pseudonyms`, students see the pseudonyms of each other and not the names.
    """

    confidence: Asked = "optional"
    reason: Asked = "optional"
    convinced: bool = True
    place: bool = False
    seat: bool = False
    pseudonyms: bool = False
