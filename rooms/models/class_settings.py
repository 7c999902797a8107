"""The ways in which the classes of a course run."""

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course
from rooms.peer.asking import Asked

PERCENT = (MinValueValidator(0), MaxValueValidator(100))


class ClassSettings(models.Model):
    """How the classes of a course run. A course without a row has the defaults.

    Between `least_right` and `most_right` percent right in the first vote, a discussion is worth
    its time. E. Mazur, "Peer Instruction: A User's Manual" (1997), names about 30 and 70.
    """

    class Asks(models.TextChoices):
        OFF = Asked.OFF.value, _("not asked")
        OPTIONAL = Asked.OPTIONAL.value, _("optional")
        REQUIRED = Asked.REQUIRED.value, _("required")

    course = models.OneToOneField(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="class_settings"
    )
    asks_confidence = models.CharField(
        _("confidence"), max_length=8, choices=Asks.choices, default=Asks.OPTIONAL
    )
    asks_reason = models.CharField(
        _("reason"), max_length=8, choices=Asks.choices, default=Asks.OPTIONAL
    )
    # In the second vote: what convinced you?
    asks_convinced = models.BooleanField(_("asks what convinced"), default=True)
    # Where a student is: in the hall or elsewhere.
    asks_place = models.BooleanField(_("asks for the place"), default=False)
    asks_seat = models.BooleanField(_("asks for the seat"), default=False)
    # Towards other students. With `lecturer_knows`, those who lead see the names all the same.
    has_pseudonyms = models.BooleanField(_("pseudonyms"), default=False)
    lecturer_knows = models.BooleanField(_("lecturers know the names"), default=True)
    least_right = models.PositiveSmallIntegerField(
        _("least percentage right"), default=30, validators=PERCENT
    )
    most_right = models.PositiveSmallIntegerField(
        _("greatest percentage right"), default=70, validators=PERCENT
    )
    # Close a round when nine tenths of the students who are here have voted.
    closes_early = models.BooleanField(_("closes early"), default=False)
    # Choose the method for each group at random, so that their yields can be compared.
    compares_methods = models.BooleanField(_("compares methods"), default=False)
    # Pair students who answer a released question at the same time. The database default serves
    # workers that still run code without this field.
    pairs_at_night = models.BooleanField(_("pairs outside class"), default=False, db_default=False)

    class Meta:
        verbose_name = _("class settings")
        verbose_name_plural = _("class settings")
        constraints = (
            models.CheckConstraint(
                condition=Q(least_right__lte=F("most_right"), most_right__lte=100),
                name="peerchat_class_settings_percent",
            ),
            models.CheckConstraint(
                condition=Q(asks_confidence__in=[one.value for one in Asked])
                & Q(asks_reason__in=[one.value for one in Asked]),
                name="peerchat_class_settings_asked",
            ),
        )

    def __str__(self) -> str:
        return gettext("Class settings of %(course)s") % {"course": self.course}

    @classmethod
    def of(cls, course: Course) -> Self:
        """Return the settings of a course, or the defaults, which are not saved."""
        return cls.objects.filter(course=course).first() or cls(course=course)
