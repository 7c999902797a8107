"""Questions and their choices in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from rooms.actions.session import mend_question
from rooms.admin.base import shortened
from rooms.models import Choice, Question


class ChoiceForm(forms.ModelForm):
    class Meta:
        model = Choice
        fields = ("letter", "text", "is_correct")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Votes refer to a choice by its letter.
        self.fields["letter"].disabled = self.instance.pk is not None


class ChoiceFormSet(forms.BaseInlineFormSet):
    """At least two choices, exactly one of them correct."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        if len(self._kept()) < 2:
            raise forms.ValidationError("A question needs at least two choices.")
        if sum(form.cleaned_data["is_correct"] for form in self._kept()) != 1:
            raise forms.ValidationError("Exactly one choice must be correct.")

    def save(self, commit: bool = True) -> Any:
        # Rows are saved one by one, and the database never allows two correct choices. So the
        # previously correct one has to be saved first.
        correct = next(form.instance for form in self._kept() if form.cleaned_data["is_correct"])
        self.instance.choices.exclude(pk=correct.pk).update(is_correct=False)
        return super().save(commit)

    def _kept(self) -> list[forms.ModelForm]:
        return [
            form
            for form in self.forms
            if form.cleaned_data.get("letter") and not form.cleaned_data.get("DELETE")
        ]


class ChoiceInline(admin.TabularInline):
    model = Choice
    form = ChoiceForm
    formset = ChoiceFormSet
    max_num = 26

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

    @admin.display(description="prompt")
    def start(self, question: Question) -> str:
        return shortened(question.prompt)

    @admin.display(ordering="asked")
    def times_asked(self, question: Any) -> Any:
        return question.asked
