"""The admin: courses, enrolments and questions are edited here, what happened in class is read.

History (messages, rounds, votes, partner groups, class sessions, the use log) can be neither
changed nor deleted, nor can what would take it along, such as a course that was taught.
Enrolments are made and ended by the same actions as elsewhere, so that live sockets learn of it.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode

from accounts.models import User
from rooms.actions.enrollment import enroll, unenroll
from rooms.actions.session import mend_question
from rooms.models import (
    Choice,
    ClassSession,
    Connection,
    Course,
    Enrollment,
    Membership,
    Mention,
    Message,
    Partner,
    PartnerGroup,
    Question,
    Room,
    Round,
    UseLog,
    Vote,
    Worker,
)

#: Rows of an inline form above which the page links to a list instead: Django refuses a form of
#: more than 1,000 fields, and nobody edits a class of 300 in one.
INLINE_ROWS = 100


def changelist(model: type[Model], text: str, **filters: Any) -> str:
    """A link to the list of `model` with these filters."""
    meta = model._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return format_html('<a href="{}?{}">{}</a>', url, urlencode(filters), text)


class ReadOnly(admin.options.BaseModelAdmin):
    """May be looked at, by those who hold the view permission, and nothing else."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class History(ReadOnly, admin.ModelAdmin):
    """A list that only grows, and fast: its length is not counted for each page."""

    show_full_result_count = False


# --- Courses and who is in them ----------------------------------------------------------------


class EnrollmentForm(forms.ModelForm):
    """Another user or course is another enrolment: memberships and live sockets hang on it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            for name in self.fields.keys() & {"user", "course"}:
                self.fields[name].disabled = True


class EnrollmentInline(admin.TabularInline):
    model = Enrollment
    form = EnrollmentForm
    autocomplete_fields = ("user",)
    fields = ("user", "role", "joined_at")
    readonly_fields = ("joined_at",)
    extra = 1


@admin.register(Course)
class CourseAdmin(admin.ModelAdmin):
    list_display = ("title", "slug", "people", "questions", "created_at")
    search_fields = ("title", "slug")
    # Said once more: a query that counts leaves out the order of the model.
    ordering = ("title", "slug")
    date_hierarchy = "created_at"
    prepopulated_fields = {"slug": ("title",)}
    fields = ("title", "slug", "people")
    readonly_fields = ("people",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Course]:
        courses: QuerySet[Course] = super().get_queryset(request)
        return courses.annotate(
            people_count=Count("enrollments", distinct=True),
            question_count=Count("questions", distinct=True),
        )

    def get_inlines(
        self, request: HttpRequest, obj: Course | None
    ) -> tuple[type[InlineModelAdmin], ...]:
        few = obj is None or obj.enrollments.count() <= INLINE_ROWS
        return (EnrollmentInline,) if few else ()

    @admin.display(description="enrolled", ordering="people_count")
    def people(self, course: Any) -> str:
        if course.pk is None:
            return "-"
        return changelist(Enrollment, str(course.people_count), course__id__exact=course.pk)

    @admin.display(ordering="question_count")
    def questions(self, course: Any) -> str:
        return changelist(Question, str(course.question_count), course__id__exact=course.pk)

    def save_formset(
        self,
        request: HttpRequest,
        form: forms.ModelForm,
        formset: forms.BaseInlineFormSet,
        change: bool,
    ) -> None:
        formset.save(commit=False)
        for enrollment in formset.deleted_objects:
            unenroll(course=enrollment.course, users=[enrollment.user])
        for enrollment in [*formset.new_objects, *(row for row, _ in formset.changed_objects)]:
            enroll(course=enrollment.course, users=[enrollment.user], role=enrollment.role)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Rooms go with a course as long as nothing was said in them."""
        to_delete, counts, perms_needed, protected = super().get_deleted_objects(objs, request)
        if not Message.objects.filter(room__course__in=objs).exists():
            perms_needed -= {Room._meta.verbose_name, Membership._meta.verbose_name}
        return to_delete, counts, perms_needed, protected


