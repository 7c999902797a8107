"""The mail server of a peerchat site, read from one address in its environment."""

from email.utils import parseaddr
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_BACKENDS = "django.core.mail.backends"
_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


class Server(NamedTuple):
    """What Django needs to know of a mail server."""

    backend: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False


def server(url: str, *, debug: bool) -> Server:
    """Return the mail server at `url`; without one no mail is sent, and with `debug` it is printed.

    Raises ImproperlyConfigured.
    """
    if not url:
        return Server(f"{_BACKENDS}.{'console' if debug else 'dummy'}.EmailBackend")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        # The value is not repeated, as it has a password.
        raise ImproperlyConfigured(
            "EMAIL_URL must look like smtp://user:password@host:587, smtps://... or "
            "smtp+plain://..."
        )
    return Server(
        f"{_BACKENDS}.smtp.EmailBackend",
        parts.hostname,
        port or _PORTS[parts.scheme],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        starttls=parts.scheme == "smtp",
        tls=parts.scheme == "smtps",
    )


def sender(value: str) -> str:
    """Return an address that mail may come from. Raises ImproperlyConfigured."""
    _, address = parseaddr(value)
    if "@" not in address or "\n" in value or "\r" in value:
        raise ImproperlyConfigured(
            f"DEFAULT_FROM_EMAIL must look like Courses <courses@example.edu>, not {value!r}."
        )
    return value
