"""The texts of the scripts, as one script for each language.

Its address has a digest of the texts, so browsers keep it for good. It is Django's JavaScript
catalogue with peerchat's texts alone, and defines `django.gettext` and `django.ngettext`.
"""

from functools import lru_cache
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.views.i18n import JavaScriptCatalog

from accounts import languages


class Catalogue(JavaScriptCatalog):
    """The texts of peerchat, over which a site's own translations in LOCALE_PATHS take precedence.

    Django's view leaves LOCALE_PATHS out if it is given packages.
    """

    packages = ["peerchat"]

    def get_paths(self, packages: list[str]) -> list[str]:
        return [*super().get_paths(packages), *map(str, settings.LOCALE_PATHS)]


@lru_cache(maxsize=256)
def script(language: str) -> bytes:
    """Return the script with the texts of a language."""
    with translation.override(language):
        content: bytes = Catalogue().get(HttpRequest()).content
    return content


@lru_cache(maxsize=256)
def version(language: str) -> str:
    """Return the part of the address that changes with the texts."""
    return sha256(script(language)).hexdigest()[:12]


def address() -> str:
    """Return the path of the script for this page; empty on a site without peerchat's pages."""
    language = languages.current().code
    try:
        return reverse("peerchat:texts", args=[language, version(language)])
    except NoReverseMatch:
        return ""
