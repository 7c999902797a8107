"""The screen of the hall: what it shows, and the link that opens it without a log-in."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course


class Screen(models.Model):
    """The screen of a course, as those who lead the course have set it up.

    Its link has the signed `nonce`, so nobody can make a link from what is stored here. A course
    has at most one link, and a new one replaces it.
    """

    course = models.OneToOneField(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="screen"
    )
    shows_partners = models.BooleanField(_("shows who talks to whom"), default=False)
    # Null while there is no link.
    nonce = models.CharField(
        _("nonce"), max_length=32, unique=True, null=True, blank=True, editable=False
    )
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)

    class Meta:
        verbose_name = _("screen of the hall")
        verbose_name_plural = _("screens of the hall")

    def __str__(self) -> str:
        return str(self.course)

    @property
    def has_link(self) -> bool:
        """Return whether there is a link that opens the screen now."""
        return (
            self.nonce is not None
            and self.expires_at is not None
            and timezone.now() < self.expires_at
        )

    @property
    def link_nonce(self) -> str:
        """Return the nonce of the link that there is."""
        assert self.nonce is not None
        return self.nonce
