"""The form by which instructors set the rules of marks, and the rules in words."""

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rooms.actions.mark_rules import FIELDS
from rooms.models import Course, MarkRules
from rooms.models.marks import MOST_POINTS, SCORED

POINTS: Final = SCORED
"""The fields with points, in their order on the page."""


def _points(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=MOST_POINTS)


class RulesForm(forms.Form):
    """The rules of marks. The fields are those of the model."""

    first_vote = _points(gettext_lazy("A first vote"))
    second_vote = _points(gettext_lazy("A second vote"))
    message = _points(gettext_lazy("A message to the partners"))
    right_first = _points(gettext_lazy("Right in the first vote"))
    right_second = _points(gettext_lazy("Right in the second vote"))
    dropped = forms.IntegerField(
        label=gettext_lazy("How many of the lowest do not count"),
        min_value=0,
        max_value=MOST_POINTS,
    )
    dropped_of = forms.ChoiceField(
        label=gettext_lazy("Lowest of"), choices=MarkRules.Lowest.choices
    )
    enough = forms.IntegerField(
        label=gettext_lazy("Percentage of the points that is enough for the full mark"),
        min_value=1,
        max_value=100,
    )
    full_mark = forms.DecimalField(
        label=gettext_lazy("The full mark"),
        min_value=Decimal("0.01"),
        max_digits=6,
        decimal_places=2,
    )
    released = forms.IntegerField(
        label=gettext_lazy("Percentage that questions outside class count of those in class"),
        min_value=0,
        max_value=100,
    )
    shows_students = forms.BooleanField(
        label=gettext_lazy("Students see their own mark"),
        help_text=gettext_lazy("With what it is made of, question by question."),
        required=False,
    )

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        rules = MarkRules.of(course)
        kwargs["initial"] = {name: getattr(rules, name) for name in FIELDS}
        super().__init__(*args, **kwargs)
        self.fields["shows_students"].widget.attrs["aria-describedby"] = "about-shows_students"

    @property
    def points(self) -> list[forms.BoundField]:
        """The fields with points."""
        return [self[name] for name in POINTS]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and not any(given.get(name) for name in POINTS):
            told = _("Give points for at least one thing, else all marks would be the same.")
            raise forms.ValidationError(told)
        return given


def headings() -> dict[str, str]:
    """Return a short name for each thing that brings points."""
    return {
        "first_vote": _("First vote"),
        "second_vote": _("Second vote"),
        "message": _("Message"),
        "right_first": _("Right first"),
        "right_second": _("Right second"),
    }


def said(rules: MarkRules) -> list[str]:
    """Return the rules in sentences, for those who are marked."""
    given = [
        _("%(what)s: %(points)s") % {"what": what, "points": getattr(rules, name)}
        for name, what in headings().items()
        if getattr(rules, name)
    ]
    told = [_("Points for each question: %(list)s.") % {"list": ", ".join(given)}]
    told.append(
        _("Only what you could reach counts: a second vote that there was, partners you had.")
    )
    if rules.dropped:
        if rules.dropped_of == MarkRules.Lowest.SESSION:
            lowest = ngettext(
                "The lowest class does not count.",
                "The %(n)s lowest classes do not count.",
                rules.dropped,
            )
        else:
            lowest = ngettext(
                "The lowest question does not count.",
                "The %(n)s lowest questions do not count.",
                rules.dropped,
            )
        told.append(lowest % {"n": rules.dropped})
    if rules.enough < 100:
        told.append(
            _("%(percent)s %% of the points are enough for the full mark.")
            % {"percent": rules.enough}
        )
    if rules.released:
        told.append(
            _("Questions outside class count %(percent)s %% of those in class.")
            % {"percent": rules.released}
        )
    told.append(_("The full mark is %(full)s.") % {"full": written(rules.full_mark)})
    return told


def written(value: Decimal | Fraction) -> str:
    """Return a number of at most two decimal places as people write it."""
    cents = Decimal(int(value * 100)).scaleb(-2)
    whole = cents == cents.to_integral_value()
    return number_format(cents, 0 if whole else 2)
