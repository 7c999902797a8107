"""How classes run, in the admin, which can only be read there: courses have pages for it."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts import people
from rooms.admin.base import History, ReadOnly
from rooms.admin.scope import CourseFilter
from rooms.models import ClassSettings, Course, PairingMember, PairingRule, Pseudonym


@admin.register(ClassSettings)
class ClassSettingsAdmin(History):
    list_display = (
        *("course", "asks_confidence", "asks_reason", "asks_place", "has_pseudonyms"),
        *("lecturer_knows", "least_right", "most_right"),
    )
    list_filter = ("asks_confidence", "asks_reason", "asks_place", "has_pseudonyms")
    list_select_related = ("course",)
    search_fields = ("course__slug", "course__title")
    ordering = ("course",)


class PairingMemberInline(ReadOnly, admin.TabularInline):
    model = PairingMember
    fields = ("user",)


@admin.register(PairingRule)
class PairingRuleAdmin(History):
    list_display = ("name", "kind", "course", "member_names", "made_at")
    list_filter = ("kind", ("course", CourseFilter))
    list_select_related = ("course",)
    search_fields = ("name", "course__slug", *people.search_fields("members__user__"))
    date_hierarchy = "made_at"
    fields = ("course", "kind", "name", "made_at")
    ordering = ("course", "kind", "name", "pk")
    inlines = (PairingMemberInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PairingRule]:
        return super().get_queryset(request).prefetch_related("members__user")

    @admin.display(description=_("members"))
    def member_names(self, rule: PairingRule) -> str:
        names = ((people.shown_name(member.user),) for member in rule.members.all())
        return format_html_join(", ", "<bdi>{}</bdi>", names)


@admin.register(Pseudonym)
class PseudonymAdmin(History):
    """The pseudonyms of students, of classes whose lecturers may know whose they are."""

    list_display = ("name", "user", "course", "session")
    list_filter = (("session__course", CourseFilter),)
    list_select_related = ("user", "session__course")
    search_fields = ("name", *people.search_fields("user__"), "session__course__slug")
    ordering = ("-session__started_at", "name")

    @admin.display(description=_("course"), ordering="session__course")
    def course(self, pseudonym: Pseudonym) -> Course:
        return pseudonym.session.course
