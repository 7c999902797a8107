"""Users, the tokens of their programs, and failed log-ins."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.dispatch import Signal

from accounts import hashing, shown

password_changed = Signal()  # sends `user`
user_deactivated = Signal()  # sends `user`

USERNAME_LENGTH = 254
"""The most characters of a username. A site may use e-mail addresses."""


class User(AbstractUser):
    """A person, for a site that has no users of its own. `display_name` may be empty."""

    display_name = models.CharField(
        max_length=150,
        blank=True,
        help_text="Others see this instead of the name, unless it is empty.",
    )

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"

    @property
    def shown_name(self) -> str:
        return shown.shown_name(self)

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

    def set_password(self, raw_password: str | None) -> None:
        """Set the password, which `save` stores. With None, no password matches."""
        if raw_password is None:
            self.set_unusable_password()
        else:
            self.password = hashing.make(raw_password)
        self._password = raw_password


class Token(models.Model):
    """A credential for programs. The table has only its SHA-256, which nobody can log in with."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="peerchat_tokens"
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(max_length=100, blank=True, help_text="What the token is for.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name or 'token'} of {self.user_id}, made {self.created_at:%Y-%m-%d}"


class UsedLink(models.Model):
    """A signed link that was opened. It is kept as long as the link could be tried again."""

    nonce = models.CharField(max_length=32, unique=True)
    used_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.nonce}, {self.used_at:%Y-%m-%d %H:%M}"


class FailedLogin(models.Model):
    """Counts the wrong passwords for a username from one source.

    The source is an address; a browser in which the user has logged in before has a row of its own
    there, under its id. The username may be one that nobody has. Nothing else of a request is kept.
    """

    username = models.CharField(max_length=USERNAME_LENGTH)
    address = models.GenericIPAddressField(
        null=True, blank=True, help_text="Empty where the server does not know it."
    )
    device = models.CharField(
        max_length=32,
        blank=True,
        help_text="The id of a browser in which the user has logged in before.",
    )
    times = models.PositiveIntegerField()
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "failed log-in"
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
        return f"{self.username} from {self.address or 'an unknown address'}: {self.times}"
