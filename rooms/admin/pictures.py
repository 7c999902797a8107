"""The pictures of questions in the admin. It shows none: their page does, to those who may."""

from django.contrib import admin

from rooms.admin.base import History
from rooms.admin.scope import CourseFilter
from rooms.models import Picture


@admin.register(Picture)
class PictureAdmin(History):
    list_display = (
        "key",
        "course",
        "content_type",
        "width",
        "height",
        "size",
        "made_by",
        "made_at",
    )
    list_filter = (("course", CourseFilter), "content_type")
    list_select_related = ("course", "made_by")
    search_fields = ("key", "course__slug", "course__title")
    fields = list_display
    ordering = ("course", "-made_at")
