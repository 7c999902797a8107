"""The form by which instructors choose how their classes run."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from rooms.actions.class_settings import FIELDS
from rooms.models import ClassSettings, Course

ADVANCED: Final = ("least_right", "most_right", "closes_early", "compares_methods")
"""The fields that are folded away as long as they have their defaults."""


def _tick(label: Any, help_text: Any) -> forms.BooleanField:
    return forms.BooleanField(label=label, help_text=help_text, required=False)


def _asked(label: Any, help_text: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, help_text=help_text, choices=ClassSettings.Asks.choices)


def _percent(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=100)


class ClassForm(forms.Form):
    """How the classes of a course run. The fields are those of the model."""

    asks_confidence = _asked(
        _("How sure they are"),
        _("Groups can then bring those who are sure together with those who are not."),
    )
    asks_reason = _asked(
        _("Why they answer so"),
        _("Partners see each other's reasons when they begin to talk."),
    )
    asks_convinced = _tick(
        _("Ask in the second vote what convinced them"),
        _("You see which arguments moved most students."),
    )
    asks_place = _tick(
        _("Ask whether they are in the hall or elsewhere"),
        _("Groups form among those in the hall, and among those elsewhere."),
    )
    asks_seat = _tick(
        _("Ask those in the hall for their row or seat"),
        _(
            "Partners find each other by it. With pseudonyms, nobody is asked, as it would show "
            "who somebody is: partners find each other by the number of their group."
        ),
    )
    has_pseudonyms = _tick(
        _("Students see pseudonyms instead of names"),
        _("Each class gives them one, from its next question on. Everybody sees what it is."),
    )
    lecturer_knows = _tick(
        _("Those who lead see the names behind the pseudonyms"),
        _("If not, they see the pseudonyms, too."),
    )
    pairs_at_night = _tick(
        _("Pair students who answer outside class at the same time"),
        _("They talk about a question that you released. You are not there, as in the class."),
    )
    least_right = _percent(_("From this percentage on"))
    most_right = _percent(_("Up to this percentage"))
    closes_early = _tick(
        _("Close a vote when nine tenths have voted"),
        _("Nobody waits for the last few. Choices that they have not sent count all the same."),
    )
    compares_methods = _tick(
        _("Compare the ways of making groups"),
        _(
            "Half of the students, chosen at random, are paired at random, the others by their "
            "answers. “What talking gained” then compares the two."
        ),
    )

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        settings = ClassSettings.of(course)
        kwargs["initial"] = {name: getattr(settings, name) for name in FIELDS}
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs["aria-describedby"] = f"about-{name}"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        least, most = given.get("least_right"), given.get("most_right")
        if least is not None and most is not None and least > most:
            told = _("The upper percentage must not be below the lower one.")
            self.add_error("most_right", told)
        return given

    @property
    def is_advanced(self) -> bool:
        """Return whether something that is folded away differs from the defaults, or is wrong."""
        default = ClassSettings()
        return any(
            name in self.errors or self[name].value() != getattr(default, name) for name in ADVANCED
        )
