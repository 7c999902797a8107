"""All that is stored about a person, as a JSON document that is made row by row.

What others said of them in confidence is left out: reports, blocks and rules of pairing. So are
secrets, from which somebody could get in.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import BinaryField, Field, Q, QuerySet

from accounts import people
from accounts.people import User
from rooms.models import ClassSession, Course, Enrollment, UseLog
from rooms.peer import acts

CONFIDENTIAL = {
    "peerchat_rooms.Report.about",
    "peerchat_rooms.Block.blocked",
    "peerchat_rooms.PairingMember.user",
    "peerchat_rooms.StandIn.user",
    "peerchat_rooms.TryOutStudent.user",
    # It is read by the courses, as the table is large and has no index by the person.
    "peerchat_rooms.UseLog.user",
    # What they did in the admin is about others.
    "admin.LogEntry.user",
}
"""The relations to the users that are left out, or told otherwise."""
SECRET = {"password", "digest", "device", "link", "username_key", "key", "data"}
"""The fields that are left out."""
ROWS = 500
_LOG = "peerchat_rooms.UseLog.user"
_OTHERS = {"peerchat_rooms.AuditEntry": {"detail"}, "peerchat_rooms.Room": {"pair"}}
"""Fields that tell of others, by table, besides those that refer to users."""
_DEEDS = {
    "peerchat_rooms.Message.removed_by": ["id", "room_id", "removed_at"],
    "peerchat_rooms.Report.settled_by": ["id", "course_id", "settled_at"],
}
"""All that is told of rows which others wrote, with which the person only did something."""


def document(user: User) -> Iterator[str]:
    """Yield the parts of the document: the account, then each table with its rows."""
    yield '{"account": ' + _json(_account(user)) + ', "tables": {'
    first = True
    for name, rows, fields in _tables(user):
        begun = False
        for row in rows.order_by("pk").values(*fields).iterator(chunk_size=ROWS):
            if not begun:
                yield ("" if first else ", ") + _json(name) + ": ["
                begun, first = True, False
            else:
                yield ", "
            yield _json(_without_others(row) if name == _LOG else row)
        if begun:
            yield "]"
    yield "}}\n"


def _account(user: User) -> dict[str, Any]:
    fields = get_user_model()._meta.concrete_fields
    return {field.name: getattr(user, field.attname) for field in fields if _is_told(field)}


def _tables(user: User) -> Iterator[tuple[str, QuerySet[Any], list[str]]]:
    for name, field in relations_told():
        model: Any = field.model
        hidden = _OTHERS.get(model._meta.label, set())
        told = [
            one.attname
            for one in model._meta.concrete_fields
            if _is_told(one) and one.name not in hidden and one.related_model is not _users()
        ]
        told = _DEEDS.get(name, told)
        yield name, model._base_manager.filter(**{field.name: user}), told
    courses = Course.objects.filter(
        Q(pk__in=Enrollment.objects.filter(user=user).values("course"))
        | Q(pk__in=ClassSession.objects.filter(rounds__votes__user=user).values("course"))
    )
    # Log-ins belong to no course.
    places = Q(in_course__in=courses) | Q(in_course=None, course_id="")
    rows = UseLog.objects.filter(places, user=user)
    yield _LOG, rows, ["timestamp", "event", "act", "div_id", "course_id"]


def _without_others(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the use log without names, which would tell whose a pseudonym is."""
    parts = acts.split(row["event"], row["act"])
    if parts is None:
        return {**row, "act": ""}
    head, named, tail = parts
    return {**row, "act": head + ",".join("…" for _ in named) + tail}


def relations_told() -> Iterator[tuple[str, Field]]:
    """Yield the name and the field of each relation to the users whose rows are told."""
    for found in get_user_model()._meta.get_fields(include_hidden=True):
        if not found.auto_created or found.concrete:
            continue
        model: Any = found.related_model
        field: Any = found.field  # type: ignore[union-attr]
        name = f"{model._meta.label}.{field.name}"
        if model._meta.auto_created or model._meta.proxy or name in CONFIDENTIAL:
            continue
        # Tables of the site itself are the site's to tell.
        if model._meta.app_label in ("peerchat_rooms", "peerchat_accounts"):
            yield name, field


def _users() -> type:
    return get_user_model()


def _is_told(field: Field) -> bool:
    return field.name not in SECRET and not isinstance(field, BinaryField)


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def courses_of(user: User) -> QuerySet[Enrollment]:
    """Return the places of a user in courses, with the courses, by title."""
    mine = Enrollment.objects.filter(user=user, course__try_out=None).select_related("course")
    return mine.order_by("course__title", "pk")


def name_of(user: User) -> str:
    """Return the name of the file for a user."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in people.username(user))
    return f"peerchat-{plain[:60]}.json"
