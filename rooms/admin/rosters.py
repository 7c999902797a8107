"""Rosters and invitations in the admin, which can only be read there."""

from django.contrib import admin

from accounts import people
from rooms.admin.base import History
from rooms.admin.scope import CourseFilter
from rooms.models import Invitation, RosterEntry


@admin.register(RosterEntry)
class RosterEntryAdmin(History):
    list_display = ("user", "course", "made_user", "added_at")
    list_filter = ("made_user", ("course", CourseFilter))
    list_select_related = ("user", "course")
    search_fields = (*people.search_fields("user__"), "course__slug")
    fields = ("user", "course", "made_user", "added_at")
    date_hierarchy = "added_at"
    ordering = ("-added_at",)


@admin.register(Invitation)
class InvitationAdmin(History):
    list_display = ("user", "course", "kind", "made_at", "sent_at", "expires_at", "used_at")
    list_filter = ("kind", ("course", CourseFilter))
    list_select_related = ("user", "course")
    search_fields = (*people.search_fields("user__"), "course__slug")
    fields = (
        *("user", "course", "kind", "made_at", "sent_at", "failure", "expires_at", "used_at"),
    )
    date_hierarchy = "made_at"
    ordering = ("-made_at",)
