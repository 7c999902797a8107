"""The catalogues: they have every text, and the shipped files match them."""

import re
from functools import cache

import pytest
from babel.messages import Catalog

from tests.translations.catalogues import (
    DOMAINS,
    LANGUAGES,
    compiled,
    place,
    refreshed,
    template,
    written,
)
from tests.translations.pseudo import pseudo

CATALOGUES = [(language, domain) for language in LANGUAGES for domain in DOMAINS]
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%")


@pytest.fixture(params=CATALOGUES, ids="-".join)
def named(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param


@cache
def fresh(language: str, domain: str) -> Catalog:
    """Return the catalogue of a language with the texts of now; to be read only."""
    return refreshed(language, domain)


def texts(string: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)


def test_there_is_german():
    assert "de" in LANGUAGES


def test_subjects_and_plain_texts_of_e_mails_are_in_the_catalogues():
    found = template("django")
    assert found.get("Confirm your e-mail address") is not None
    assert found.get("Your account for %(title)s") is not None


def test_catalogues_have_the_texts_of_now(named):
    """`make messages` brings them up to date."""
    catalog = fresh(*named)
    assert place(*named).read_bytes() == written(catalog)
    assert place(*named).with_suffix(".mo").read_bytes() == compiled(catalog)


def test_every_text_is_translated(named):
    catalog = fresh(*named)
    missing = [one.id for one in catalog if one.id and not all(texts(one.string))]
    assert missing == []
    assert [one.id for one in catalog if one.id and one.fuzzy] == []


def test_translations_have_the_placeholders_of_the_text_and_no_markup(named):
    for message in fresh(*named):
        if not message.id:
            continue
        wanted = set(PLACEHOLDER.findall(" ".join(texts(message.id))))
        for text in texts(message.string):
            assert set(PLACEHOLDER.findall(text)) == wanted, text
            # Templates put translations into attributes as they are.
            assert not re.search(r'["<>&]', text), text


def test_the_pseudo_language_is_longer_and_accented_and_keeps_placeholders():
    made = pseudo("%(count)s votes of %(share)s %%")
    assert PLACEHOLDER.findall(made) == ["%(count)s", "%(share)s", "%%"]
    assert not re.search(r"[A-Za-z]", PLACEHOLDER.sub("", made))
    text = "Discuss your answers. Then everyone votes again."
    assert len(pseudo(text)) >= len(text) * 4 / 3
