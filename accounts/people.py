"""Users, in whatever model the site keeps them.

`AUTH_USER_MODEL` may be any model. So no other module names a model of users, or a field of one:
it takes users, their names and the type of their keys from here.

A user has two names. The *username*, the value of `USERNAME_FIELD`, names them on the wire and in
the use log. The *shown name* is for people; `PEERCHAT["DISPLAY_NAME"]` chooses it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.module_loading import import_string

from accounts.conf import limits
from accounts.shown import is_shown_by_fields
from accounts.shown import shown_name as shown_name
from accounts.text import name_key

if TYPE_CHECKING:
    # mypy checks with the settings of peerchat as a site of its own.
    from accounts.models import User as User
else:
    User = AbstractBaseUser

Key = Any
"""The primary key of a user: a number, a UUID or a text, as the site's model has it."""


def everybody() -> models.QuerySet[User]:
    """Return the users of the site."""
    return get_user_model()._default_manager.all()


def active(prefix: str = "") -> Q:
    """Return the condition for a user, or for the user behind `prefix`, to be active."""
    return Q(**{f"{prefix}is_active": True}) if has("is_active") else Q()


def by_name(prefix: str = "") -> str:
    """Return the lookup of the username, for the user behind `prefix`."""
    return prefix + get_user_model().USERNAME_FIELD


def find(username: str) -> User | None:
    """Return the user with this username, as the site's own log-in finds them."""
    model = get_user_model()
    try:
        found: User = model._default_manager.get_by_natural_key(username)
    except (model.DoesNotExist, ValueError, ValidationError):
        return None
    return found


def by_address(address: str) -> list[User]:
    """Return up to two of the users with an e-mail address, in upper or lower case."""
    field = get_user_model().get_email_field_name()
    if not has(field) or "@" not in address or "\0" in address:
        return []
    return list(everybody().filter(**{f"{field}__iexact": address})[:2])


def possible(usernames: Iterable[str]) -> set[str]:
    """Return the names that the site's usernames could be, as those may be numbers."""
    field: Any = get_user_model()._meta.get_field(by_name())

    def fits(name: str) -> bool:
        try:
            field.to_python(name)
        except ValidationError:
            return False
        return True

    return set(filter(fits, usernames))


def named(usernames: Iterable[str], prefix: str = "") -> Q:
    """Return the condition for one of these usernames, in upper or lower case, behind `prefix`.

    `accounts.text.name_key` tells which of the names a user has. A site's own usernames are
    compared as its database does it, which on SQLite knows no case outside ASCII.
    """
    wanted = possible(usernames)
    found = Q(**{f"{by_name(prefix)}__in": wanted})
    if has("username_key"):
        return found | Q(**{f"{prefix}username_key__in": {name_key(name) for name in wanted}})
    if _is_text(by_name()):
        for name in sorted(wanted):
            found |= Q(**{f"{by_name(prefix)}__iexact": name})
    return found


def username(user: Any) -> str:
    """Return the name of the user on the wire."""
    return str(user.get_username())


def mark(user: Any) -> str:
    """Return up to four characters that tell a user apart from others who show the same name."""
    return username(user).partition("@")[0][-4:]


def language(user: Any) -> str:
    """Return the language that the user has chosen, or an empty text."""
    chosen = getattr(user, "language", "")
    return chosen if isinstance(chosen, str) else ""


def keep_language(user: Any, language: str) -> None:
    """Keep the user's choice of a language, if the model has a field for it."""
    if has("language"):
        everybody().filter(pk=user.pk).update(language=language)


def search_fields(prefix: str = "") -> tuple[str, ...]:
    """Return the lookups by which the admin searches the users behind `prefix`."""
    wanted = dict.fromkeys(
        [
            by_name(),
            "display_name",
            "first_name",
            "last_name",
            get_user_model().get_email_field_name(),
        ]
    )
    return tuple(prefix + name for name in wanted if _is_text(name))


def texts() -> list[str]:
    """Return the attributes of a user that have texts, except for the password."""
    fields = get_user_model()._meta.concrete_fields
    return [
        field.attname
        for field in fields
        if isinstance(field, (models.CharField, models.TextField)) and field.name != "password"
    ]


def shown_order(prefix: str = "") -> str:
    """Return the field that comes closest to the order of the shown names."""
    return prefix + ("display_name" if has("display_name") else by_name())


