"""Ends the ways in which somebody gets in, and what the log-in knows of them."""

from collections.abc import Collection
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model

from accounts import people
from accounts.models import FailedLogin, Token
from accounts.people import User
from accounts.text import name_key


def shut_out(user: User) -> None:
    """Let nobody in as a user any more: no password, no token, no session in the database.

    Sessions elsewhere end with the password that they were made with.
    """
    if people.has("is_active"):
        user.is_active = False
    user.set_unusable_password()
    user.save()
    Token.objects.filter(user=user).delete()
    end_sessions([user])


def forget_failures(usernames: set[str]) -> None:
    """Forget the wrong passwords for some usernames, in all ways to write them."""
    keys = {name_key(name) for name in usernames}
    # The table is bounded, and no database folds the case of all letters.
    for failed in FailedLogin.objects.only("username").iterator(chunk_size=500):
        if name_key(failed.username) in keys:
            failed.delete()


def blank(user: User) -> None:
    """Take everything that names a person out of the row of a user, which cannot be deleted."""
    name = people.sample_name(f"former-{user.pk}")
    fields: list[str] = []
    for field in type(user)._meta.concrete_fields:
        if field.attname not in people.texts() or field.primary_key:
            continue
        chosen: Any = ""
        if field.name == people.by_name() or (field.unique and not field.null):
            chosen = name[: field.max_length]
        elif field.unique or field.null:
            chosen = None
        setattr(user, field.attname, chosen)
        fields.append(field.name)
    user.save(update_fields=fields)


def end_sessions(users: Collection[User]) -> None:
    """End the sessions of some users that are in the database."""
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    model: Any = getattr(store, "get_model_class", lambda: None)()
    if model is None:
        return
    key: Any = get_user_model()._meta.pk
    wanted = {key.value_to_string(user) for user in users}
    decode = store().decode
    for session in model.objects.order_by().iterator(chunk_size=500):
        if decode(session.session_data).get(SESSION_KEY) in wanted:
            # The store may have it in a cache, too.
            store(session.session_key).delete()
