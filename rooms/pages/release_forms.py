"""The forms by which lecturers release questions."""

import uuid
from datetime import datetime
from typing import Any, Final, cast

from django import forms
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rooms.actions.releases import SeedTexts, Terms
from rooms.models import Course, Question, Release
from rooms.queries import question_list, releases
from rooms.wire.fields import RATIONALE_LIMIT

QUESTIONS: Final = 1_000
"""The most questions that the form offers."""
EMPTY_ROWS: Final = 3
"""The empty rows for first reasons of a question without choices."""
_LOCAL: Final = "%Y-%m-%dT%H:%M"


def _moment(label: Any, help_text: Any, *, required: bool) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        help_text=help_text,
        required=required,
        input_formats=[_LOCAL, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_LOCAL),
    )


class TermsForm(forms.Form):
    """From when until when a question is open, and when its result is shown."""

    opens_at = _moment(
        gettext_lazy("Opens"), gettext_lazy("Without a time it opens at once."), required=False
    )
    due_at = _moment(
        gettext_lazy("Ends"),
        gettext_lazy("Until then it can be answered. Without a time it stays open."),
        required=False,
    )
    reveals = forms.ChoiceField(
        label=gettext_lazy("The result is shown"),
        choices=Release.Reveals.choices,
        initial=Release.Reveals.AT_ONCE,
    )

    @property
    def terms(self) -> Terms:
        """Return what was chosen in a valid form."""
        given = self.cleaned_data
        opens_at = self._time("opens_at") or timezone.now()
        return Terms(opens_at, self._time("due_at"), given["reveals"])

    def _time(self, name: str) -> datetime | None:
        """Return a time; one that was not changed has the seconds that the field does not show."""
        before: datetime | None = self.initial.get(name)
        given: datetime | None = self.cleaned_data[name]
        is_same = before is not None and given == before.replace(second=0, microsecond=0)
        return before if is_same else given


class ReleaseForm(TermsForm):
    """What is released: a question, or all questions of a class that is over.

    `what` is chosen to begin with, where a link says so.
    """

    what = forms.ChoiceField(label=gettext_lazy("What"))
    name = forms.UUIDField(widget=forms.HiddenInput)

    field_order = ("what", "opens_at", "due_at", "reveals", "name")

    def __init__(self, *args: Any, course: Course, what: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"name": uuid.uuid4(), "what": what})
        super().__init__(*args, **kwargs)
        field = cast("forms.ChoiceField", self.fields["what"])
        taken = releases.released_now(course)
        questions = question_list.prepared(course)[:QUESTIONS]
        field.choices = [
            ("", _("Choose …")),
            (_("All questions of a class"), list(map(_class_choice, releases.classes_of(course)))),
            (
                _("One question"),
                [
                    (f"question:{one.slug}", question_list.name_of(one)[:80])
                    for one in questions
                    if one.pk not in taken and releases.releasable(one)
                ],
            ),
        ]

    @property
    def chosen(self) -> tuple[str, str]:
        """Return `session` or `question`, and which, of a valid form."""
        kind, _, which = self.cleaned_data["what"].partition(":")
        return kind, which


def _class_choice(of: tuple[Any, int]) -> tuple[str, str]:
    session, asked = of
    local = timezone.localtime(session.started_at)
    day = formats.date_format(local, "SHORT_DATETIME_FORMAT")
    return f"session:{session.pk}", f"{day} ({asked})"


def terms_form(release: Release, data: Any = None) -> TermsForm:
    """Return the form that changes when a release is open."""
    initial = {
        "opens_at": release.opens_at,
        "due_at": release.due_at,
        "reveals": release.reveals,
    }
    return TermsForm(data, initial=initial)


def seed_rows(release: Release, given: SeedTexts | None = None) -> list[dict[str, str]]:
    """Return the rows in which first reasons are written: those there are, and empty ones.

    `given` are those of a form that was refused.
    """
    seeds = [(one.choice, one.text) for one in releases.seeds_of(release)]
    written = list(seeds if given is None else given)
    rows = [{"choice": choice, "text": text} for choice, text in written]
    if has_letters(release):
        used = {choice for choice, _ in written}
        rows += [{"choice": one, "text": ""} for one in release.version.letters if one not in used]
        return sorted(rows, key=lambda row: row["choice"])
    return [*rows, *({"choice": "", "text": ""} for _ in range(EMPTY_ROWS))]


def has_letters(release: Release) -> bool:
    """Return whether each answer to a released question is one letter."""
    return release.version.kind == Question.Kind.SINGLE


def given_seeds(data: Any) -> list[tuple[str, str]]:
    """Return the first reasons that a form was sent with."""
    choices, texts = data.getlist("seed_choice"), data.getlist("seed_text")
    rows = list(zip(choices, texts, strict=False))[: 2 * releases.MOST_SEEDS]
    clean = [(one.replace("\0", ""), text.replace("\0", "")) for one, text in rows]
    return [(one[:200], text[: 2 * RATIONALE_LIMIT]) for one, text in clean if text.strip()]
