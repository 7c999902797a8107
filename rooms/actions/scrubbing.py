"""Takes the names of people out of texts: what they wrote, what others wrote, and the use log.

What a person wrote loses all of their names, as they may have signed it. What others wrote loses
what can mean nobody else: mentions by the username, and e-mail addresses. Nobody can tell which
"Ada" in a text of somebody else is meant, so those stay.

Whole tables are searched, as a name may be anywhere. This is slow, and done for few people, or for
many people of one course at once.
"""

from collections.abc import Callable, Iterable
from functools import partial, reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import F, JSONField, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from accounts import people
from accounts.people import User
from rooms.actions.name_texts import SHORTEST, Crowd
from rooms.models import (
    Choice,
    Course,
    Draft,
    Mention,
    Message,
    PairingRule,
    Question,
    QuestionVersion,
    Report,
    Room,
    Seed,
    Take,
    UseLog,
    Vote,
)
from rooms.peer import acts

BATCH = 500
_AS_TEXT = "_as_text"

# The fields in which people write, with the lookups of whose text it is and of its course.
TEXTS: tuple[tuple[type[Model], tuple[str, ...], str, str], ...] = (
    (Message, ("text", "control"), "sender", "room__course"),
    (Vote, ("rationale",), "user", "round__session__course"),
    (Draft, ("rationale",), "user", "round__session__course"),
    (Take, ("first_reason", "second_reason"), "user", "release__course"),
    (Seed, ("text",), "release__released_by", "release__course"),
    (Report, ("text",), "reporter", "course"),
    (Room, ("title", "topic"), "created_by", "course"),
    (PairingRule, ("name",), "", "course"),
    # Written by all who lead a course, so nobody's own.
    (Course, ("title",), "", "pk"),
    (Question, ("title", "prompt", "explanation", "follow_up", "accepted", "tags"), "", "course"),
    (Choice, ("text", "feedback"), "", "question__course"),
    (
        QuestionVersion,
        ("prompt", "choices", "answer", "explanation", "follow_up"),
        "",
        "question__course",
    ),
)


def scrub(*, crowd: Crowd, course: Course | None = None) -> None:
    """Take the names of people out of all texts, or those of a course, and out of the use log.

    Call it in a transaction.
    """
    for model, fields, author, path in TEXTS:
        rows = model._base_manager.all()
        if course is not None:
            rows = rows.filter(**{path: course.pk})
        if author:
            own = Q(**{f"{author}__in": crowd.users})
            _rewrite_own(rows.filter(own), fields, author, crowd)
            rows = rows.exclude(own)
        searched = [_searched(model, field) for field in fields]
        rows = rows.alias(**{name: Cast(f, TextField()) for f, name in searched if f != name})
        found = reduce(or_, (_naming(name, crowd, course) for _, name in searched))
        if model is Message and course is None:
            # However they are written: SQLite does not know the case of all letters.
            mentions = Mention.objects.filter(user__in=crowd.users)
            found |= Q(pk__in=mentions.values("message"))
        _rewrite(rows.filter(found), fields, crowd.in_others)
    _scrub_log(crowd, course)
    if course is None:
        _scrub_admin(crowd)


def _searched(model: type[Model], field: str) -> tuple[str, str]:
    """Return a field and what of it is searched: JSON as a text."""
    is_json = isinstance(model._meta.get_field(field), JSONField)
    return field, f"{field}{_AS_TEXT}" if is_json else field


def _naming(field: str, crowd: Crowd, course: Course | None) -> Q:
    """Return a condition for rows that may name somebody: mentions and addresses have an @."""
    if course is not None:
        return Q(**{f"{field}__contains": "@"})
    needles = [*(f"@{name}" for name in crowd.usernames), *crowd.addresses]
    return reduce(or_, (Q(**{f"{field}__icontains": one}) for one in needles))


def _rewrite_own(rows: QuerySet[Any], fields: Iterable[str], author: str, crowd: Crowd) -> None:
    def change(row: Any) -> Callable[[str], str]:
        one = crowd.who(row.author_key)
        return crowd.in_others if one is None else partial(crowd.in_own, one)

    _rewrite_by(rows.annotate(author_key=F(author)), fields, change)


def _rewrite(rows: QuerySet[Any], fields: Iterable[str], change: Callable[[str], str]) -> None:
    _rewrite_by(rows, fields, lambda row: change)


def _rewrite_by(
    rows: QuerySet[Any], fields: Iterable[str], change_of: Callable[[Any], Callable[[str], str]]
) -> None:
    changed: list[Any] = []
    for row in rows.order_by().only("pk", *fields).iterator(chunk_size=BATCH):
        before, change = [getattr(row, field) for field in fields], change_of(row)
        for field, text in zip(fields, before, strict=True):
            limit = row._meta.get_field(field).max_length
            setattr(row, field, _within(text, change, limit))
        if before != [getattr(row, field) for field in fields]:
            changed.append(row)
    rows.model._base_manager.bulk_update(changed, list(fields), batch_size=BATCH)


