"""Join codes, guests, and those who were removed, in the admin."""

from django.contrib import admin

from accounts import people
from rooms.admin.base import History
from rooms.admin.scope import CourseFilter
from rooms.models import Exclusion, Guest, JoinCode, KnownAddress


@admin.register(JoinCode)
class JoinCodeAdmin(History):
    list_display = ("code", "course", "open_until", "names", "made_at")
    list_filter = (("course", CourseFilter),)
    list_select_related = ("course",)
    search_fields = ("code", "course__title")
    ordering = ("-made_at",)


@admin.register(Guest)
class GuestAdmin(History):
    list_display = ("user", "made_at")
    list_select_related = ("user",)
    search_fields = people.search_fields("user__")
    ordering = ("-made_at",)


@admin.register(Exclusion)
class ExclusionAdmin(History):
    list_display = ("user", "course", "code", "removed_at")
    list_filter = (("course", CourseFilter),)
    list_select_related = ("user", "course")
    search_fields = (*people.search_fields("user__"), "course__title")
    ordering = ("-removed_at",)


@admin.register(KnownAddress)
class KnownAddressAdmin(History):
    list_display = ("address", "course")
    list_filter = (("course", CourseFilter),)
    list_select_related = ("course",)
    search_fields = ("address", "course__title")
