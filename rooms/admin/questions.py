"""Questions and their choices in the admin."""

from string import ascii_uppercase
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from rooms.actions import questions as versions
from rooms.actions.questions import begin_edit
from rooms.admin.base import Editable, History, changelist, shortened
from rooms.admin.question_forms import ChoiceForm, ChoiceFormSet, QuestionForm
from rooms.admin.scope import CourseFilter, Scoped
from rooms.models import Choice, Course, Question, QuestionVersion, RightAnswer, Round
from rooms.peer import numerals
from rooms.peer.content import Kind

WAS_ASKED = _(
    "This question was asked. Saving makes a new version for the next time it is asked. Votes keep "
    "the wording, the choices and the correct answer they were cast on, also in a class that runs "
    "now."
)


class ChoiceInline(Scoped, admin.TabularInline):
    """The choices of a question; the permissions for the question include them."""

    model = Choice
    form = ChoiceForm
    formset = ChoiceFormSet
    fields = ("letter", "text", "is_correct", "feedback")
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
    """Return whether a question was posed or released. Then it stays in its course."""
    return question is not None and versions.was_asked(question)


@admin.register(Question)
class QuestionAdmin(Editable):
    form = QuestionForm
    list_display = (
        "slug",
        "course",
        "start",
        "kind",
        "is_draft",
        "quick",
        "position",
        "times_asked",
    )
    list_editable = ("position",)
    list_filter = (("course", CourseFilter), "kind", "is_draft", "quick")
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
        # The page of a question says whose twin it is.
        return ("course", "kind", "versions", "twin_of") if was_asked(obj) else ("twin_of",)

    def get_fieldsets(self, request: HttpRequest, obj: Question | None = None) -> Any:
        fields: tuple[str, ...] = (
            *("course", "slug", "title", "prompt", "kind", "number", "tolerance", "unit"),
            *("accepted", "explanation", "follow_up", "is_draft", "position"),
        )
        if obj is not None and obj.quick:
            fields = (*fields, "quick")
        if obj is not None and obj.twin_of is not None:
            fields = (*fields, "twin_of")
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
            # Whoever edits it on the page of the questions is told that it changed.
            obj.edit += 1
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
    fields = (
        *("question", "number", "prompt", "kind", "choice_lines", "right_answer", "explanation"),
        *("follow_up", "created_at", "rounds"),
    )
    readonly_fields = ("choice_lines", "right_answer", "rounds")

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

    @admin.display(description=_("right answer"))
    def right_answer(self, version: QuestionVersion) -> str:
        key = version.key
        if key.kind == Kind.TEXT:
            return ", ".join(key.accepted)
        if key.kind != Kind.NUMBER or key.correct is None:
            return key.correct or ""
        return f"{key.correct} \u00b1 {numerals.written(key.tolerance)} {key.unit}".strip()

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
