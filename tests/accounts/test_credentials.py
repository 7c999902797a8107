"""The look-up of valid tokens and sessions, all at once, with each of Django's session stores."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.cache import caches
from django.utils import timezone

from accounts import tokens
from accounts.credentials import Credential, check
from accounts.models import Token, User

BACKENDS = "django.contrib.sessions.backends"
STORES = [f"{BACKENDS}.{name}" for name in ("db", "cache", "cached_db", "file", "signed_cookies")]
HERE = "django.core.cache.backends.locmem.LocMemCache"


@pytest.fixture(params=STORES, ids=lambda store: store.rpartition(".")[2])
def store(request, settings, tmp_path):
    """The store of the sessions that the site uses."""
    settings.SESSION_ENGINE = request.param
    settings.SESSION_FILE_PATH = str(tmp_path)
    settings.CACHES = {"default": {"BACKEND": HERE, "LOCATION": str(tmp_path)}}
    return import_module(request.param).SessionStore


def log_in(store, user: User, **changes: str) -> Credential:
    """A session of theirs; `changes` are to what Django put into it."""
    session = store()
    session.update(
        {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
            HASH_SESSION_KEY: user.get_session_auth_hash(),
            **changes,
        }
    )
    session.save()
    return Credential(user.pk, session=session.session_key)


def give_token(user: User, **options) -> Credential:
    raw = tokens.issue(user, **options)
    return Credential(user.pk, token=Token.objects.get(digest=tokens.digest(raw)).pk)


def row(credential: Credential):
    return Token.objects.filter(pk=credential.token or 0)


def test_sessions_that_stand(store, ada, bea):
    mine, hers = log_in(store, ada), log_in(store, bea)
    checked = check({mine, hers})
    assert checked.valid.keys() == {mine, hers}
    assert checked.gone == set()


def test_a_session_that_is_not_there_any_more(store, ada):
    if store.__module__.endswith("signed_cookies"):
        pytest.skip("such sessions are with the browsers alone")
    mine = log_in(store, ada)
    store(mine.session).delete(mine.session)
    checked = check({mine})
    assert (checked.valid, checked.gone) == ({}, {mine})


def test_a_session_from_before_a_change_of_password(store, ada):
    mine = log_in(store, ada)
    ada.set_password("another horse")
    ada.save()
    checked = check({mine})
    assert (checked.valid, checked.gone) == ({}, set())


def test_a_session_of_somebody_else(store, ada, bea):
    checked = check({Credential(bea.pk, session=log_in(store, ada).session)})
    assert (checked.valid, checked.gone) == ({}, set())


def test_a_session_of_a_backend_that_is_no_longer_used(store, ada, settings):
    mine = log_in(store, ada)
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]
    assert check({mine}).valid == {}


def test_a_session_outlives_a_rotated_secret_key(store, ada, settings):
    mine = log_in(store, ada)
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [old]
    assert check({mine}).valid.keys() == {mine}


@pytest.mark.parametrize("how", ["inactive", "deleted"])
def test_whoever_is_not_there_has_nothing(store, ada, how):
    both = {log_in(store, ada), give_token(ada)}
    if how == "inactive":
        User.objects.filter(pk=ada.pk).update(is_active=False)
    else:
        ada.delete()
    checked = check(both)
    assert (checked.valid, checked.gone) == ({}, set())


def test_when_sessions_end(ada, settings):
    settings.SESSION_ENGINE = f"{BACKENDS}.db"
    store = import_module(settings.SESSION_ENGINE).SessionStore
    mine = log_in(store, ada)
    session = store.get_model_class().objects.get(pk=mine.session)
    assert check({mine}).valid == {mine: session.expire_date}
    session.expire_date = timezone.now()
    session.save()
    assert check({mine}).gone == {mine}


def test_a_cache_that_does_not_answer_ends_no_session(ada, settings):
    settings.SESSION_ENGINE = f"{BACKENDS}.cache"
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nowhere/redis.sock",
        }
    }
    with pytest.raises(Exception, match="nowhere"):
        check({Credential(ada.pk, session="a" * 32)})
    caches["default"].close()


def test_tokens(ada, bea):
    endless, ending = give_token(ada, days=None), give_token(ada, days=1)
    revoked, over = give_token(ada), give_token(bea)
    row(revoked).update(revoked_at=timezone.now())
    row(over).update(expires_at=timezone.now() - timedelta(seconds=1))
    end = row(ending).get().expires_at
    checked = check({endless, ending, revoked, over})
    assert checked.valid == {endless: None, ending: end}
    assert checked.gone == set()


def test_a_few_queries_for_all(ada, bea, settings, django_assert_num_queries):
    settings.SESSION_ENGINE = f"{BACKENDS}.db"
    store = import_module(settings.SESSION_ENGINE).SessionStore
    many = {make(user) for user in (ada, bea) for make in [give_token] * 10}
    many |= {log_in(store, user) for user in (ada, bea) for _ in range(10)}
    with django_assert_num_queries(3):
        assert check(many).valid.keys() == many
