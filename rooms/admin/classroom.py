"""Class sessions, rounds, votes and partner groups in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts import people
from rooms.admin.base import History, ReadOnly, changelist, shortened
from rooms.admin.scope import CourseFilter
from rooms.models import (
    ClassSession,
    Course,
    Draft,
    Message,
    Partner,
    PartnerGroup,
    Round,
    UseLog,
    Vote,
)


class RoundInline(ReadOnly, admin.TabularInline):
    model = Round
    fields = ("question", "number", "opened_at", "closed_at", "votes")
    readonly_fields = ("votes",)
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Round]:
        rounds: QuerySet[Round] = super().get_queryset(request)
        return rounds.select_related("question").annotate(vote_count=Count("votes"))

    @admin.display(description=_("votes"))
    def votes(self, round_: Any) -> Any:
        return round_.vote_count


@admin.register(ClassSession)
class ClassSessionAdmin(History):
    list_display = ("course", "started_at", "ended_at", "phase", "epoch", "controller")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "phase", ("course", CourseFilter))
    list_select_related = ("course", "controller")
    search_fields = ("course__slug", "course__title", people.by_name("controller__"))
    date_hierarchy = "started_at"
    inlines = (RoundInline,)


@admin.register(Round)
class RoundAdmin(History):
    list_display = ("opened_at", "course", "question", "number", "votes", "closed_at")
    list_filter = ("number", ("session__course", CourseFilter))
    list_select_related = ("session__course", "question")
    search_fields = ("question__slug", "version__prompt", "session__course__slug")
    date_hierarchy = "opened_at"
    ordering = ("-opened_at",)
    fields = (
        "session",
        "question",
        "version",
        "number",
        "first",
        "twin_of",
        "opened_at",
        "closed_at",
        "votes",
        "partner_groups",
    )
    readonly_fields = ("votes", "partner_groups")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Round]:
        rounds: QuerySet[Round] = super().get_queryset(request)
        return rounds.annotate(vote_count=Count("votes"))

    @admin.display(description=_("course"), ordering="session__course")
    def course(self, round_: Round) -> Course:
        return round_.session.course

    @admin.display(description=_("votes"), ordering="vote_count")
    def votes(self, round_: Any) -> str:
        return changelist(Vote, str(round_.vote_count), round__id__exact=round_.pk)

    @admin.display(description=_("partner groups"))
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
    list_filter = (
        "choice",
        "confidence",
        "round__number",
        ("round__session__course", CourseFilter),
    )
    list_select_related = ("round__session__course", "round__question", "user")
    search_fields = (
        *people.search_fields("user__"),
        "round__question__slug",
        "rationale",
    )
    date_hierarchy = "cast_at"
    ordering = ("-cast_at",)

    @admin.display(description=_("course"), ordering="round__session__course")
    def course(self, vote: Vote) -> Course:
        return vote.round.session.course

    @admin.display(description=_("question"), ordering="round__question__slug")
    def question(self, vote: Vote) -> str:
        return vote.round.question.slug

    @admin.display(description=_("round"), ordering="round__number")
    def number(self, vote: Vote) -> int:
        return vote.round.number

    @admin.display(description=_("rationale"))
    def start(self, vote: Vote) -> str:
        return shortened(vote.rationale)


@admin.register(Draft)
class DraftAdmin(History):
    list_display = ("sent_at", "round", "user", "choice", "confidence")
    list_filter = (("round__session__course", CourseFilter),)
    list_select_related = ("round__question", "user")
    search_fields = (*people.search_fields("user__"), "round__question__slug")
    date_hierarchy = "sent_at"
    ordering = ("-sent_at",)


class PartnerInline(ReadOnly, admin.TabularInline):
    model = Partner
    fields = ("user",)


@admin.register(PartnerGroup)
class PartnerGroupAdmin(History):
    list_display = (
        *("formed_at", "course", "question", "number", "partner_names", "messages"),
        *("method", "is_mixed", "right", "repeats"),
    )
    list_filter = ("method", "is_mixed", "place", ("round__session__course", CourseFilter))
    list_select_related = ("round__session__course", "round__question", "room")
    search_fields = (
        "round__question__slug",
        *people.search_fields("partners__user__"),
    )
    date_hierarchy = "formed_at"
    ordering = ("-formed_at", "number")
    inlines = (PartnerInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PartnerGroup]:
        return super().get_queryset(request).prefetch_related("partners__user")

    @admin.display(description=_("course"), ordering="round__session__course")
    def course(self, group: PartnerGroup) -> Course:
        return group.round.session.course

    @admin.display(description=_("question"), ordering="round__question__slug")
    def question(self, group: PartnerGroup) -> str:
        return group.round.question.slug

    @admin.display(description=_("partners"))
    def partner_names(self, group: PartnerGroup) -> str:
        names = ((people.shown_name(partner.user),) for partner in group.partners.all())
        return format_html_join(", ", "<bdi>{}</bdi>", names)

    @admin.display(description=_("messages"), ordering="room__last_seq")
    def messages(self, group: PartnerGroup) -> str:
        return changelist(Message, str(group.room.last_seq), room__id__exact=group.room_id)


@admin.register(Partner)
class PartnerAdmin(History):
    list_display = ("user", "group", "course")
    list_filter = (("round__session__course", CourseFilter),)
    list_select_related = ("user", "group__round__question", "round__session__course")
    search_fields = (*people.search_fields("user__"), "round__question__slug")
    ordering = ("-group__formed_at", "group__number")

    @admin.display(description=_("course"), ordering="round__session__course")
    def course(self, partner: Partner) -> Course:
        return partner.round.session.course


@admin.register(UseLog)
class UseLogAdmin(History):
    list_display = ("timestamp", "sid", "event", "start", "div_id", "course_id")
    list_filter = ("event", "course_id")
    search_fields = ("sid", "act", "div_id", "course_id")
    date_hierarchy = "timestamp"
    ordering = ("-timestamp", "-id")

    @admin.display(description=_("act"), ordering="act")
    def start(self, row: UseLog) -> str:
        return shortened(row.act)
