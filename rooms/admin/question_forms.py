"""The forms for questions and their choices in the admin."""

from string import ascii_uppercase
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from rooms import flaws
from rooms.admin.base import WrittenForm
from rooms.models import Choice, Question
from rooms.peer.content import Kind, QuestionContent, problems
from rooms.queries.question_names import RESERVED


class Lines(forms.CharField):
    """A list of texts, one on a line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = [" ".join(line.split()) for line in (value or "").splitlines()]
        return [line for line in lines if line]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(self.prepare_value(initial)) != self.to_python(data))


class QuestionForm(WrittenForm):
    names = ("title", "unit")
    texts = ("prompt", "explanation", "follow_up")

    accepted = Lines(label=_("accepted answers"), required=False, help_text=_("One on a line."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.quick and "prompt" in self.fields:
            self.fields["prompt"].required = False
        if "tolerance" in self.fields:
            self.fields["tolerance"].required = False

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        is_prepared = not self.cleaned_data.get("quick", False)
        if is_prepared and self.cleaned_data.get("prompt") == "":
            self.add_error("prompt", self.fields["prompt"].error_messages["required"])
        course, slug = (self.cleaned_data.get(name) for name in ("course", "slug"))
        others = Question.objects.filter(course=course, slug=slug).exclude(pk=self.instance.pk)
        if slug in RESERVED and slug != self.initial.get("slug"):
            self.add_error("slug", _("This address is that of another page. Choose another one."))
        if course and slug and others.exists():
            self.add_error("slug", _("The course has a question with this slug already."))
        self._check_answer()
        return cleaned

    def clean_tolerance(self) -> float:
        return self.cleaned_data["tolerance"] or 0.0

    def _check_answer(self) -> None:
        """Check what a number and a short text are judged by."""
        given = self.cleaned_data
        content = QuestionContent(
            # The kind of a question that was asked stays.
            kind=Kind(given.get("kind", self.instance.kind)),
            number=given.get("number"),
            tolerance=given.get("tolerance") or 0.0,
            accepted=tuple(given.get("accepted", ())),
        )
        for problem in problems(content):
            if problem.field in ("number", "tolerance", "accepted"):
                self.add_error(problem.field, flaws.sentence(problem))


class ChoiceForm(WrittenForm):
    texts = ("text", "feedback")


class ChoiceFormSet(forms.BaseInlineFormSet):
    """At least two choices, and as many correct ones as the kind has. They get the letters from A.

    A quick question may have choices without a text, and none of them correct. A draft may have
    fewer choices, and a question for a number or a short text has none.
    """

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        if self.instance.quick and form.instance.pk:
            form.fields["text"].required = False

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept, kind = self._kept(), Kind(self.instance.kind)
        if not kind.has_choices:
            if kept:
                raise forms.ValidationError(_("A question of this kind has no choices."))
            return
        if len(kept) < 2 and not self.instance.is_draft:
            raise forms.ValidationError(_("A question needs at least two choices."))
        if len(kept) > len(ascii_uppercase):
            told = _("A question has %(most)s choices at most.")
            raise forms.ValidationError(told, params={"most": len(ascii_uppercase)})
        correct = [form for form in kept if form.cleaned_data["is_correct"]]
        if kind == Kind.POLL:
            for form in correct:
                form.add_error("is_correct", _("A poll has no correct choice."))
            return
        told = _("Exactly one choice must be correct.")
        if kind == Kind.SEVERAL:
            told = _("At least one choice must be correct.")
        if not correct and not self.instance.quick and not self.instance.is_draft:
            raise forms.ValidationError(told)
        for form in correct[1:] if kind == Kind.SINGLE else ():
            form.add_error("is_correct", told)

    def save_new_objects(self, commit: bool = True) -> Any:
        # The choices that are removed are gone by now.
        self._close_gaps()
        return super().save_new_objects(commit)

    def save_new(self, form: forms.ModelForm, commit: bool = True) -> Choice:
        form.instance.letter = ascii_uppercase[self.instance.choices.count()]
        choice: Choice = super().save_new(form, commit)
        return choice

    def _close_gaps(self) -> None:
        """Give the choices the letters from A, in the order of those that they have."""
        choices = self.instance.choices.order_by("letter")
        for letter, choice in zip(ascii_uppercase, choices, strict=False):
            if choice.letter != letter:
                choice.letter = letter
                choice.save(update_fields=["letter"])

    def _kept(self) -> list[forms.ModelForm]:
        return [
            form
            for form in self.forms
            if (form.cleaned_data.get("text") or (self.instance.quick and form.instance.pk))
            and not form.cleaned_data.get("DELETE")
        ]
