"""People who are given an account before they have ever come: found, named and made by the hundred.

They have no password, so nobody can log in as them. An invitation lets them choose one.
"""

import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, load_backend
from django.contrib.auth.backends import ModelBackend, RemoteUserBackend
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.db.models.functions import Lower

from accounts import people
from accounts.people import User
from accounts.text import name_key

_NUMBERED = 20
"""The names with a number that are tried where a username is taken."""
_UNFIT = re.compile(r"[^\w.-]+")


def address(user: Any) -> str:
    """Return the e-mail address of a user, or an empty text."""
    field = get_user_model().get_email_field_name()
    return str(getattr(user, field, "") or "") if people.has(field) else ""


def by_address(addresses: Collection[str]) -> dict[str, list[User]]:
    """Return the users with each of these e-mail addresses, which are in lower case."""
    field = get_user_model().get_email_field_name()
    found: dict[str, list[User]] = defaultdict(list)
    if addresses and people.has(field):
        lower = people.everybody().annotate(peerchat_address=Lower(field))
        for user in lower.filter(peerchat_address__in=addresses).order_by("pk"):
            found[address(user).lower()].append(user)
    return found


def by_username(usernames: Collection[str]) -> dict[str, list[User]]:
    """Return the users with each of these usernames, by `name_key`."""
    wanted = people.possible(usernames)
    found: dict[str, list[User]] = defaultdict(list)
    if not wanted:
        return found
    users = people.everybody()
    if people.has("username_key"):
        users = users.filter(username_key__in={name_key(name) for name in wanted})
    else:
        same = Q(**{f"{people.by_name()}__in": wanted})
        if people.usernames_are_texts():
            users = users.annotate(peerchat_name=Lower(people.by_name()))
            same |= Q(peerchat_name__in={name.lower() for name in wanted})
        users = users.filter(same)
    for user in users.order_by("pk"):
        found[name_key(people.username(user))].append(user)
    return found


def free_usernames(wanted: Sequence[str]) -> list[str]:
    """Return a username for each e-mail address or username, which nobody has, nor another of them.

    An address gives the part before its @, so that others do not see it, unless usernames of the
    site are addresses. It asks the database at most twice.
    """
    bases = [_base(text) for text in wanted]
    taken = set(by_username(set(bases)))
    times = Counter(bases)
    crowded = {base for base in bases if name_key(base) in taken or times[base] > 1}
    numbered = {f"{base}{number}" for base in crowded for number in range(2, _NUMBERED + 2)}
    taken |= set(by_username(numbered))
    found = []
    for base in bases:
        names = (base, *(f"{base}{number}" for number in range(2, _NUMBERED + 2)))
        name = next((name for name in names if name_key(name) not in taken), None)
        name = name or f"{base}-{secrets.token_hex(4)}"
        taken.add(name_key(name))
        found.append(name)
    return found


def _base(text: str) -> str:
    if "@" not in text or people.usernames_are_addresses():
        return text
    local = _UNFIT.sub(".", text.partition("@")[0].partition("+")[0]).strip(".")
    return local[:100] or "student"


def make(username: str, *, name: str, mail: str) -> User:
    """Return a new user without a password, who is not stored yet.

    Raises ValidationError for a username, an address or a name that the site does not take.
    """
    user = people.new(username, password=make_password(None), shown=name, mail=mail)
    checked = {people.by_name(), "display_name", get_user_model().get_email_field_name()}
    rest = {field.name for field in get_user_model()._meta.fields} - checked
    user.clean_fields(exclude=rest)
    return user


def why_not(error: ValidationError) -> str:
    """Return what is wrong with a user as one text."""
    return " ".join(error.messages)


def store(users: Iterable[User]) -> list[User]:
    """Store new users with few statements. Raises IntegrityError if a username was taken since."""
    return list(people.everybody().bulk_create(users, batch_size=500))


def waiting(prefix: str = "") -> Q:
    """Return the condition for a user, behind `prefix`, who has never come and has no password.

    Those who have a token have come. Staff are not among them: nobody but themselves may open
    their accounts.
    """
    found = people.active(prefix) & Q(
        **{
            f"{prefix}password__startswith": UNUSABLE_PASSWORD_PREFIX,
            f"{prefix}last_login": None,
            f"{prefix}peerchat_tokens": None,
        }
    )
    for name in ("is_staff", "is_superuser"):
        if people.has(name):
            found &= Q(**{f"{prefix}{name}": False})
    return found


def backend_for_sessions() -> str:
    """Return the dotted path of the backend whose sessions people get who come by a link."""
    paths = settings.AUTHENTICATION_BACKENDS
    return next(path for path in paths if hasattr(load_backend(path), "get_user"))


def have_passwords() -> bool:
    """Return whether the site checks passwords of its own, and not only another system's."""
    return any(
        isinstance(backend, ModelBackend) and not isinstance(backend, RemoteUserBackend)
        for backend in map(load_backend, settings.AUTHENTICATION_BACKENDS)
    )
