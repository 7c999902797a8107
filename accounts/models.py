"""Users, the tokens of their programs, failed log-ins and wrong codes."""

from collections.abc import Collection
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.dispatch import Signal
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import hashing, shown
from accounts.text import has_controls, name_key, shows

password_changed = Signal()  # sends `user`
user_deactivated = Signal()  # sends `user`
user_renamed = Signal()  # sends `user`, one of whose texts, perhaps a name, is another

USERNAME_LENGTH = 254
"""The most characters of a username. A site may use e-mail addresses."""


KEY_LENGTH = 3 * USERNAME_LENGTH
"""The most characters of a username's key: folding the case may triple those of a username."""


class NameKey(models.CharField):
    """The key of the username, which is the same for all usernames that look alike.

    It follows the username whenever a row is written. Two names of one key that were there before
    the keys both stay: the second has none until it is changed.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        user: Any = model_instance
        key = name_key(user.username)[:KEY_LENGTH]
        if not add and user.username_key is None and is_kept(user, key):
            return None
        user.username_key = key
        return key


def is_kept(user: Any, key: str) -> bool:
    """Return whether a user without a key has kept a name that looks like that of another."""
    users = type(user)._base_manager
    unchanged = users.filter(pk=user.pk, username=user.username)
    return bool(users.filter(username_key=key).exists() and unchanged.exists())


class User(AbstractUser):
    """A person, for a site that has no users of its own. `display_name` may be empty.

    No two usernames look alike; the database compares their keys.
    """

    display_name = models.CharField(
        _("display name"),
        max_length=150,
        blank=True,
        help_text=_("Others see this instead of the name, unless it is empty."),
    )
    # The user's choice, or empty for the languages of the browser. The database default serves
    # workers that still run code without this field.
    language = models.CharField(
        _("language"), max_length=16, blank=True, default="", db_default="", editable=False
    )
    # The null serves workers that still run code without this field.
    username_key = NameKey(
        _("username key"), max_length=KEY_LENGTH, unique=True, null=True, editable=False
    )

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"

    @property
    def shown_name(self) -> str:
        return shown.shown_name(self)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Refuse names that show nothing or reorder the text around them."""
        errors: dict[str, list[ValidationError]] = {}
        try:
            super().clean_fields(exclude)
        except ValidationError as error:
            errors = error.update_error_dict({})
        for field in {"username", "display_name", "first_name", "last_name"} - set(exclude or ()):
            name = getattr(self, field)
            if field in errors or not name:
                continue
            if not shows(name):
                errors[field] = [ValidationError(_("Nothing of this name can be seen."))]
            elif has_controls(name):
                told = _("This name has invisible characters that change the direction of text.")
                errors[field] = [ValidationError(told)]
        if errors:
            raise ValidationError(errors)

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Refuse a username that looks like that of somebody else."""
        super().validate_unique(exclude)
        if "username" in (exclude or ()):
            return
        key = name_key(self.username)[:KEY_LENGTH]
        others = type(self)._base_manager.exclude(pk=self.pk)
        alike = others.filter(username_key=key).first()
        if alike is not None and not (self.pk and is_kept(self, key)):
            told = _("This username looks like “%(other)s”, which exists already.")
            named = {"other": alike.username}
            raise ValidationError({"username": ValidationError(told, params=named)})

    _password: str | None  # of AbstractBaseUser: what was set, until it is saved

    def check_password(self, raw_password: str | None) -> bool:
        """Return whether the password matches. Renews an outdated hash.

        Raises PermissionDenied at a log-in that would have to wait too long for the hash.
        """
        logs_in = hashing.is_log_in()
        correct, renewed = hashing.check(raw_password, self.password)
        stored = User.objects.filter(pk=self.pk, password=self.password)
        if correct and renewed and stored.update(password=renewed):
            self.password = renewed
            return True
        # The password may have been replaced while the hash waited.
        return correct and (not logs_in or stored.exists())

    async def acheck_password(self, raw_password: str | None) -> bool:
        """Do as `check_password`, off the event loop."""
        return await sync_to_async(self.check_password)(raw_password)

    def set_password(self, raw_password: str | None) -> None:
        """Set the password, which `save` stores. With None, no password matches."""
        if raw_password is None:
            self.set_unusable_password()
        else:
            self.password = hashing.make(raw_password)
        self._password = raw_password

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields = kwargs.get("update_fields")
        if fields is not None and "username" in fields:
            kwargs["update_fields"] = {*fields, "username_key"}
        super().save(*args, **kwargs)


class Token(models.Model):
    """A credential for programs. The table has only its SHA-256, which nobody can log in with."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_tokens",
    )
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    name = models.CharField(
        _("name"), max_length=100, blank=True, help_text=_("What the token is for.")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        named = {
            "name": self.name or gettext("token"),
            "user": self.user_id,
            "day": f"{self.created_at:%Y-%m-%d}",
        }
        return gettext("%(name)s of %(user)s, made %(day)s") % named


class UsedLink(models.Model):
    """A signed link that was opened. It is kept as long as the link could be tried again."""

    nonce = models.CharField(_("nonce"), max_length=32, unique=True)
    used_at = models.DateTimeField(_("used at"), auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("used link")
        verbose_name_plural = _("used links")

    def __str__(self) -> str:
        return f"{self.nonce}, {self.used_at:%Y-%m-%d %H:%M}"


class FailedLogin(models.Model):
    """Counts the wrong passwords for a username from one source.

    The source is an address; a browser in which the user has logged in before has a row of its own
    there, under its id. The username may be one that nobody has. Nothing else of a request is kept.
    """

    username = models.CharField(_("username"), max_length=USERNAME_LENGTH)
    address = models.GenericIPAddressField(
        _("address"), null=True, blank=True, help_text=_("Empty where the server does not know it.")
    )
    device = models.CharField(
        _("device"),
        max_length=32,
        blank=True,
        help_text=_("The id of a browser in which the user has logged in before."),
    )
    times = models.PositiveIntegerField(_("times"))
    last_at = models.DateTimeField(_("last at"), db_index=True)

    class Meta:
        verbose_name = _("failed log-in")
        verbose_name_plural = _("failed log-ins")
        constraints = [
            models.UniqueConstraint(
                fields=["username", "address", "device"],
                name="peerchat_one_failed_login_per_source",
            ),
            # For the constraint above no null equals another.
            models.UniqueConstraint(
                fields=["username", "device"],
                condition=models.Q(address=None),
                name="peerchat_one_failed_login_without_address",
            ),
        ]

    def __str__(self) -> str:
        named = {
            "username": self.username,
            "address": self.address or gettext("an unknown address"),
            "times": self.times,
        }
        return gettext("%(username)s from %(address)s: %(times)s") % named


class WrongCodes(models.Model):
    """The number of wrong join codes from an address, or from all, in a span of time.

    All workers count here. `span` is the number of the span since the epoch.
    """

    EVERYWHERE = "everywhere"

    source = models.CharField(_("source"), max_length=45)
    span = models.PositiveBigIntegerField(_("span"), db_index=True)
    times = models.PositiveIntegerField(_("times"))

    class Meta:
        verbose_name = _("wrong join codes")
        verbose_name_plural = _("wrong join codes")
        constraints = (
            models.UniqueConstraint(fields=("source", "span"), name="peerchat_wrong_codes_once"),
        )

    def __str__(self) -> str:
        return f"{self.source}: {self.times}"
