"""Signal receivers that notice changes of users that end log-ins or change their names.

They work with any model of users, and see what is saved as an object. A queryset's `update` sends
no signals.
"""

from typing import Any, NamedTuple

from django.db.models.signals import post_save, pre_save

from accounts import people, shown
from accounts.models import password_changed, user_deactivated, user_renamed

_BEFORE = "_peerchat_before"
# Each log-in stores this field alone.
_PASSING = {"last_login"}


class _Before(NamedTuple):
    password: str
    is_active: bool
    hashed_anew: bool
    texts: dict[str, Any]


def connect() -> None:
    """Watch the users of the site."""
    for model in people.classes():
        pre_save.connect(look_before, sender=model)
        post_save.connect(tell_after, sender=model)


def look_before(instance: Any, update_fields: Any = None, raw: bool = False, **kwargs: Any) -> None:
    """Note the password, the state and the texts that the user has in the database."""
    instance.__dict__.pop(_BEFORE, None)
    if raw or instance._state.adding:
        return
    if update_fields is not None and _PASSING.issuperset(update_fields):
        return
    stored = type(instance)._base_manager.filter(pk=instance.pk).first()
    if stored is None:
        return
    # A log-in that renews the hash of the same password saves that field alone, without setting a
    # password.
    renewed = update_fields is not None and set(update_fields) == {"password"}
    hashed_anew = renewed and getattr(instance, "_password", None) is None
    instance.__dict__[_BEFORE] = _Before(
        stored.password,
        stored.is_active,
        hashed_anew,
        {name: getattr(stored, name) for name in people.texts()},
    )


def tell_after(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Send `user_deactivated`, `password_changed` or `user_renamed` if the user was changed so."""
    before: _Before | None = instance.__dict__.pop(_BEFORE, None)
    if before is None:
        return
    shown.forget(instance)
    if before.is_active and not instance.is_active:
        user_deactivated.send(sender=sender, user=instance)
    elif before.password != instance.password and not before.hashed_anew:
        password_changed.send(sender=sender, user=instance)
    # A site may make the shown name of a user of any text.
    if any(instance.__dict__.get(name, text) != text for name, text in before.texts.items()):
        user_renamed.send(sender=sender, user=instance)
