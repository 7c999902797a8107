"""Workers and connections in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import people
from rooms.admin.base import History
from rooms.models import Connection, Worker


@admin.register(Worker)
class WorkerAdmin(History):
    list_display = ("id", "seen_at", "open_connections")
    ordering = ("-seen_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Worker]:
        still_open = Count("connections", filter=Q(connections__closed_at=None))
        workers: QuerySet[Worker] = super().get_queryset(request)
        return workers.annotate(open_count=still_open)

    @admin.display(description=_("open connections"), ordering="open_count")
    def open_connections(self, worker: Any) -> Any:
        return worker.open_count


@admin.register(Connection)
class ConnectionAdmin(History):
    list_display = ("user", "opened_at", "closed_at", "worker")
    list_filter = (("closed_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user", "worker")
    search_fields = people.search_fields("user__")
    date_hierarchy = "opened_at"
    ordering = ("-opened_at",)