def _within(value: Any, change: Callable[[str], str], limit: int | None = None) -> Any:
    """Change a text, or all texts in a value of JSON."""
    if isinstance(value, str):
        return change(value)[:limit] if value else value
    if isinstance(value, list):
        return [_within(one, change) for one in value]
    if isinstance(value, dict):
        return {key: _within(one, change) for key, one in value.items()}
    return value


def _scrub_log(crowd: Crowd, course: Course | None) -> None:
    rows = UseLog.objects.all()
    if course is not None:
        rows = rows.filter(Q(in_course=course) | Q(in_course=None, course_id__in=[course.slug]))
    annotated = rows.annotate(ids=Cast("named", TextField()))
    found = Q(user__in=crowd.users) | Q(user=None, sid__in=crowd.usernames)
    if course is not None:
        # Nearly all rows name somebody of the course.
        found |= Q(named__isnull=False) | Q(act__contains="@")
    else:
        for old in crowd.plain:
            found |= Q(ids__contains=str(old))
    for name in crowd.usernames | crowd.addresses:
        found |= Q(act__icontains=name)
    _rewrite_log(annotated.filter(found), crowd)


def scrub_own_log(*, crowd: Crowd, users: list[people.Key]) -> None:
    """Take people out of the rows of the use log that belong to no course. Their others are done.

    Call it in a transaction.
    """
    _rewrite_log(UseLog.objects.filter(user__in=users), crowd)


def _rewrite_log(rows: QuerySet[UseLog], crowd: Crowd) -> None:
    changed: list[UseLog] = []
    for row in rows.order_by().iterator(chunk_size=BATCH):
        before = (row.sid, row.act, row.user_id, row.named)
        _scrub_row(row, crowd)
        if before != (row.sid, row.act, row.user_id, row.named):
            changed.append(row)
    UseLog.objects.bulk_update(changed, ["sid", "act", "user", "named"], batch_size=BATCH)


def _scrub_row(row: UseLog, crowd: Crowd) -> None:
    own = crowd.who(row.user_id) or (crowd.named(row.sid) if row.user_id is None else None)
    named = row.named or []
    parts = acts.split(row.event, row.act)

    def change(text: str) -> str:
        return crowd.in_others(text) if own is None else crowd.in_own(own, text)

    if parts is None:
        # Where it names people is not known.
        meant = [own, *(crowd.plain.get(key) for key in named)] if named else crowd.everybody
        act = row.act
        for somebody in meant:
            act = act if somebody is None else somebody.as_word(act)
        row.act = change(act)
    else:
        head, people_in, tail = parts
        keys = [*named, *(None for _ in people_in)]
        for place, (name, key) in enumerate(zip(people_in, keys, strict=False)):
            one = crowd.named(name) if key is None else crowd.plain.get(key)
            if one is not None:
                people_in[place] = one.new
        row.act = change(head) + ",".join(people_in) + change(tail)
    if any(key in crowd.plain for key in named):
        row.named = [
            people.as_plain(crowd.plain[key].new_key) if key in crowd.plain else key
            for key in named
        ]
    if own is not None:
        row.sid, row.user_id = own.new, own.new_key


def _scrub_admin(crowd: Crowd) -> None:
    """Take the names out of the history of Django's admin, which has them in the names of rows."""
    if not apps.is_installed("django.contrib.admin"):
        return
    entries: Any = apps.get_model("admin", "LogEntry")
    users = get_user_model()
    texts = ("object_repr", "change_message")
    for one in crowd.everybody:
        entries.objects.filter(
            content_type__app_label=users._meta.app_label,
            content_type__model=users._meta.model_name,
            object_id=str(one.key),
        ).delete()
        told = one.usernames | one.addresses | {n for n in one.own if len(n) >= SHORTEST}
        found = reduce(or_, (Q(**{f"{text}__icontains": name}) for text in texts for name in told))
        _rewrite(entries.objects.filter(found), texts, partial(crowd.in_own, one))


def hand_over_log(source: User, target: User) -> None:
    """Give the rows of the use log to another account of the same person. Their texts stay."""
    UseLog.objects.filter(user=source).update(user=target)
    old, new = people.as_plain(source.pk), people.as_plain(target.pk)
    # SQLite cannot look into a list, so the text is searched for what may be the id.
    naming = UseLog.objects.filter(named__isnull=False).annotate(ids=Cast("named", TextField()))
    for row in naming.filter(ids__contains=str(old)).only("pk", "named").iterator():
        named = [new if key == old else key for key in row.named or ()]
        if named != row.named:
            UseLog.objects.filter(pk=row.pk).update(named=named)
