"""People, and the tokens with which their programs log in."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person. `username` names them on the wire, `shown_name` on the page."""

    display_name = models.CharField(
        max_length=150,
        blank=True,
        help_text="Shown to others instead of the name, where it is not empty.",
    )

    @property
    def shown_name(self) -> str:
        return self.display_name or self.get_full_name() or self.username


class Token(models.Model):
    """A credential for programs. Only its SHA-256 is kept: who reads the table cannot use it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens"
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(max_length=100, blank=True, help_text="What it is for.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name or 'token'} of {self.user_id}, made {self.created_at:%Y-%m-%d}"


class UsedLink(models.Model):
    """A signed link that was opened; kept as long as it could be tried again."""

    nonce = models.CharField(max_length=32, unique=True)
    used_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.nonce}, {self.used_at:%Y-%m-%d %H:%M}"
