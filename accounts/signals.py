"""Signal receivers that notice changes of users that end log-ins.

They work with any model of users, and see what is saved as an object. A queryset's `update` sends
no signals.
"""

from typing import Any

from django.db.models.signals import post_save, pre_save

from accounts import people
from accounts.models import password_changed, user_deactivated

_BEFORE = "_peerchat_before"
_WATCHED = ("password", "is_active")


def connect() -> None:
    """Watch the users of the site."""
    for model in people.classes():
        pre_save.connect(look_before, sender=model)
        post_save.connect(tell_after, sender=model)


def look_before(instance: Any, update_fields: Any = None, raw: bool = False, **kwargs: Any) -> None:
    """Note the password and the state that the user has in the database."""
    instance.__dict__.pop(_BEFORE, None)
    if raw or instance._state.adding:
        return
    if update_fields is not None and not set(_WATCHED) & set(update_fields):
        return
    columns = filter(people.has, _WATCHED)
    stored = type(instance)._base_manager.filter(pk=instance.pk).only(*columns).first()
    if stored is None:
        return
    # A log-in that renews the hash of the same password saves that field alone, without setting a
    # password.
    renewed = update_fields is not None and set(update_fields) == {"password"}
    hashed_anew = renewed and getattr(instance, "_password", None) is None
    instance.__dict__[_BEFORE] = (stored.password, stored.is_active, hashed_anew)


def tell_after(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Send `user_deactivated` or `password_changed` if the user was changed so."""
    before = instance.__dict__.pop(_BEFORE, None)
    if before is None:
        return
    password, was_active, hashed_anew = before
    if was_active and not instance.is_active:
        user_deactivated.send(sender=sender, user=instance)
    elif password != instance.password and not hashed_anew:
        password_changed.send(sender=sender, user=instance)
