"""The screens of the hall in the admin. Those who lead a course set its screen up on its page."""

from django.contrib import admin

from rooms.admin.base import History
from rooms.models import Screen


@admin.register(Screen)
class ScreenAdmin(History):
    list_display = ("course", "shows_partners", "expires_at")
    list_filter = ("shows_partners", ("expires_at", admin.EmptyFieldListFilter))
    list_select_related = ("course",)
    search_fields = ("course__slug", "course__title")
    fields = ("course", "shows_partners", "expires_at")
    ordering = ("course",)
