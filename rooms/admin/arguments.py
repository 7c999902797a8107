"""Shows convictions and flagged messages in the admin."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts import people
from rooms.admin.base import History, shortened
from rooms.admin.scope import CourseFilter
from rooms.models import Conviction, Course, Flag


@admin.register(Conviction)
class ConvictionAdmin(History):
    list_display = ("said_at", "course", "question", "user", "by")
    list_filter = ("by", ("round__session__course", CourseFilter))
    list_select_related = ("round__session__course", "round__question", "user")
    search_fields = (*people.search_fields("user__"), "round__question__slug")
    date_hierarchy = "said_at"
    fields = ("round", "user", "by", "message", "vote", "said_at")
    ordering = ("-said_at",)

    @admin.display(description=_("course"), ordering="round__session__course")
    def course(self, conviction: Conviction) -> Course:
        return conviction.round.session.course

    @admin.display(description=_("question"), ordering="round__question__slug")
    def question(self, conviction: Conviction) -> str:
        return conviction.round.question.slug


@admin.register(Flag)
class FlagAdmin(History):
    list_display = ("raised_at", "course", "user", "start", "settled_at")
    list_filter = (
        ("settled_at", admin.EmptyFieldListFilter),
        ("message__room__course", CourseFilter),
    )
    list_select_related = ("message__room__course", "user")
    search_fields = (*people.search_fields("user__"), "message__text")
    date_hierarchy = "raised_at"
    fields = ("message", "user", "raised_at", "settled_at")
    ordering = ("-raised_at",)

    @admin.display(description=_("course"), ordering="message__room__course")
    def course(self, flag: Flag) -> Course:
        return flag.message.room.course

    @admin.display(description=_("message"))
    def start(self, flag: Flag) -> str:
        return shortened(flag.message.text)