def classes() -> Iterable[type[models.Model]]:
    """Return the model of the users with its proxies and subclasses, which send signals, too."""
    return [model for model in apps.get_models() if issubclass(model, get_user_model())]


def key_type() -> type:
    """Return the type of the primary keys: int, UUID or str."""
    field = _key_field()
    if isinstance(field, models.IntegerField):
        return int
    return UUID if isinstance(field, models.UUIDField) else str


def as_plain(key: Key) -> int | str:
    """Return a key as JSON can hold it. Queries take it like the key itself."""
    return key if isinstance(key, int) else str(key)


def for_statement(key: Key, connection: Any) -> Any:
    """Return a key as a parameter of a statement that is written in SQL."""
    return _key_field().get_db_prep_value(key, connection)


def key_column_type(connection: Any) -> str:
    """Return the type of the columns that refer to users."""
    return str(_key_field().rel_db_type(connection))


def rows_sql() -> str:
    """Return SQL of the fields of each user, beside the key as `key_`.

    Returns nothing if a user's names, or whether their log-ins are valid, may depend on more than
    these, or the keys are texts.
    """
    if not (_goes_by_fields() and is_shown_by_fields()) or key_type() is str:
        return ""
    fields = [field.attname for field in get_user_model()._meta.concrete_fields]
    # No field has a name that ends so.
    rows = everybody().order_by().values(*fields, key_=F("pk"))
    sql, parameters = rows.query.sql_with_params()
    return "" if parameters else sql


def _goes_by_fields() -> bool:
    """Return whether the model computes nothing itself of what is read of its users."""
    model = get_user_model()
    methods = ("get_full_name", "get_session_auth_hash", "get_session_auth_fallback_hash")
    for name in methods:
        if getattr(model, name, None) not in (None, getattr(AbstractUser, name)):
            return False
    values = ("is_active", "display_name", "first_name", "last_name")
    constant = (bool, str, type(None))
    return all(has(name) or isinstance(getattr(model, name, None), constant) for name in values)


def table_of_names(connection: Any) -> tuple[str, str, str]:
    """Return the quoted table with the usernames, its column of keys and that of the names.

    It is that of an ancestor if the model inherits the field.
    """
    field: Any = get_user_model()._meta.get_field(by_name())
    meta = field.model._meta
    quote = connection.ops.quote_name
    return quote(meta.db_table), quote(meta.pk.column), quote(field.column)


def new(name: str, *, password: str, shown: str = "", mail: str = "") -> User:
    """Return a user who is not stored yet; `password` is a hash, `mail` the user's e-mail address.

    Where usernames are addresses and none is given, the user gets one that no mail reaches; see
    `sample_name`. The model may have another place for the shown name than `display_name` and
    `first_name`: then `PEERCHAT["NAME_GUEST"]` puts it there.
    """
    model = get_user_model()
    fields: dict[str, Any] = {by_name(): name, "password": password}
    place = next(filter(has, ("display_name", "first_name")), None)
    if shown and place is not None:
        fields[place] = shown
    address = model.get_email_field_name()
    if has(address):
        fields.setdefault(address, mail or (name if "@" in name else ""))
        if getattr(model._meta.get_field(address), "unique", False) and not fields[address]:
            fields[address] = _as_address(name)
    made: User = model(**fields)
    choose: Any = limits["NAME_GUEST"]
    if shown and choose is not None:
        (import_string(choose) if isinstance(choose, str) else choose)(made, shown)
    return made


def sample_name(name: str) -> str:
    """Return the username of somebody made up: `name`, or an address where those are usernames."""
    return _as_address(name) if usernames_are_addresses() else name


def usernames_are_texts() -> bool:
    """Return whether usernames are texts, and not numbers."""
    return _is_text(by_name())


def usernames_are_addresses() -> bool:
    """Return whether people log in with their e-mail address."""
    return isinstance(get_user_model()._meta.get_field(by_name()), models.EmailField)


def _as_address(name: str) -> str:
    return f"{name}@example.invalid"


def _key_field() -> Any:
    field: Any = get_user_model()._meta.pk
    while field.remote_field is not None:
        field = field.target_field
    return field


def has(name: str) -> bool:
    """Return whether the model has a field of that name."""
    try:
        get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


def _is_text(name: str) -> bool:
    return has(name) and isinstance(
        get_user_model()._meta.get_field(name), (models.CharField, models.TextField)
    )
