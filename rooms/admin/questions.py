"""Questions and their choices in the admin."""

from string import ascii_uppercase
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from rooms.actions.session import mend_question
from rooms.admin.base import WrittenForm, shortened
from rooms.models import Choice, Question


class QuestionForm(WrittenForm):
    texts = ("prompt",)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        course, slug = (self.cleaned_data.get(name) for name in ("course", "slug"))
        others = Question.objects.filter(course=course, slug=slug).exclude(pk=self.instance.pk)
        if course and slug and others.exists():
            self.add_error("slug", _("The course has a question with this slug already."))
        return cleaned


class ChoiceForm(WrittenForm):
    texts = ("text",)


class ChoiceFormSet(forms.BaseInlineFormSet):
    """At least two choices, exactly one of them correct. They get the letters from A in order."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = self._kept()
        if len(kept) < 2:
            raise forms.ValidationError(_("A question needs at least two choices."))
        if len(kept) > len(ascii_uppercase):
            told = _("A question has %(most)s choices at most.")
            raise forms.ValidationError(told, params={"most": len(ascii_uppercase)})
        correct = [form for form in kept if form.cleaned_data["is_correct"]]
        if not correct:
            raise forms.ValidationError(_("Exactly one choice must be correct."))
        for form in correct[1:]:
            form.add_error("is_correct", _("Exactly one choice must be correct."))

    def save(self, commit: bool = True) -> Any:
        # Rows are saved one by one, and the database never allows two correct choices. So the
        # previously correct one has to be saved first.
        correct = next(form.instance for form in self._kept() if form.cleaned_data["is_correct"])
        self.instance.choices.exclude(pk=correct.pk).update(is_correct=False)
        saved = super().save(commit)
        if not was_asked(self.instance):
            self._close_gaps()
        return saved

    def save_new(self, form: forms.ModelForm, commit: bool = True) -> Choice:
        taken = set(self.instance.choices.values_list("letter", flat=True))
        form.instance.letter = next(one for one in ascii_uppercase if one not in taken)
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
            if form.cleaned_data.get("text") and not form.cleaned_data.get("DELETE")
        ]


class ChoiceInline(admin.TabularInline):
    model = Choice
    form = ChoiceForm
    formset = ChoiceFormSet
    fields = ("letter", "text", "is_correct")
    readonly_fields = ("letter",)
    max_num = len(ascii_uppercase)

    def get_extra(self, request: HttpRequest, obj: Question | None = None, **kwargs: Any) -> int:
        return 0 if obj else 4

    def has_add_permission(self, request: HttpRequest, obj: Question | None = None) -> bool:
        return super().has_add_permission(request, obj) and not was_asked(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Question | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not was_asked(obj)


def was_asked(question: Question | None) -> bool:
    """Return whether a question was posed. Votes then refer to its choices.

    So only the wording and the correct choice may still be corrected.
    """
    return question is not None and question.rounds.exists()


@admin.register(Question)
class QuestionAdmin(admin.ModelAdmin):
    form = QuestionForm
    list_display = ("slug", "course", "start", "position", "times_asked")
    list_editable = ("position",)
    list_filter = ("course", "kind")
    list_select_related = ("course",)
    search_fields = ("slug", "prompt", "course__title", "choices__text")
    autocomplete_fields = ("course",)
    ordering = ("course", "position", "slug")
    fields = ("course", "slug", "prompt", "kind", "position")
    inlines = (ChoiceInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        first_rounds = Count("rounds", filter=Q(rounds__number=1))
        questions: QuerySet[Question] = super().get_queryset(request)
        return questions.annotate(asked=first_rounds)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Question | None = None
    ) -> tuple[str, ...]:
        return ("course", "slug", "kind") if was_asked(obj) else ()

    def has_delete_permission(self, request: HttpRequest, obj: Question | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not was_asked(obj)

    def save_related(
        self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        mend_question(question=form.instance)

    @admin.display(description=_("prompt"))
    def start(self, question: Question) -> str:
        return shortened(question.prompt)

    @admin.display(description=_("times asked"), ordering="asked")
    def times_asked(self, question: Any) -> Any:
        return question.asked
