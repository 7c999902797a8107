"""Marks, retention, reports and the audit, in the admin, which can only be read there."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import people
from rooms import audit_said
from rooms.admin.base import History
from rooms.admin.scope import CourseFilter
from rooms.models import AuditEntry, Deletion, MarkRules, Report, Retention

OF_COURSE = ("course__slug", "course__title")


@admin.register(MarkRules)
class MarkRulesAdmin(History):
    list_display = ("course", "dropped", "dropped_of", "enough", "full_mark", "released")
    list_filter = ("dropped_of", "shows_students")
    list_select_related = ("course",)
    search_fields = OF_COURSE
    ordering = ("course",)


@admin.register(Retention)
class RetentionAdmin(History):
    list_display = ("course", "ends_on", "keep_days", "afterwards", "applied_at")
    list_filter = ("afterwards", ("applied_at", admin.EmptyFieldListFilter))
    list_select_related = ("course",)
    search_fields = OF_COURSE
    date_hierarchy = "ends_on"
    ordering = ("ends_on",)


@admin.register(Deletion)
class DeletionAdmin(History):
    list_display = ("course", "asked_by", "asked_at", "due_at")
    list_select_related = ("course", "asked_by")
    search_fields = OF_COURSE
    date_hierarchy = "due_at"
    ordering = ("due_at",)


@admin.register(Report)
class ReportAdmin(History):
    list_display = ("made_at", "course", "reporter", "about", "reason", "settled_at")
    list_filter = (
        "reason",
        ("settled_at", admin.EmptyFieldListFilter),
        ("course", CourseFilter),
    )
    list_select_related = ("course", "reporter", "about")
    search_fields = (
        *people.search_fields("reporter__"),
        *people.search_fields("about__"),
        "text",
    )
    date_hierarchy = "made_at"
    ordering = ("-made_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        """Leave out the reports about whoever looks, as the pages do."""
        return super().get_queryset(request).exclude(about=request.user.pk)


class ActFilter(admin.SimpleListFilter):
    title = _("act")
    parameter_name = "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(act, str(words)) for act, words in audit_said.ACTS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        return queryset.filter(act=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(History):
    list_display = ("at", "actor", "done", "course_slug", "subject", "detail")
    list_filter = (ActFilter, ("course", CourseFilter))
    fields = ("at", "actor", "done", "course", "course_slug", "subject", "detail")
    readonly_fields = ("done",)
    list_select_related = ("actor", "subject")
    search_fields = (
        *people.search_fields("actor__"),
        *people.search_fields("subject__"),
        "act",
        "course_slug",
    )
    date_hierarchy = "at"
    ordering = ("-at", "-pk")

    @admin.display(description=_("act"), ordering="act")
    def done(self, entry: AuditEntry) -> str:
        return audit_said.said(entry.act)
