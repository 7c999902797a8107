"""The rules by which a course marks participation."""

from decimal import Decimal
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course

MOST_POINTS = 100
"""The most points for one thing that a student does."""
POINTS = (MinValueValidator(0), MaxValueValidator(MOST_POINTS))
SCORED = ("first_vote", "second_vote", "message", "right_first", "right_second")
"""The fields with the points for what a student does with a question."""


class MarkRules(models.Model):
    """How participation in a course is marked. A course without a row has the defaults.

    Marks are not stored: they are computed from the votes and messages whenever somebody asks.
    """

    class Lowest(models.TextChoices):
        QUESTION = "question", _("questions")
        SESSION = "session", _("class sessions")

    course = models.OneToOneField(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="mark_rules"
    )
    first_vote = models.PositiveSmallIntegerField(_("first vote"), default=1, validators=POINTS)
    second_vote = models.PositiveSmallIntegerField(_("second vote"), default=1, validators=POINTS)
    # At least one message to the partners.
    message = models.PositiveSmallIntegerField(_("message"), default=1, validators=POINTS)
    right_first = models.PositiveSmallIntegerField(
        _("right in the first vote"), default=0, validators=POINTS
    )
    right_second = models.PositiveSmallIntegerField(
        _("right in the second vote"), default=0, validators=POINTS
    )
    # How many of the lowest are dropped, and of what.
    dropped = models.PositiveSmallIntegerField(_("dropped"), default=0, validators=POINTS)
    dropped_of = models.CharField(
        _("dropped of"), max_length=8, choices=Lowest.choices, default=Lowest.QUESTION
    )
    # Whoever has this percentage of the points has the full mark.
    enough = models.PositiveSmallIntegerField(
        _("enough"), default=100, validators=(MinValueValidator(1), MaxValueValidator(100))
    )
    full_mark = models.DecimalField(
        _("full mark"),
        max_digits=6,
        decimal_places=2,
        default=Decimal(100),
        validators=(MinValueValidator(Decimal("0.01")),),
    )
    # What answers to released questions count, in percent of those in class.
    released = models.PositiveSmallIntegerField(
        _("released questions"),
        default=0,
        validators=(MinValueValidator(0), MaxValueValidator(100)),
    )
    shows_students = models.BooleanField(_("students see their marks"), default=True)
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("rules of marks")
        verbose_name_plural = _("rules of marks")
        constraints = (
            models.CheckConstraint(
                condition=Q(**{f"{name}__lte": MOST_POINTS for name in (*SCORED, "dropped")}),
                name="peerchat_marks_points",
            ),
            # Else everybody would have the same mark.
            models.CheckConstraint(
                condition=Q(first_vote__gt=0)
                | Q(second_vote__gt=0)
                | Q(message__gt=0)
                | Q(right_first__gt=0)
                | Q(right_second__gt=0),
                name="peerchat_marks_for_something",
            ),
            models.CheckConstraint(
                condition=Q(enough__gte=1, enough__lte=100, released__lte=100, full_mark__gt=0),
                name="peerchat_marks_percent",
            ),
            models.CheckConstraint(
                condition=Q(dropped_of__in=("question", "session")), name="peerchat_marks_lowest"
            ),
        )

    def __str__(self) -> str:
        return gettext("Rules of marks of %(course)s") % {"course": self.course}

    @classmethod
    def of(cls, course: Course) -> Self:
        """Return the rules of a course, or the defaults, which are not saved."""
        return cls.objects.filter(course=course).first() or cls(course=course)