@admin.register(Enrollment)
class EnrollmentAdmin(admin.ModelAdmin):
    list_display = ("user", "display_name", "course", "role", "joined_at", "muted_until")
    list_display_links = ("user",)
    list_editable = ("role",)
    list_filter = ("role", "course")
    list_select_related = ("user", "course")
    search_fields = ("user__username", "user__display_name", "user__email", "course__slug")
    form = EnrollmentForm
    fields = ("user", "course", "role", "joined_at", "muted_until")
    readonly_fields = ("joined_at", "muted_until")
    autocomplete_fields = ("user", "course")
    ordering = ("course", "user__username")

    def save_model(
        self, request: HttpRequest, obj: Enrollment, form: forms.ModelForm, change: bool
    ) -> None:
        enroll(course=obj.course, users=[obj.user], role=obj.role)
        # The log of the admin names the row.
        obj.pk = Enrollment.objects.get(course=obj.course, user=obj.user).pk

    def delete_model(self, request: HttpRequest, obj: Enrollment) -> None:
        unenroll(course=obj.course, users=[obj.user])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> None:
        gone: dict[Course, list[User]] = {}
        for enrollment in queryset.select_related("course", "user"):
            gone.setdefault(enrollment.course, []).append(enrollment.user)
        for course, users in gone.items():
            unenroll(course=course, users=users)

    @admin.display(ordering="user__display_name")
    def display_name(self, enrollment: Enrollment) -> str:
        return enrollment.user.shown_name


# --- Questions ---------------------------------------------------------------------------------


class ChoiceForm(forms.ModelForm):
    class Meta:
        model = Choice
        fields = ("letter", "text", "is_correct")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Votes name a choice by its letter.
        self.fields["letter"].disabled = self.instance.pk is not None


