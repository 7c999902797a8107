"""Notes in the audit what staff look at and change in the admin."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.db.models.signals import post_save
from django.http import HttpRequest, HttpResponse

from accounts.people import User
from rooms.actions import audit, persons
from rooms.models import AuditEntry, Course

FLAGS = {1: "admin.add", 2: "admin.change", 3: "admin.delete"}
"""The acts of the history of the admin."""
APPS = ("peerchat_accounts", "peerchat_rooms")


class Watched(admin.ModelAdmin):
    """Lists and objects of which the audit tells who looked at them, where they tell of people."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        answer = super().changelist_view(request, extra_context)
        if _is_seen(request, answer) and self.model in _paths():
            wanted = str(request.GET.get(f"{_paths()[self.model]}__id__exact", ""))
            course = Course.objects.filter(pk=wanted).first() if wanted.isdecimal() else None
            _record(request.user, "admin.view", self.model, course=course)
        return answer

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        answer = super().change_view(request, object_id, form_url, extra_context)
        if _is_seen(request, answer) and self.model in _paths():
            found = self.get_object(request, object_id)
            if found is not None:
                _record(request.user, "admin.view", self.model, found)
        return answer

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        gone = list(queryset)
        if len(gone) > 1:
            # They are stored at once, for which no signal is sent.
            for one in gone:
                _record(request.user, "admin.delete", self.model, one)
        return super().log_deletions(request, queryset)


def begin() -> None:
    """Take notice of what is added and changed in the admin, also by the apps of others."""
    post_save.connect(note, sender="admin.LogEntry", dispatch_uid="peerchat_audit_of_admin")


def note(instance: Any, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """Note what the history of the admin tells of an object that was added or changed."""
    entry = instance
    if not created or raw:
        return
    model = entry.content_type.model_class() if entry.content_type_id else None
    if model is None or entry.action_flag not in FLAGS or not _is_ours(model):
        return
    try:
        found = model._base_manager.filter(pk=entry.object_id).first()
    except (ValueError, ValidationError):
        found = None
    _record(entry.user, FLAGS[entry.action_flag], model, found)


def _is_ours(model: type[Model]) -> bool:
    return model is get_user_model() or model._meta.app_label in APPS


def _is_seen(request: HttpRequest, answer: HttpResponse) -> bool:
    return request.method == "GET" and answer.status_code == 200


@cache
def _paths() -> dict[type[Model], str]:
    """Return the lookup of the course for each table that tells of people, or ""."""
    found: dict[type[Model], str] = {}
    for name, field in persons.relations():
        if name in persons.RULES and field.model is not AuditEntry:
            found.setdefault(field.model, persons.RULES[name].course)
    return found


def _record(
    actor: Any,
    act: str,
    model: type[Model],
    found: Model | None = None,
    course: Course | None = None,
) -> None:
    detail, subject = str(model._meta.model_name), None
    if found is not None:
        subject = _person(found)
        course = found if isinstance(found, Course) else _of(found, _paths().get(model, ""))
        # The id of a user is no text, so that it goes with them.
        if not isinstance(found, get_user_model()):
            detail = f"{detail} {found.pk}"
    audit.record(actor=actor, act=act, course=course, subject=subject, detail=detail)


def _of(found: Any, path: str) -> Course | None:
    if not path and hasattr(found, "course"):
        path = "course"
    for name in filter(None, path.split("__")):
        found = getattr(found, name, None)
    return found if isinstance(found, Course) and found.pk else None


def _person(found: Any) -> User | None:
    """Return the one person whom a row is about."""
    users = get_user_model()
    if isinstance(found, users):
        return found
    fields: Iterable[Any] = found._meta.concrete_fields
    named = [field.name for field in fields if field.related_model is users]
    return getattr(found, named[0]) if len(named) == 1 else None
