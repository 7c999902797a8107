"""Reads the variables of the environment, so that a bad value stops the process with its name."""

import os
import re

from django.core.exceptions import ImproperlyConfigured

from accounts.conf import Limit


def env(name: str, default: str | None = None) -> str:
    """Return the variable, or `default` if it is unset or empty. Required if `default` is None."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} must be set.")
    return default


def envbool(name: str, default: bool) -> bool:
    value = env(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0 (or true, false, yes, no), not {value!r}.")


def envint(name: str, default: int, *, least: int = 0) -> int:
    value = env(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None
    if number < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {number}.")
    return number


def envfloat(name: str, default: float, *, least: float = 0.0) -> float:
    value = env(name, str(default))
    try:
        number = float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}.") from None
    # Written so that "nan" fails as well.
    if not least <= number < float("inf"):
        raise ImproperlyConfigured(f"{name} must be a number of at least {least:g}, not {value}.")
    return number


def envlimit(limit: Limit) -> float:
    """Return the value of a limit's variable, as a whole number if the limit is one."""
    if isinstance(limit.default, int):
        return envint(limit.name, limit.default, least=int(limit.least))
    return envfloat(limit.name, limit.default, least=limit.least)


def envlist(name: str, default: str = "") -> list[str]:
    """Return the items of a comma-separated list, without empty ones."""
    return [item.strip() for item in env(name, default).split(",") if item.strip()]


def envorigins(name: str) -> list[str]:
    """Return a list of origins, such as https://courses.example.edu; a * may replace a label."""
    origins = envlist(name)
    for origin in origins:
        if not re.fullmatch(r"https?://(\*\.)?[-a-z0-9.]+(:[0-9]+)?", origin):
            raise ImproperlyConfigured(
                f"{name} must be origins like https://courses.example.edu, not {origin!r}."
            )
    return origins


def envorigin(name: str) -> str:
    """Return an origin, such as https://peerchat.example.edu, or an empty text."""
    origin = env(name, "")
    if origin and not re.fullmatch(r"https?://[-a-z0-9.]+(:[0-9]+)?", origin):
        raise ImproperlyConfigured(
            f"{name} must be like https://peerchat.example.edu, not {origin!r}."
        )
    return origin


def envpath(name: str) -> str:
    """A path such as /peer, without a slash at its end; nothing for the root of the host."""
    path = env(name, "").rstrip("/")
    if not re.fullmatch(r"(/[-\w.~]+)*", path, re.ASCII):
        raise ImproperlyConfigured(f"{name} must be a path like /peer, not {path!r}.")
    return path
