"""How the classes of a course run: its settings, and what they ask students for."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import UNSET, UnsetType

from rooms.models import ClassSettings, Course
from rooms.wire.asking import Asks

ASKED: Final = (
    "asks_confidence",
    "asks_reason",
    "asks_convinced",
    "asks_place",
    "asks_seat",
    "has_pseudonyms",
)
"""The settings of which students are told."""
DEFAULT: Final = Asks()


def joined(course: Course) -> ClassSettings:
    """Return the settings of a course that was read with `class_settings`, or the defaults."""
    return getattr(course, "class_settings", None) or ClassSettings(course=course)


def asks(settings: ClassSettings) -> Asks:
    """Return what the settings ask students for."""
    return _asks([getattr(settings, name) for name in ASKED])


def asks_in(row: Sequence[Any]) -> Asks:
    """Return what a row of the columns `ASKED` asks for. All are None if there are no settings."""
    return DEFAULT if row[0] is None else _asks(row)


def told(asked: Asks) -> Asks | UnsetType:
    """Return what a snapshot tells: nothing where the class has the defaults."""
    return UNSET if asked == DEFAULT else asked


def _asks(row: Sequence[Any]) -> Asks:
    confidence, reason, convinced, place, seat, pseudonyms = row
    return Asks(
        confidence=confidence,
        reason=reason,
        convinced=convinced,
        place=place,
        # Only those in the hall have one, and it would tell whose a pseudonym is.
        seat=place and seat and not pseudonyms,
        pseudonyms=pseudonyms,
    )
