"""The language of the pages: the choice that counts, and the place where it is kept."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import clear_script_prefix, reverse, set_script_prefix
from django.utils import translation

from accounts import languages
from accounts.models import User

LOG_IN = "/accounts/login/"
COOKIE = settings.LANGUAGE_COOKIE_NAME


def choose(client, language: str):
    return client.post(reverse("peerchat_accounts:language"), {"language": language, "next": "/"})


def language_of(page) -> str:
    return page.headers["Content-Language"]


@pytest.fixture(autouse=True)
def english():
    """Activate English again: a request's language stays active in the test client's thread."""
    yield
    translation.activate("en")


def test_pages_are_in_english_without_a_wish(client, db):
    page = client.get(LOG_IN)
    assert language_of(page) == "en"
    assert '<html lang="en" dir="ltr">' in page.content.decode()


@pytest.mark.parametrize(
    ("wish", "language"), [("de", "de"), ("de-AT,en;q=0.5", "de"), ("fr,en;q=0.5", "en")]
)
def test_the_browser_says_what_its_user_reads(client, db, wish, language):
    page = client.get(LOG_IN, headers={"Accept-Language": wish})
    assert language_of(page) == language
    assert f'<html lang="{language}" dir="ltr">' in page.content.decode()


def test_a_choice_before_the_log_in_is_in_a_cookie(client, db):
    assert choose(client, "de").url == "/"
    assert "Benutzername" in client.get(LOG_IN).content.decode()
    assert client.cookies[COOKIE]["samesite"] == "Lax"
    assert client.cookies[COOKIE]["httponly"]


def test_the_choice_of_a_user_applies_on_all_devices(client, ada):
    client.force_login(ada)
    choose(client, "de")
    assert User.objects.get(pk=ada.pk).language == "de"
    other = Client(headers={"Accept-Language": "en"})
    other.force_login(ada)
    assert "Meine Kurse" in other.get("/").content.decode()
    choose(other, "en")
    # The cookie of the first device still says German.
    assert "My courses" in client.get("/").content.decode()


def test_without_a_referrer_the_choice_leads_to_the_top_of_the_site(client, db):
    chosen = reverse("peerchat_accounts:language")
    assert client.post(chosen, {"language": "de"}).url == "/"
    page = client.post(chosen, {"language": "de"}, headers={"referer": "http://testserver/x/"})
    assert page.url == "http://testserver/x/"
    set_script_prefix("/a/b/")
    try:
        assert client.post(chosen, {"language": "de"}, SCRIPT_NAME="/a/b").url == "/a/b/"
    finally:
        clear_script_prefix()


def test_a_language_that_the_site_lacks_is_not_kept(client, ada):
    client.force_login(ada)
    for language in ("fr", "tlh", "", "../de"):
        choose(client, language)
    assert User.objects.get(pk=ada.pk).language == ""
    assert COOKIE not in client.cookies or client.cookies[COOKIE].value != "../de"
    User.objects.filter(pk=ada.pk).update(language="tlh")
    assert "My courses" in client.get("/").content.decode()


def test_choosing_takes_a_post_from_the_site(ada):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.get(reverse("peerchat_accounts:language")).status_code == 405
    assert choose(client, "de").status_code == 403
    assert User.objects.get(pk=ada.pk).language == ""


def test_pages_offer_the_languages_in_their_own_words(client, db):
    page = client.get(LOG_IN).content.decode()
    assert 'value="de" lang="de" dir="ltr"' in page
    assert ">Deutsch</button>" in page
    assert ">English</button>" in page


def test_a_site_that_does_not_follow_a_choice_offers_none(settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != languages.MIDDLEWARE]
    assert languages.offered() == []


@pytest.mark.parametrize(
    ("active", "default", "shown"),
    [("de-at", "en", "de-at"), ("fr", "de", "de"), ("fr", "fr", "en"), ("en-gb", "de", "en-gb")],
)
def test_a_page_says_the_language_that_its_texts_have(settings, active, default, shown):
    settings.LANGUAGE_CODE = default
    with translation.override(active):
        assert languages.current().code == shown


def test_a_language_that_django_does_not_know_is_called_by_its_code(settings):
    settings.LANGUAGES_BIDI = ["ckb"]
    assert languages.described("tlh") == ("tlh", "tlh", "ltr")
    assert languages.described("ckb-iq")[2] == "rtl"
