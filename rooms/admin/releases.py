"""What students answer outside class, in the admin."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts import people
from rooms.admin.base import History, ReadOnly
from rooms.admin.scope import CourseFilter
from rooms.models import Course, Release, Seed, Take


class SeedInline(ReadOnly, admin.TabularInline):
    model = Seed
    fields = ("choice", "text")


@admin.register(Release)
class ReleaseAdmin(History):
    list_display = ("question", "course", "opens_at", "due_at", "reveals", "withdrawn_at")
    list_filter = ("reveals", ("course", CourseFilter))
    list_select_related = ("question__course", "course")
    search_fields = ("question__slug", "question__prompt", "course__slug")
    date_hierarchy = "opens_at"
    ordering = ("-opens_at",)
    inlines = (SeedInline,)


@admin.register(Take)
class TakeAdmin(History):
    list_display = ("started_at", "course", "question", "user", "first_choice", "second_choice")
    list_filter = ("convinced", ("release__course", CourseFilter))
    list_select_related = ("release__course", "release__question", "user")
    search_fields = (*people.search_fields("user__"), "release__question__slug")
    date_hierarchy = "started_at"
    ordering = ("-started_at",)

    @admin.display(description=_("course"), ordering="release__course")
    def course(self, take: Take) -> Course:
        return take.release.course

    @admin.display(description=_("question"), ordering="release__question__slug")
    def question(self, take: Take) -> str:
        return take.release.question.slug
