"""Takes the names of a person out of texts: what they wrote, what others wrote, and the use log.

What the person wrote loses all of their names, as they may have signed it. What others wrote loses
what can mean nobody else: mentions by the username, and e-mail addresses. Nobody can tell which
"Ada" in a text of somebody else is meant, so those stay.

Whole tables are searched, as a name may be anywhere. This is slow, and done for few people.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from accounts import people
from accounts.people import User
from accounts.text import name_key
from rooms.models import (
    Course,
    Draft,
    Message,
    PairingRule,
    Report,
    Room,
    Seed,
    Take,
    UseLog,
    Vote,
)
from rooms.peer import acts

GAP = "…"
"""What stands in the place of a name in a text of the person."""
BATCH = 500
_SHORTEST = 3
"""The least characters of a single word of a name that is taken out of own texts."""
_MENTION = re.compile(r"(?<![\w.@+~-])@([\w.@+-]{1,254})")


@dataclass(frozen=True)
class Names:
    """The names of a person, and the stand-in whose username is put in their place."""

    key: people.Key
    usernames: frozenset[str]
    """The username of now, and those of the use log."""
    addresses: frozenset[str]
    own: frozenset[str]
    """Every other text by which the person may be known."""
    new_key: people.Key
    new: str

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(map(name_key, self.usernames))

    @cached_property
    def everything(self) -> re.Pattern[str]:
        return _words(self.usernames | self.addresses | self.own)

    @cached_property
    def unmistakable(self) -> re.Pattern[str]:
        return _words(self.addresses)

    @cached_property
    def words(self) -> re.Pattern[str]:
        return _words(self.usernames | self.addresses)

    def in_own(self, text: str) -> str:
        """Return a text of the person without any of their names."""
        return self.everything.sub(GAP, self.in_others(text))

    def in_others(self, text: str) -> str:
        """Return a text of somebody else without mentions and addresses of the person."""

        def rename(found: re.Match[str]) -> str:
            name = found[1]
            short = name.rstrip(".@+-")
            if name_key(name) in self.keys:
                return f"@{self.new}"
            if name_key(short) in self.keys:
                return f"@{self.new}{name[len(short) :]}"
            return found[0]

        return self.unmistakable.sub(GAP, _MENTION.sub(rename, text))

    def as_word(self, text: str) -> str:
        """Return a line that names people by their usernames, with that of the stand-in."""
        return self.words.sub(self.new, text)


def names_of(user: User, stand_in: User) -> Names:
    """Return all names of a user that the database knows."""
    logged = UseLog.objects.filter(user=user.pk).order_by().values_list("sid", flat=True)
    usernames = {people.username(user), *logged.distinct()} - {""}
    field = get_user_model().get_email_field_name()
    mail = str(getattr(user, field, "") or "")
    addresses = {name for name in {mail, *usernames} if "@" in name}
    told = {people.shown_name(user)}
    for name in people.texts():
        if name not in ("language", "username_key", field):
            told.add(str(getattr(user, name) or ""))
    words = {word for text in told for word in re.findall(r"\w+", text)}
    own = {text.strip() for text in told} | {one for one in words if len(one) >= _SHORTEST}
    if people.key_type() is not int:
        # A number means anything, and a longer key the person alone.
        own.add(str(user.pk))
    return Names(
        key=user.pk,
        usernames=frozenset(usernames),
        addresses=frozenset(addresses),
        own=frozenset(text for text in own if len(text) > 1),
        new_key=stand_in.pk,
        new=people.username(stand_in),
    )


# The fields in which people write, with the lookups of whose text it is and of its course.
TEXTS: tuple[tuple[type[Model], tuple[str, ...], str, str], ...] = (
    (Message, ("text",), "sender", "room__course"),
    (Vote, ("rationale",), "user", "round__session__course"),
    (Draft, ("rationale",), "user", "round__session__course"),
    (Take, ("first_reason", "second_reason"), "user", "release__course"),
    (Seed, ("text",), "release__released_by", "release__course"),
    (Report, ("text",), "reporter", "course"),
    (Room, ("title", "topic"), "created_by", "course"),
    (PairingRule, ("name",), "", "course"),
)


def scrub(*, names: Names, course: Course | None = None) -> None:
    """Take the names of a person out of all texts, or those of a course, and out of the use log.

    Call it in a transaction.
    """
    needles = [*(f"@{name}" for name in names.usernames), *names.addresses]
    for model, fields, author, path in TEXTS:
        rows = model._base_manager.all()
        if course is not None:
            rows = rows.filter(**{path: course})
        if author:
            # Those of the stand-in are the person's, whose rows may have moved already.
            own = Q(**{f"{author}__in": (names.key, names.new_key)})
            _rewrite(rows.filter(own), fields, names.in_own)
            rows = rows.exclude(own)
        found = reduce(or_, (Q(**{f"{f}__icontains": one}) for f in fields for one in needles))
        _rewrite(rows.filter(found), fields, names.in_others)
    _scrub_log(names, course)
    if course is None:
        _scrub_admin(names)


def _rewrite(rows: QuerySet[Any], fields: Iterable[str], change: Callable[[str], str]) -> None:
    changed: list[Any] = []
    for row in rows.order_by().only("pk", *fields).iterator(chunk_size=BATCH):
        before = [getattr(row, field) for field in fields]
        for field, text in zip(fields, before, strict=True):
            limit = row._meta.get_field(field).max_length
            setattr(row, field, change(text)[:limit] if text else text)
        if before != [getattr(row, field) for field in fields]:
            changed.append(row)
    rows.model._base_manager.bulk_update(changed, list(fields), batch_size=BATCH)


def _scrub_log(names: Names, course: Course | None) -> None:
    rows = UseLog.objects.all()
    if course is not None:
        rows = rows.filter(Q(in_course=course) | Q(in_course=None, course_id__in=[course.slug]))
    old = people.as_plain(names.key)
    annotated = rows.annotate(ids=Cast("named", TextField()))
    found = reduce(or_, (Q(act__icontains=name) for name in names.usernames | names.addresses))
    found |= Q(user=names.key) | Q(ids__contains=str(old))
    found |= Q(user=None, sid__in=names.usernames)
    changed: list[UseLog] = []
    for row in annotated.filter(found).order_by().iterator(chunk_size=BATCH):
        before = (row.sid, row.act, row.user_id, row.named)
        _scrub_row(row, names, old)
        if before != (row.sid, row.act, row.user_id, row.named):
            changed.append(row)
    UseLog.objects.bulk_update(changed, ["sid", "act", "user", "named"], batch_size=BATCH)


def _scrub_row(row: UseLog, names: Names, old: int | str) -> None:
    is_own = row.user_id == names.key or (row.user_id is None and row.sid in names.usernames)
    named = row.named or []
    parts = acts.split(row.event, row.act)
    change = names.in_own if is_own else names.in_others
    if parts is None:
        # Where it names people is not known.
        known = is_own or old in named or not named
        row.act = change(names.as_word(row.act) if known else row.act)
    else:
        head, people_in, tail = parts
        keys = [*named, *(None for _ in people_in)]
        for place, (name, key) in enumerate(zip(people_in, keys, strict=False)):
            if key == old or (key is None and name_key(name) in names.keys):
                people_in[place] = names.new
        row.act = change(head) + ",".join(people_in) + change(tail)
    if old in named:
        row.named = [people.as_plain(names.new_key) if key == old else key for key in named]
    if is_own:
        row.sid, row.user_id = names.new, names.new_key


def _scrub_admin(names: Names) -> None:
    """Take the names out of the history of Django's admin, which has them in the names of rows."""
    if not apps.is_installed("django.contrib.admin"):
        return
    entries: Any = apps.get_model("admin", "LogEntry")
    users = get_user_model()
    entries.objects.filter(
        content_type__app_label=users._meta.app_label,
        content_type__model=users._meta.model_name,
        object_id=str(names.key),
    ).delete()
    texts = ("object_repr", "change_message")
    told = names.usernames | names.addresses | {n for n in names.own if len(n) >= _SHORTEST}
    found = reduce(or_, (Q(**{f"{field}__icontains": one}) for field in texts for one in told))
    _rewrite(entries.objects.filter(found), texts, names.in_own)


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


def _words(names: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for any of some names as a word, whatever its case."""
    longest = sorted(filter(None, names), key=len, reverse=True)
    # A pattern that matches nothing, for a person without such names.
    inner = "|".join(map(re.escape, longest)) or r"(?!)"
    return re.compile(rf"(?<!\w)(?:{inner})(?!\w)", re.IGNORECASE)
