"""Questions and their choices in the admin."""

from string import ascii_uppercase
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from rooms.actions.questions import begin_edit
from rooms.admin.base import Editable, History, WrittenForm, changelist, shortened
from rooms.admin.scope import CourseFilter, Scoped
from rooms.models import Choice, Course, Question, QuestionVersion, RightAnswer, Round

WAS_ASKED = _(
    "This question was asked. Saving makes a new version for the next time it is asked. Votes keep "
    "the wording, the choices and the correct answer they were cast on, also in a class that runs "
    "now."
)


class QuestionForm(WrittenForm):
    texts = ("prompt",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.quick and "prompt" in self.fields:
            self.fields["prompt"].required = False

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        is_prepared = not self.cleaned_data.get("quick", False)
        if is_prepared and self.cleaned_data.get("prompt") == "":
            self.add_error("prompt", self.fields["prompt"].error_messages["required"])
        course, slug = (self.cleaned_data.get(name) for name in ("course", "slug"))
        others = Question.objects.filter(course=course, slug=slug).exclude(pk=self.instance.pk)
        if course and slug and others.exists():
            self.add_error("slug", _("The course has a question with this slug already."))
        return cleaned


class ChoiceForm(WrittenForm):
    texts = ("text",)


class ChoiceFormSet(forms.BaseInlineFormSet):
    """At least two choices, exactly one of them correct. They get the letters from A in order.

    A quick question may have choices without a text, and none of them correct.
    """

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        if self.instance.quick and form.instance.pk:
            form.fields["text"].required = False

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
        if not correct and not self.instance.quick:
            raise forms.ValidationError(_("Exactly one choice must be correct."))
        for form in correct[1:]:
            form.add_error("is_correct", _("Exactly one choice must be correct."))

    def save(self, commit: bool = True) -> Any:
        # Rows are saved one by one, and the database never allows two correct choices. So the
        # previously correct one has to be saved first.
        correct = [form.instance.pk for form in self._kept() if form.cleaned_data["is_correct"]]
        self.instance.choices.exclude(pk__in=correct).update(is_correct=False)
        return super().save(commit)

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


class ChoiceInline(Scoped, admin.TabularInline):
    """The choices of a question; the permissions for the question include them."""

    model = Choice
    form = ChoiceForm
    formset = ChoiceFormSet
    fields = ("letter", "text", "is_correct")
    readonly_fields = ("letter",)
    max_num = len(ascii_uppercase)

    def get_extra(self, request: HttpRequest, obj: Question | None = None, **kwargs: Any) -> int:
        return 0 if obj else 4

    def has_view_permission(self, request: HttpRequest, obj: Question | None = None) -> bool:
        return self._questions().has_view_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Question | None = None) -> bool:
        return self._questions().has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Question | None = None) -> bool:
        if obj is None:
            return self._questions().has_add_permission(request)
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Question | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def _questions(self) -> admin.ModelAdmin:
        return self.admin_site.get_model_admin(Question)


def was_asked(question: Question | None) -> bool:
    """Return whether a question was posed. Then it stays in its course."""
    return question is not None and question.rounds.exists()


@admin.register(Question)
class QuestionAdmin(Editable):
    form = QuestionForm
    list_display = ("slug", "course", "start", "quick", "position", "times_asked")
    list_editable = ("position",)
    list_filter = (("course", CourseFilter), "kind", "quick")
    list_select_related = ("course",)
    search_fields = ("slug", "prompt", "course__title", "choices__text")
    autocomplete_fields = ("course",)
    ordering = ("course", "quick", "position", "slug")
    inlines = (ChoiceInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        first_rounds = Count("rounds", filter=Q(rounds__number=1))
        questions: QuerySet[Question] = super().get_queryset(request)
        return questions.annotate(asked=first_rounds)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Question | None = None
    ) -> tuple[str, ...]:
        return ("course", "kind", "versions") if was_asked(obj) else ()

    def get_fieldsets(self, request: HttpRequest, obj: Question | None = None) -> Any:
        fields: tuple[str, ...] = ("course", "slug", "prompt", "kind", "position")
        if obj is not None and obj.quick:
            fields = (*fields, "quick")
        if not was_asked(obj):
            return ((None, {"fields": fields}),)
        return ((None, {"fields": (*fields, "versions"), "description": WAS_ASKED}),)

    def has_delete_permission(self, request: HttpRequest, obj: Question | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not was_asked(obj)

    def save_model(
        self, request: HttpRequest, obj: Question, form: forms.ModelForm, change: bool
    ) -> None:
        if change:
            begin_edit(question=obj)
        super().save_model(request, obj, form, change)

    @admin.display(description=_("prompt"))
    def start(self, question: Question) -> str:
        return shortened(question.prompt)

    @admin.display(description=_("versions asked"))
    def versions(self, question: Question) -> str:
        count = str(question.versions.count())
        return changelist(QuestionVersion, count, question__id__exact=question.pk)

    @admin.display(description=_("times asked"), ordering="asked")
    def times_asked(self, question: Any) -> Any:
        return question.asked


@admin.register(QuestionVersion)
class QuestionVersionAdmin(History):
    list_display = ("created_at", "course", "question", "number", "start", "rounds")
    list_filter = (("question__course", CourseFilter),)
    list_select_related = ("question__course",)
    search_fields = ("question__slug", "prompt", "question__course__slug")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-pk")
    fields = ("question", "number", "prompt", "kind", "choice_lines", "created_at", "rounds")
    readonly_fields = ("choice_lines", "rounds")

    def get_queryset(self, request: HttpRequest) -> QuerySet[QuestionVersion]:
        versions: QuerySet[QuestionVersion] = super().get_queryset(request)
        return versions.annotate(round_count=Count("rounds"))

    @admin.display(description=_("course"), ordering="question__course")
    def course(self, version: QuestionVersion) -> Course:
        return version.question.course

    @admin.display(description=_("prompt"))
    def start(self, version: QuestionVersion) -> str:
        return shortened(version.prompt)

    @admin.display(description=_("choices"))
    def choice_lines(self, version: QuestionVersion) -> str:
        correct = _("(correct)")
        return format_html_join(
            "",
            '<div dir="auto">{}. {}{}</div>',
            (
                (choice["letter"], choice["text"], f" {correct}" if choice["is_correct"] else "")
                for choice in version.choices
            ),
        )

    @admin.display(description=_("rounds"), ordering="round_count")
    def rounds(self, version: Any) -> str:
        return changelist(Round, str(version.round_count), version__id__exact=version.pk)


@admin.register(RightAnswer)
class RightAnswerAdmin(History):
    list_display = ("given_at", "course", "version", "letter", "given_by")
    list_filter = (("version__question__course", CourseFilter),)
    list_select_related = ("version__question__course", "given_by")
    search_fields = ("version__question__slug", "version__question__course__slug")
    date_hierarchy = "given_at"
    ordering = ("-given_at", "-pk")
    fields = ("version", "letter", "given_by", "given_at")

    @admin.display(description=_("course"), ordering="version__question__course")
    def course(self, answer: RightAnswer) -> Course:
        return answer.version.question.course
