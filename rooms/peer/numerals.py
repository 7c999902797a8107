"""Numbers as people write them, and the one way in which they are stored. Pure, without Django."""

import re
import unicodedata
from typing import Final

from accounts.text import seen

SMALLEST: Final = 1e-100
"""The least absolute value of a number that is not 0."""
GREATEST: Final = 1e100
"""The greatest absolute value of a number."""

# Minus signs, and the Arabic decimal and thousands separators.
_SIGNS: Final = str.maketrans("\u2212\u2012\u2013\ufe63\uff0d\u066b\u066c", "-----.'")
_SUPERSCRIPTS: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
# A power of ten after a number, with `^` or superscripts: `*10^3`.
_POWER: Final = re.compile(
    r"\s*[\u00d7\u00b7\u22c5*x]\s*10(?:\s*\^\s*([-+]?\d{1,4})|([⁻⁺]?[⁰¹²³⁴-⁹]{1,4}))", re.IGNORECASE
)
# A power without its multiplication sign: `10²`. Its usual characters would mean 102.
_RAISED: Final = re.compile(r"(?:^|[\d.,])\s*[⁻⁺]?[⁰¹²³⁴-⁹]")
_NUMERAL: Final = re.compile(
    r"[-+]?(?:(?P<whole>\d{1,3}(?:(?P<by>[ '\u2019,.])\d{3}(?:(?P=by)\d{3})*)|\d+)?"
    r"(?:(?P<point>[.,])(?P<part>\d*))?(?:[eE](?P<power>[-+]?\d{1,4}))?)"
)


def written(number: float) -> str:
    """Return the shortest decimal that means this finite number: `9.81`, `5` or `6.02e23`."""
    digits, _, power = repr(float(number) or 0.0).partition("e")
    digits = digits.removesuffix(".0")
    return f"{digits}e{int(power)}" if power else digits


def read(text: str, unit: str = "") -> float:
    """Return the number that a text means, which may have the unit before or after it.

    The decimal separator is a point or a comma. Thousands may be separated by blanks, apostrophes,
    or whichever of point and comma is not the decimal separator. A single separator is the
    decimal one: `1,234` and `1.234` are between 1 and 2. Raises ValueError for any other text, and
    for a number beyond the bounds.
    """
    bare = _POWER.sub(
        lambda m: f"e{(m[1] or m[2]).translate(_SUPERSCRIPTS)}", seen(text).translate(_SIGNS)
    )
    if _RAISED.search(bare.strip().removesuffix(unit)):
        raise ValueError("The answer is not a number.")
    # Only now, as it makes a usual digit of a superscript.
    bare = _without(_narrow(unit), _narrow(bare))
    found = _NUMERAL.fullmatch(bare)
    if found is None or not any(map(str.isdigit, (found["whole"] or "") + (found["part"] or ""))):
        raise ValueError("The answer is not a number.")
    number = float(_plain(bare, found))
    if not can_be_given(number):
        raise ValueError("The number is too large or too small.")
    return number


def can_be_given(number: float) -> bool:
    """Return whether a number is within the bounds of answers."""
    return number == 0 or SMALLEST <= abs(number) <= GREATEST


def _narrow(text: str) -> str:
    """Return a text in its usual characters, with single blanks and none after a first sign."""
    text = " ".join(unicodedata.normalize("NFKC", seen(text)).split())
    return re.sub(r"^([-+]) ", r"\1", text)


def _without(unit: str, text: str) -> str:
    """Return a text without the unit at its end or its beginning."""
    for known in (unit, unit.replace(" ", "")) if unit else ():
        for rest in (text.removesuffix(known).strip(), text.removeprefix(known).strip()):
            if rest and rest != text:
                return rest
    return text


def _plain(bare: str, found: re.Match[str]) -> str:
    """Return a numeral in the form that `float` reads."""
    whole, by, point, part = found["whole"] or "", found["by"], found["point"], found["part"]
    if by in (".", ",") and point is None and whole.count(by) == 1:
        # A single separator is the decimal one.
        whole, part = whole.split(by)
    elif by is not None:
        if by == point:
            raise ValueError("The answer is not a number.")
        whole = whole.replace(by, "")
    sign = "-" if bare.startswith("-") else ""
    return f"{sign}{whole or 0}.{part or 0}e{found['power'] or 0}"
