"""Rules of a course about students who work together."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course


class PairingRule(models.Model):
    """A rule about two to five students of a course.

    No two of those in a rule `never` get into one group. All of those in a rule `always`, and in
    a `fixed` group, are in one group if they are here. Nobody is put with a fixed group while two
    of it are here. A student is in at most one rule `always` or fixed group of a course.
    """

    class Kind(models.TextChoices):
        NEVER = "never", _("never together")
        ALWAYS = "always", _("always together")
        FIXED = "fixed", _("fixed group")

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="pairing_rules"
    )
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=100, blank=True)
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("pairing rule")
        verbose_name_plural = _("pairing rules")
        ordering = ("course", "kind", "name", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind__in=("never", "always", "fixed")),
                name="peerchat_pairing_rule_kind",
            ),
        )

    def __str__(self) -> str:
        return self.name or gettext("%(kind)s (%(number)s)") % {
            "kind": self.get_kind_display(),
            "number": self.pk,
        }


class PairingMember(models.Model):
    """A student whom a pairing rule is about."""

    rule = models.ForeignKey(
        PairingRule, verbose_name=_("rule"), on_delete=models.CASCADE, related_name="members"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_pairing_rules",
    )

    class Meta:
        verbose_name = _("member of a pairing rule")
        verbose_name_plural = _("members of pairing rules")
        ordering = ("rule", "user")
        constraints = (
            models.UniqueConstraint(fields=("rule", "user"), name="peerchat_pairing_member_once"),
        )

    def __str__(self) -> str:
        return gettext("%(user)s in %(place)s") % {"user": self.user, "place": self.rule}
