"""Tokens that were wrong: how often which one came lately, and how many from which address.

No right token is ever refused for what others sent from its address, which may be that of a whole
campus: those of a noisy address are only looked up one after another, apart from all others.
"""

from collections.abc import Hashable
from functools import cache

from accounts.buckets import Buckets
from accounts.conf import limits

TRIES = 5
TRY_AGAIN_RATE = 0.2
"""The database is asked for a wrong token so many times, then so often a second."""

tries = Buckets(TRY_AGAIN_RATE, TRIES)
"""By the digest of the token."""


@cache
def from_address() -> Buckets:
    """By address; `from_address.cache_clear` asks the settings again."""
    return Buckets(limits["LOGIN_ADDRESS_RATE"], limits["LOGIN_ADDRESS_BURST"])


def count(address: Hashable) -> float:
    """Count a wrong one. Returns 0.0, or where there were too many the seconds to wait."""
    return from_address().take(address)


def is_noisy(address: Hashable) -> bool:
    """Return whether the address sent too many wrong tokens lately."""
    return from_address().empty(address)
