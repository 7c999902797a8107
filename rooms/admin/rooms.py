"""Rooms, memberships and messages in the admin."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import people
from rooms.admin.base import History, changelist, shortened
from rooms.admin.scope import CourseFilter
from rooms.models import Course, Membership, Mention, Message, Room


@admin.register(Room)
class RoomAdmin(History):
    list_display = ("name", "kind", "course", "members", "messages", "created_at", "archived_at")
    list_filter = ("kind", ("course", CourseFilter), ("archived_at", admin.EmptyFieldListFilter))
    list_select_related = ("course",)
    search_fields = ("id", "title", "topic", "course__title", people.by_name("memberships__user__"))
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    fields = (*list_display, "topic", "created_by", "slow_seconds", "id", "pair")
    readonly_fields = ("name", "members", "messages")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        rooms: QuerySet[Room] = super().get_queryset(request)
        return rooms.annotate(member_count=Count("memberships"))

    @admin.display(description=_("name"), ordering="title")
    def name(self, room: Room) -> str:
        return str(room)

    @admin.display(description=_("members"), ordering="member_count")
    def members(self, room: Any) -> str:
        return changelist(Membership, str(room.member_count), room__id__exact=room.pk)

    @admin.display(description=_("messages"), ordering="last_seq")
    def messages(self, room: Room) -> str:
        return changelist(Message, str(room.last_seq), room__id__exact=room.pk)


@admin.register(Membership)
class MembershipAdmin(History):
    """Memberships, which result from enrolments, partner groups and joined rooms."""

    list_display = ("user", "room", "kind", "course", "joined_at", "last_read_seq")
    list_filter = ("room__kind", ("room__course", CourseFilter))
    list_select_related = ("user", "room__course")
    search_fields = (*people.search_fields("user__"), "room__title", "room__id")

    @admin.display(description=_("kind"), ordering="room__kind")
    def kind(self, membership: Membership) -> str:
        return str(membership.room.get_kind_display())

    @admin.display(description=_("course"), ordering="room__course")
    def course(self, membership: Membership) -> Course:
        return membership.room.course


@admin.register(Message)
class MessageAdmin(History):
    list_display = ("created_at", "course", "room", "seq", "sender", "kind", "start", "removed")
    list_filter = (
        "kind",
        "room__kind",
        ("removed_at", admin.EmptyFieldListFilter),
        ("room__course", CourseFilter),
    )
    list_select_related = ("room__course", "sender")
    search_fields = ("text", *people.search_fields("sender__"), "room__id")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)

    @admin.display(description=_("course"), ordering="room__course")
    def course(self, message: Message) -> Course:
        return message.room.course

    @admin.display(description=_("text"))
    def start(self, message: Message) -> str:
        return shortened(message.text)

    @admin.display(description=_("removed"), boolean=True, ordering="removed_at")
    def removed(self, message: Message) -> bool:
        return message.removed_at is not None


@admin.register(Mention)
class MentionAdmin(History):
    list_display = ("user", "created_at", "course", "room", "start")
    list_filter = ("message__room__kind", ("message__room__course", CourseFilter))
    list_select_related = ("user", "message__room__course", "message__sender")
    search_fields = (*people.search_fields("user__"), "message__text")
    ordering = ("-id",)

    @admin.display(description=_("created at"), ordering="message__created_at")
    def created_at(self, mention: Mention) -> datetime:
        return mention.message.created_at

    @admin.display(description=_("course"), ordering="message__room__course")
    def course(self, mention: Mention) -> Course:
        return mention.message.room.course

    @admin.display(description=_("room"), ordering="message__room")
    def room(self, mention: Mention) -> Room:
        return mention.message.room

    @admin.display(description=_("text"))
    def start(self, mention: Mention) -> str:
        return shortened(mention.message.text)
