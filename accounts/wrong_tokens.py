"""Counts of wrong tokens, by token and by address.

An address may be that of a whole campus, so wrong tokens from it never cause a right token to be
refused. The tokens of a noisy address are only looked up one after another, apart from all others.
"""

from collections.abc import Hashable
from functools import cache

from accounts.buckets import Buckets
from accounts.conf import limits

TRIES = 5
TRY_AGAIN_RATE = 0.2
"""The number of look-ups of a wrong token, and the rate of further ones a second."""

tries = Buckets(TRY_AGAIN_RATE, TRIES)
"""Limits look-ups, by the digest of the token."""


@cache
def from_address() -> Buckets:
    """Return the buckets by address. `from_address.cache_clear` reads the settings again."""
    return Buckets(limits["LOGIN_ADDRESS_RATE"], limits["LOGIN_ADDRESS_BURST"])


def count(address: Hashable) -> float:
    """Count a wrong token. Return 0.0, or after too many the seconds to wait."""
    return from_address().take(address)


def is_noisy(address: Hashable) -> bool:
    """Return whether the address sent too many wrong tokens lately."""
    return from_address().empty(address)
