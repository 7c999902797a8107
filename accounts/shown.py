"""The name of a user that others see. `PEERCHAT["DISPLAY_NAME"]` chooses it."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from accounts.conf import limits
from accounts.text import plain_name, shows

_KNOWN = "_peerchat_shown_name"


def shown_name(user: Any) -> str:
    """Return the name that others see."""
    choose = _chosen()
    if choose is None:
        return display_name(user)
    # It may cost a query, and a socket keeps its user for as long as it is open.
    known: str | None = user.__dict__.get(_KNOWN)
    if known is None:
        known = user.__dict__[_KNOWN] = str(choose(user))
    return known


def is_shown_by_fields() -> bool:
    """Return whether no function of the site gives the shown names."""
    return _chosen() is None


def forget(user: Any) -> None:
    """Forget the name that a function of the site gave, as the user was changed."""
    user.__dict__.pop(_KNOWN, None)


def display_name(user: Any) -> str:
    """Return the user's own display name, else the full name, else the username.

    A name that shows nothing does not count, and one of several lines is put on one.

    It is the default of `PEERCHAT["DISPLAY_NAME"]`.
    """
    own = getattr(user, "display_name", "")
    if callable(own):
        own = own()
    if own and shows(str(own)):
        return plain_name(str(own))
    full = user.get_full_name() if hasattr(user, "get_full_name") else ""
    return plain_name(str(full)) if full and shows(str(full)) else str(user.get_username())


@cache
def _chosen() -> Callable[[Any], Any] | None:
    """Return the function that the site has set. It is asked with every message."""
    choose: Any = limits["DISPLAY_NAME"]
    found: Callable[[Any], Any] | None = (
        import_string(choose) if isinstance(choose, str) else choose
    )
    return found


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "PEERCHAT":
        _chosen.cache_clear()


setting_changed.connect(_forget)
