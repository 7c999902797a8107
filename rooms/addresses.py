"""The addresses of the pages, the API and the sockets, which a site may include below any path."""

from django.conf import settings
from django.shortcuts import resolve_url
from django.urls import reverse

from rooms.conf import limits


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


def login() -> str:
    """Return the path of the site's log-in page."""
    found: str = resolve_url(settings.LOGIN_URL)
    return found
