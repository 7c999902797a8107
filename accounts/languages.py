"""The language in which people see the pages.

A user's choice is kept with the user and applies on all devices. Before the log-in, and on a site
whose users have no field `language`, it is in Django's cookie. Without a choice, the languages of
the browser decide.
"""

from collections.abc import Callable
from functools import lru_cache
from gettext import find
from pathlib import Path
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.translation import get_supported_language_variant, to_locale
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from accounts import people

SOURCE = "en"
"""The language of the texts in the code."""
MIDDLEWARE = "accounts.languages.LanguageMiddleware"


class Language(NamedTuple):
    """A language by its code, what its speakers call it, and the direction of its script."""

    code: str
    name: str
    direction: str


class LanguageMiddleware(LocaleMiddleware):
    """Django's, which also follows the choice of a user who is logged in.

    Only pages ask for the user. The API speaks English, and `in_any_language` marks other views
    that have the same answer for all.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        # Views of the REST framework have `cls`.
        if not hasattr(view, "cls") and not getattr(view, "is_in_any_language", False):
            speak_to(request.user)


def in_any_language(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view whose answer does not depend on the language of the user."""
    view.is_in_any_language = True  # type: ignore[attr-defined]
    return view


def speak_to(user: Any) -> None:
    """Go on in the language that the user has chosen, if the site has it."""
    chosen = people.language(user)
    if chosen:
        try:
            translation.activate(get_supported_language_variant(chosen))
        except LookupError:
            return


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the choice of a language, in the cookie and with the user."""
    response = set_language(request)
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        people.keep_language(request.user, language)
    return response


def current() -> Language:
    """Return the language that peerchat's texts have now.

    A site may have languages that peerchat lacks. Its texts are then in the default language of the
    site, as Django's are, or in English.
    """
    for code in (translation.get_language(), settings.LANGUAGE_CODE):
        if code and is_translated(code):
            return described(code)
    return described(SOURCE)


def offered() -> list[Language]:
    """Return the languages to choose from, or none if the site does not follow a choice."""
    if MIDDLEWARE not in settings.MIDDLEWARE:
        return []
    return [described(code) for code, _ in settings.LANGUAGES if is_translated(code)]


@lru_cache(maxsize=256)
def is_translated(code: str) -> bool:
    """Return whether peerchat's texts exist in a language, or the site has added them."""
    if code.split("-")[0] == SOURCE:
        return True
    folders = [Path(apps.get_app_config("peerchat").path) / "locale", *settings.LOCALE_PATHS]
    # This is another domain than Django's own, which has every language.
    return any(find("djangojs", str(folder), [to_locale(code)]) for folder in folders)


def described(code: str) -> Language:
    base = code.split("-")[0]
    try:
        name = translation.get_language_info(code)["name_local"]
    except KeyError:
        name = code
    return Language(code, name, "rtl" if base in settings.LANGUAGES_BIDI else "ltr")
