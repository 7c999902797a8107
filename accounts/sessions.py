"""Look-up of stored sessions by their keys, for handshakes and for checks of a whole process."""

from collections.abc import Collection
from datetime import datetime
from importlib import import_module
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.sessions.backends import cache, cached_db, db
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import people
from accounts.people import User


class Stored(NamedTuple):
    """Holds the data of a session, and its end if its store knows it."""

    data: dict[str, Any]
    expires: datetime | None


def find(keys: Collection[str]) -> dict[str, Stored]:
    """Return the valid sessions among keys that clients sent.

    A session that its store cannot read is not valid, as on pages.
    """
    store = _store()
    if store.load is db.SessionStore.load:
        return _from_database(store, keys)
    return _one_by_one(store, keys)


def load(keys: Collection[str]) -> dict[str, Stored]:
    """Return the valid sessions: together from Django's database and cache, one by one from
    other stores.

    Lets the errors of an unavailable cache through: a missing session must mean that it ended.
    """
    store = _store()
    if store.load is db.SessionStore.load:
        return _from_database(store, keys)
    if store.load is cache.SessionStore.load:
        return _from_cache(store, keys)
    if store.load is cached_db.SessionStore.load:
        found = _from_cache(store, keys)
        return found | _from_database(store, [key for key in keys if key not in found])
    return _one_by_one(store, keys)


def opened(key: str, data: dict[str, Any] | None) -> Any:
    """Return a session as views have it, loaded already; without data, a new and empty one."""
    if data is None:
        return _store()()
    session = _store()(key)
    # The result of its `load`, which needs the database.
    session._session_cache = dict(data)
    return session


def table() -> str:
    """Return the quoted table of the sessions, or nothing if they are not in the database alone."""
    store = _store()
    if store.load is not db.SessionStore.load:
        return ""
    return connection.ops.quote_name(store.get_model_class()._meta.db_table)


def user_id(data: dict[str, Any]) -> people.Key | None:
    """Return the id of a session's user, if the session's backend is still in use."""
    if data.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        return get_user_model()._meta.pk.to_python(data[SESSION_KEY])
    except (KeyError, ValidationError):
        return None


def fits(data: dict[str, Any], user: User) -> bool:
    """Return whether the session was made with the user's current password.

    It follows `django.contrib.auth.get_user`, which does not work here: after a change of
    SECRET_KEY it gives the session a new key, and a socket cannot pass that on to the browser.
    """
    known = str(data.get(HASH_SESSION_KEY, ""))
    return any(
        constant_time_compare(known, valid)
        for valid in (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    )


def _store() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore


def _one_by_one(store: Any, keys: Collection[str]) -> dict[str, Stored]:
    return {key: Stored(data, None) for key in keys if (data := dict(store(key).items()))}


def _from_database(store: Any, keys: Collection[str]) -> dict[str, Stored]:
    # A key comes from a cookie, and a database takes no text with a NUL.
    wanted = [key for key in keys if key.isprintable()]
    rows = store.get_model_class().objects.filter(
        session_key__in=wanted, expire_date__gt=timezone.now()
    )
    decode = store().decode
    return {
        key: Stored(decode(text), expires)
        for key, text, expires in rows.values_list("session_key", "session_data", "expire_date")
    }


def _from_cache(store: Any, keys: Collection[str]) -> dict[str, Stored]:
    names = {store.cache_key_prefix + key: key for key in keys}
    found = caches[settings.SESSION_CACHE_ALIAS].get_many(names)
    return {names[name]: Stored(data, None) for name, data in found.items()}
