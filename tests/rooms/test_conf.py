"""The limits: their values by a site's settings, and their defaults."""

import pytest

from accounts.conf import OTHERS as OF_ACCOUNTS
from rooms.conf import LIMITS, OTHERS, limits
from tests.peerchat.test_settings import settings as under

DEFAULTS = {limit.name: limit.default for limit in LIMITS} | OTHERS


def test_settings_may_name_some(settings):
    settings.PEERCHAT = {"MESSAGE_RATE": 1}
    assert limits["MESSAGE_RATE"] == 1
    assert limits["MESSAGE_BURST"] == DEFAULTS["MESSAGE_BURST"]


def test_settings_may_name_none(settings):
    del settings.PEERCHAT
    assert {name: limits[name] for name in DEFAULTS} == DEFAULTS


def test_an_unknown_limit_is_a_mistake(settings):
    settings.PEERCHAT = {"MESAGE_RATE": 1}
    with pytest.raises(KeyError):
        limits["MESAGE_RATE"]


def test_a_site_of_its_own_has_the_same_defaults():
    (found,) = under("PEERCHAT", DEBUG="1", SECRET_KEY="key", PSEUDONYM_KEY="")
    # A site of its own has its sockets next to the pages.
    assert {**found, "SOCKETS_BELOW": ""} == {
        **DEFAULTS,
        "PSEUDONYM_KEY": "key",
        "SIGN_UP": OF_ACCOUNTS["SIGN_UP"],
    }
