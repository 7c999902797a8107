"""Looks join codes up so that nobody can guess one.

The database counts wrong codes for all workers together: those from an address, and those from all
addresses, in spans of ten minutes. Where there were too many, codes are no longer looked up, right
or wrong, and the answer tells when to try again. A code that was right at this address before stays
right, so neither a class behind one address nor the people in a hall can be kept out by somebody
who guesses among them. A right code costs nothing.
"""

import time

from django.db import transaction
from django.db.models import F

from accounts.models import WrongCodes
from rooms.conf import limits
from rooms.models import Course, JoinCode, KnownAddress
from rooms.queries import joining
from rooms.wire.errors import NoSuchCode, RateLimited

SPAN = 600
"""Seconds of a span."""
UNKNOWN = "unknown"
"""Stands for the address where the server does not know it."""


def look_up(*, typed: str, address: str | None) -> JoinCode:
    """Return the join code that somebody at this address typed, with its course.

    Raises NoSuchCode for every code by which nobody can join now, whatever the reason, and
    RateLimited after too many of these.
    """
    source = address or UNKNOWN
    found = joining.find_code(typed)
    wait = _wait(source)
    if wait and (found is None or not _is_known(found.course, source)):
        raise RateLimited(wait, "Too many wrong codes")
    if found is None:
        # A text that can be no code tells nothing about the others.
        if joining.normalised(typed) is not None:
            _count(source)
        raise NoSuchCode
    return found


def know(*, course: Course, address: str | None) -> None:
    """Remember an address at which the code of a course is known."""
    source = address or UNKNOWN
    if not _is_known(course, source):
        KnownAddress.objects.bulk_create(
            [KnownAddress(course=course, address=source)], ignore_conflicts=True
        )


def forget(*, course: Course) -> None:
    """Forget at which addresses the code of a course is known, as it has another."""
    KnownAddress.objects.filter(course=course).delete()


def _is_known(course: Course, source: str) -> bool:
    return KnownAddress.objects.filter(course=course, address=source).exists()


def _wait(source: str) -> float:
    """Return the seconds until codes from this address are looked up again; 0.0 for now."""
    now = time.time()
    counts = dict(
        WrongCodes.objects.filter(
            span=int(now // SPAN), source__in=(source, WrongCodes.EVERYWHERE)
        ).values_list("source", "times")
    )
    too_many = (
        counts.get(source, 0) >= limits["WRONG_CODES_PER_ADDRESS"]
        or counts.get(WrongCodes.EVERYWHERE, 0) >= limits["WRONG_CODES"]
    )
    return SPAN - now % SPAN if too_many else 0.0


def _count(source: str) -> None:
    span = int(time.time() // SPAN)
    # In one order, so that two workers never wait for each other.
    sources = sorted({source, WrongCodes.EVERYWHERE})
    with transaction.atomic():
        WrongCodes.objects.bulk_create(
            [WrongCodes(source=one, span=span, times=0) for one in sources], ignore_conflicts=True
        )
        for one in sources:
            WrongCodes.objects.filter(source=one, span=span).update(times=F("times") + 1)
    _purge(span)


def _purge(span: int) -> None:
    """Delete the counts of earlier spans."""
    WrongCodes.objects.filter(span__lt=span).delete()
