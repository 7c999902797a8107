"""The addresses of the pages, the API and the sockets, which a site may include below any path."""

from django.conf import settings
from django.core import signing
from django.shortcuts import resolve_url
from django.urls import reverse

from accounts import tokens
from rooms.conf import limits

_KEY = "0" * 32
# The digest of a token in a signed pass gives access to nothing but the pictures.
_passes = signing.Signer(sep=".", salt="rooms.pictures")


def base() -> str:
    """Return the path of the list of courses, which the other addresses begin with."""
    return reverse("peerchat:courses")


def api() -> str:
    """Return the path of the API."""
    return reverse("peerchat:api")


def sockets_base() -> str:
    """Return the path that `ws/` follows: the pages' own unless SOCKETS_BELOW names another."""
    below: str = limits["SOCKETS_BELOW"]
    return below or base()


def for_page() -> dict[str, str]:
    """Return what a page tells its scripts: where they find the API and the sockets."""
    return {"api_url": api(), "sockets_url": f"{sockets_base()}ws/"}


def pictures(course: str) -> str:
    """Return what the address of a picture begins with, before its key, by the slug of a course."""
    return _before_key("picture", course)


def pictures_of_screen(secret: str) -> str:
    """Return the same for the screen of the hall that a link opens."""
    return _before_key("screen_picture", secret)


def pictures_by_token(course: str, token: str) -> str:
    """Return the same for a page that acts by a token, to which browsers may send no cookies."""
    return _before_key("token_picture", course, _passes.sign(tokens.digest(token)))


def token_of_pictures(secret: str) -> str | None:
    """Return the digest of the token in such an address, or None for a forged one."""
    try:
        return _passes.unsign(secret)
    except signing.BadSignature:
        return None


def _before_key(name: str, *args: str) -> str:
    return reverse(f"peerchat:{name}", args=[*args, _KEY]).removesuffix(f"{_KEY}/")


def login() -> str:
    """Return the path of the site's log-in page."""
    found: str = resolve_url(settings.LOGIN_URL)
    return found
