"""Numbers as people write them in files."""

import math
import re
from decimal import Decimal

from . import ItemRefused
from .codes import Reason

_NUMBER = re.compile(
    r"[+\u2212-]?(?:\d{1,40}(?:[.,]\d{0,40})?|[.,]\d{1,40})(?:[eE][+\u2212-]?\d{1,3})?", re.ASCII
)


def number_of(text: str, line: int | None = None) -> float:
    """Return a number with a point or a comma. Raises `ItemRefused`."""
    return float(_decimal(text, line))


def middle_of(least: str, most: str, line: int | None = None) -> tuple[float, float]:
    """Return the middle of two numbers, and how far they are from it. Raises `ItemRefused`."""
    low, high = sorted((_decimal(least, line), _decimal(most, line)))
    return float((low + high) / 2), float((high - low) / 2)


def _decimal(text: str, line: int | None) -> Decimal:
    # Decimals, so that the middle of 3.09 and 3.19 is 3.14.
    bare = text.strip()
    if _NUMBER.fullmatch(bare):
        number = Decimal(bare.replace(",", ".").replace("\u2212", "-"))
        if math.isfinite(float(number)):
            return number
    raise ItemRefused(Reason.BAD_NUMBER, {"text": bare[:100]}, line)
