"""The script with the translated texts for scripts, and the texts that stay in English."""

import re

import pytest
from django.urls import reverse
from django.utils import translation

from rooms import texts

GERMAN = {"Accept-Language": "de"}


@pytest.fixture(autouse=True)
def english():
    """Activate English again: a request's language stays active in the test client's thread."""
    yield
    translation.activate("en")


def test_browsers_keep_the_texts_for_good(client):
    with translation.override("de"):
        address = texts.address()
    answer = client.get(address)
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Content-Language"] == "de"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cookie" not in answer.headers["Vary"]
    assert "Abstimmung er\\u00f6ffnet" in answer.content.decode()


def test_a_site_with_the_default_language_of_django_has_the_texts(client, settings):
    settings.LANGUAGE_CODE = "en-us"
    with translation.override("en-us"):
        address = texts.address()
    assert client.get(address).status_code == 200


def test_texts_of_another_version_are_not_kept(client):
    answer = client.get(reverse("peerchat:texts", args=["de", "0123456789ab"]))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("language", ["fr", "tlh", "..", "de" * 200])
def test_the_texts_of_other_languages_do_not_exist(client, db, language):
    assert client.get(f"/texts/{language}/0123456789ab.js").status_code == 404


def test_the_script_has_the_texts_of_peerchat_alone():
    assert b"Choose a Date" not in texts.script("de")


def test_pages_load_the_texts_before_their_modules(client, school):
    client.force_login(school.ada)
    for path, user in (("", school.ada), ("instructor/", school.ines)):
        client.force_login(user)
        page = client.get(f"/courses/physics/{path}", headers=GERMAN).content.decode()
        scripts = re.findall(r"<script (?:defer|type=\"module\") src=\"([^\"]+)\"", page)
        assert re.fullmatch(r"/texts/de/[0-9a-f]{12}\.js", scripts[0])
        assert scripts[1].startswith("/static/")
        assert not any("/texts/" in one for one in scripts[1:])


def test_the_api_speaks_english(client, school):
    client.force_login(school.ada)
    answer = client.patch("/api/rooms/", headers=GERMAN)
    assert answer.json()["error_message"] == 'Method "PATCH" not allowed.'
    assert answer.headers["Content-Language"] == "en"
    page = client.get("/api/docs/", headers=GERMAN).content.decode()
    assert '<main id="main" class="api" lang="en" dir="ltr">' in page