class ChoiceFormSet(forms.BaseInlineFormSet):
    """Two choices or more, exactly one of them correct."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        if len(self._kept()) < 2:
            raise forms.ValidationError("A question needs at least two choices.")
        if sum(form.cleaned_data["is_correct"] for form in self._kept()) != 1:
            raise forms.ValidationError("Exactly one choice must be the correct one.")

    def save(self, commit: bool = True) -> Any:
        # Rows are saved one by one and the database never lets two be correct: the one that was
        # so far has to step back first.
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
    """Once it was, votes stand on its choices: wording and key may be mended, no more."""
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


def shortened(text: str, length: int = 80) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


# --- Rooms -------------------------------------------------------------------------------------


@admin.register(Room)
class RoomAdmin(History):
    list_display = ("name", "kind", "course", "members", "messages", "created_at", "archived_at")
    list_filter = ("kind", "course", ("archived_at", admin.EmptyFieldListFilter))
    list_select_related = ("course",)
    search_fields = ("id", "title", "topic", "course__title", "memberships__user__username")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    fields = (*list_display, "topic", "created_by", "slow_seconds", "id", "pair")
    readonly_fields = ("name", "members", "messages")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        rooms: QuerySet[Room] = super().get_queryset(request)
        return rooms.annotate(member_count=Count("memberships"))

    @admin.display(ordering="title")
    def name(self, room: Room) -> str:
        return str(room)

    @admin.display(ordering="member_count")
    def members(self, room: Any) -> str:
        return changelist(Membership, str(room.member_count), room__id__exact=room.pk)

    @admin.display(ordering="last_seq")
    def messages(self, room: Room) -> str:
        return changelist(Message, str(room.last_seq), room__id__exact=room.pk)


@admin.register(Membership)
class MembershipAdmin(History):
    """Follows from enrolments, partner groups and what people join themselves."""

    list_display = ("user", "room", "kind", "course", "joined_at", "last_read_seq")
    list_filter = ("room__kind", "room__course")
    list_select_related = ("user", "room__course")
    search_fields = ("user__username", "user__display_name", "room__title", "room__id")

    @admin.display(ordering="room__kind")
    def kind(self, membership: Membership) -> str:
        return membership.room.kind

    @admin.display(ordering="room__course")
    def course(self, membership: Membership) -> Course:
        return membership.room.course


@admin.register(Message)
class MessageAdmin(History):
    list_display = ("created_at", "course", "room", "seq", "sender", "kind", "start", "removed")
    list_filter = (
        "kind",
        "room__kind",
        ("removed_at", admin.EmptyFieldListFilter),
        "room__course",
    )
    list_select_related = ("room__course", "sender")
    search_fields = ("text", "sender__username", "sender__display_name", "room__id")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)

    @admin.display(ordering="room__course")
    def course(self, message: Message) -> Course:
        return message.room.course

    @admin.display(description="text")
    def start(self, message: Message) -> str:
        return shortened(message.text)

    @admin.display(boolean=True, ordering="removed_at")
    def removed(self, message: Message) -> bool:
        return message.removed_at is not None


@admin.register(Mention)
class MentionAdmin(History):
    list_display = ("user", "created_at", "course", "room", "start")
    list_filter = ("message__room__kind", "message__room__course")
    list_select_related = ("user", "message__room__course", "message__sender")
    search_fields = ("user__username", "user__display_name", "message__text")
    ordering = ("-id",)

    @admin.display(ordering="message__created_at")
    def created_at(self, mention: Mention) -> datetime:
        return mention.message.created_at

    @admin.display(ordering="message__room__course")
    def course(self, mention: Mention) -> Course:
        return mention.message.room.course

    @admin.display(ordering="message__room")
    def room(self, mention: Mention) -> Room:
        return mention.message.room

    @admin.display(description="text")
    def start(self, mention: Mention) -> str:
        return shortened(mention.message.text)


# --- What happened in class --------------------------------------------------------------------


class RoundInline(ReadOnly, admin.TabularInline):
    model = Round
    fields = ("question", "number", "opened_at", "closed_at", "votes")
    readonly_fields = ("votes",)
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Round]:
        rounds: QuerySet[Round] = super().get_queryset(request)
        return rounds.select_related("question").annotate(vote_count=Count("votes"))

    def votes(self, round_: Any) -> Any:
        return round_.vote_count


@admin.register(ClassSession)
class ClassSessionAdmin(History):
    list_display = ("course", "started_at", "ended_at", "phase", "epoch", "controller")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "phase", "course")
    list_select_related = ("course", "controller")
    search_fields = ("course__slug", "course__title", "controller__username")
    date_hierarchy = "started_at"
    inlines = (RoundInline,)


@admin.register(Round)
class RoundAdmin(History):
    list_display = ("opened_at", "course", "question", "number", "votes", "closed_at")
    list_filter = ("number", "session__course")
    list_select_related = ("session__course", "question")
    search_fields = ("question__slug", "question__prompt", "session__course__slug")
    date_hierarchy = "opened_at"
    ordering = ("-opened_at",)
    fields = (
        "session",
        "question",
        "number",
        "first",
        "opened_at",
        "closed_at",
        "votes",
        "partner_groups",
    )
    readonly_fields = ("votes", "partner_groups")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Round]:
        rounds: QuerySet[Round] = super().get_queryset(request)
        return rounds.annotate(vote_count=Count("votes"))

    @admin.display(ordering="session__course")
    def course(self, round_: Round) -> Course:
        return round_.session.course

    @admin.display(ordering="vote_count")
    def votes(self, round_: Any) -> str:
        return changelist(Vote, str(round_.vote_count), round__id__exact=round_.pk)

    def partner_groups(self, round_: Round) -> str:
        first = round_.first or round_
        count = str(first.partner_groups.count())
        return changelist(PartnerGroup, count, round__id__exact=first.pk)


@admin.register(Vote)
class VoteAdmin(History):
    list_display = (
        "cast_at",
        "course",
        "question",
        "number",
        "user",
        "choice",
        "confidence",
        "start",
    )
    list_filter = ("choice", "confidence", "round__number", "round__session__course")
    list_select_related = ("round__session__course", "round__question", "user")
    search_fields = (
        "user__username",
        "user__display_name",
        "round__question__slug",
        "rationale",
    )
    date_hierarchy = "cast_at"
    ordering = ("-cast_at",)

    @admin.display(ordering="round__session__course")
    def course(self, vote: Vote) -> Course:
        return vote.round.session.course

    @admin.display(ordering="round__question__slug")
    def question(self, vote: Vote) -> str:
        return vote.round.question.slug

    @admin.display(description="round", ordering="round__number")
    def number(self, vote: Vote) -> int:
        return vote.round.number

    @admin.display(description="rationale")
    def start(self, vote: Vote) -> str:
        return shortened(vote.rationale)


class PartnerInline(ReadOnly, admin.TabularInline):
    model = Partner
    fields = ("user",)


@admin.register(PartnerGroup)
class PartnerGroupAdmin(History):
    list_display = ("formed_at", "course", "question", "number", "partner_names", "messages")
    list_filter = ("round__session__course",)
    list_select_related = ("round__session__course", "round__question", "room")
    search_fields = (
        "round__question__slug",
        "partners__user__username",
        "partners__user__display_name",
    )
    date_hierarchy = "formed_at"
    ordering = ("-formed_at", "number")
    inlines = (PartnerInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PartnerGroup]:
        return super().get_queryset(request).prefetch_related("partners__user")

    @admin.display(ordering="round__session__course")
    def course(self, group: PartnerGroup) -> Course:
        return group.round.session.course

    @admin.display(ordering="round__question__slug")
    def question(self, group: PartnerGroup) -> str:
        return group.round.question.slug

    @admin.display(description="partners")
    def partner_names(self, group: PartnerGroup) -> str:
        return ", ".join(partner.user.shown_name for partner in group.partners.all())

    @admin.display(ordering="room__last_seq")
    def messages(self, group: PartnerGroup) -> str:
        return changelist(Message, str(group.room.last_seq), room__id__exact=group.room_id)


@admin.register(Partner)
class PartnerAdmin(History):
    list_display = ("user", "group", "course")
    list_filter = ("round__session__course",)
    list_select_related = ("user", "group__round__question", "round__session__course")
    search_fields = ("user__username", "user__display_name", "round__question__slug")
    ordering = ("-group__formed_at", "group__number")

    @admin.display(ordering="round__session__course")
    def course(self, partner: Partner) -> Course:
        return partner.round.session.course


@admin.register(UseLog)
class UseLogAdmin(History):
    list_display = ("timestamp", "sid", "event", "start", "div_id", "course_id")
    list_filter = ("event", "course_id")
    search_fields = ("sid", "act", "div_id", "course_id")
    date_hierarchy = "timestamp"
    ordering = ("-timestamp", "-id")

    @admin.display(description="act", ordering="act")
    def start(self, row: UseLog) -> str:
        return shortened(row.act)


# --- Who is connected --------------------------------------------------------------------------


@admin.register(Worker)
class WorkerAdmin(History):
    list_display = ("id", "seen_at", "open_connections")
    ordering = ("-seen_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Worker]:
        still_open = Count("connections", filter=Q(connections__closed_at=None))
        workers: QuerySet[Worker] = super().get_queryset(request)
        return workers.annotate(open_count=still_open)

    @admin.display(ordering="open_count")
    def open_connections(self, worker: Any) -> Any:
        return worker.open_count


@admin.register(Connection)
class ConnectionAdmin(History):
    list_display = ("user", "opened_at", "closed_at", "worker")
    list_filter = (("closed_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user", "worker")
    search_fields = ("user__username", "user__display_name")
    date_hierarchy = "opened_at"
    ordering = ("-opened_at",)
