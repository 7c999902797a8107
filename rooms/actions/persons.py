"""Moves what belongs to one person to another, or ends it: the rows of all tables, one rule each.

It is behind merging a guest into an account, erasing a person and making a course anonymous. The
rules are found by walking the relations of the users' model, so that a table without a rule fails a
test. Texts are the business of `scrubbing`.
"""

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, Field, OuterRef

from accounts.people import User
from rooms.actions import person_moves
from rooms.actions.person_moves import Move, of
from rooms.models import Course, StandIn


class Fate(enum.Enum):
    """What becomes of a row whose person is no more."""

    NEEDED = "needed"
    """Others need it: it belongs to whoever comes after, also to a stand-in."""
    OWN = "own"
    """It was of use to the person alone: another account of theirs gets it, no stand-in does."""
    ENDS = "ends"
    """It ends with the account, such as a way to log in."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of the rows of a relation. `course` is the lookup of their course, or "".

    The target has one row for each value of the fields `once` (among those that `among` chooses):
    where there are two, that of the target stands. `apart` is a field in which the target must not
    be. `by` does it instead.
    """

    fate: Fate
    course: str = ""
    once: tuple[str, ...] = ()
    among: tuple[tuple[str, Any], ...] = ()
    apart: str = ""
    by: Callable[[Move], None] | None = None


def relations() -> Iterator[tuple[str, Field]]:
    """Yield the name and the field of each relation to the users, such as "app.Vote.user"."""
    for found in get_user_model()._meta.get_fields(include_hidden=True):
        if found.auto_created and not found.concrete:
            model: Any = found.related_model
            field: Any = found.field  # type: ignore[union-attr]
            if not model._meta.auto_created and not model._meta.proxy:
                yield f"{model._meta.label}.{field.name}", field


def move(*, source: User, target: User, course: Course | None = None) -> None:
    """Give everything of a person to another, in one course or all, and end what ends with them.

    A stand-in gets what others need, and the rest ends. Run it in a transaction with the locks of
    the courses, their classes and the rooms. The row of the source stays.
    """
    with transaction.atomic():
        one = Move(source, target, course, StandIn.objects.filter(user=target).exists())
        known = dict(relations())
        for name, rule in RULES.items():
            field = known.get(name)
            if field is not None and (course is None or rule.course):
                (rule.by or _by_rule(field, rule))(one)


def _by_rule(field: Field, rule: Rule) -> Callable[[Move], None]:
    def apply(one: Move) -> None:
        model: Any = field.model
        rows = of(model, field.name, one.source, rule.course, one.course)
        if rule.fate == Fate.ENDS or (rule.fate == Fate.OWN and one.stands_in):
            rows.delete()
            return
        if rule.once:
            match = {name: OuterRef(name) for name in rule.once} | dict(rule.among)
            theirs = model._base_manager.filter(**{field.name: one.target}, **match)
            rows.filter(Exists(theirs), **dict(rule.among)).delete()
        if rule.apart:
            rows.filter(**{rule.apart: one.target}).delete()
        rows.update(**{field.name: one.target})

    return apply


_NEEDED, _OWN, _ENDS = Fate.NEEDED, Fate.OWN, Fate.ENDS
_ROUND = "round__session__course"

RULES: dict[str, Rule] = {
    # In this order: what says more of a row comes before it.
    "peerchat_rooms.PairingMember.user": Rule(_OWN, "rule__course", by=person_moves.move_rules),
    "peerchat_rooms.Draft.user": Rule(_OWN, _ROUND, by=person_moves.move_drafts),
    "peerchat_rooms.Vote.user": Rule(_NEEDED, _ROUND, by=person_moves.move_votes),
    "peerchat_rooms.Partner.user": Rule(_NEEDED, _ROUND, ("round",)),
    "peerchat_rooms.Conviction.user": Rule(_NEEDED, _ROUND, ("round",)),
    "peerchat_rooms.Take.user": Rule(_NEEDED, "release__course", by=person_moves.move_takes),
    "peerchat_rooms.Message.sender": Rule(_NEEDED, "room__course", by=person_moves.move_messages),
    "peerchat_rooms.Message.removed_by": Rule(_NEEDED, "room__course"),
    # What was written under a pseudonym stays there.
    "peerchat_rooms.Pseudonym.user": Rule(_NEEDED, "session__course", ("session",)),
    "peerchat_rooms.Mention.user": Rule(_NEEDED, "message__room__course", ("message",)),
    "peerchat_rooms.Flag.user": Rule(_NEEDED, "message__room__course", ("message",)),
    "peerchat_rooms.Room.created_by": Rule(_NEEDED, "course"),
    "peerchat_rooms.Membership.user": Rule(_NEEDED, "room__course", by=person_moves.move_rooms),
    "peerchat_rooms.ClassSession.controller": Rule(_NEEDED, "course"),
    "peerchat_rooms.RightAnswer.given_by": Rule(_NEEDED, "version__question__course"),
    "peerchat_rooms.Release.released_by": Rule(_NEEDED, "course"),
    "peerchat_rooms.Picture.made_by": Rule(_NEEDED, "course"),
    "peerchat_rooms.Deletion.asked_by": Rule(_NEEDED, "course"),
    "peerchat_rooms.AuditEntry.actor": Rule(_NEEDED, "course"),
    "peerchat_rooms.AuditEntry.subject": Rule(_NEEDED, "course"),
    "peerchat_rooms.Report.settled_by": Rule(_NEEDED, "course"),
    "peerchat_rooms.Report.reporter": Rule(
        _NEEDED, "course", ("course", "about", "pseudonym"), (("settled_at", None),), apart="about"
    ),
    "peerchat_rooms.Report.about": Rule(
        _NEEDED,
        "course",
        ("course", "reporter", "pseudonym"),
        (("settled_at", None),),
        apart="reporter",
    ),
    "peerchat_rooms.Block.user": Rule(
        _OWN, "course", ("course", "blocked", "pseudonym"), apart="blocked"
    ),
    "peerchat_rooms.Block.blocked": Rule(
        _OWN, "course", ("course", "user", "pseudonym"), apart="user"
    ),
    "peerchat_rooms.Bookmark.user": Rule(_OWN, "question__course", ("question",)),
    "peerchat_rooms.Consent.user": Rule(
        _OWN, "course", ("course", "purpose"), (("withdrawn_at", None),)
    ),
    "peerchat_rooms.Reminder.user": Rule(_OWN, "release__course", ("release", "kind")),
    "peerchat_rooms.Exclusion.user": Rule(_OWN, "course", ("course",)),
    # It needs to know what the person did.
    "peerchat_rooms.Enrollment.user": Rule(_NEEDED, "course", by=person_moves.move_enrollments),
    "peerchat_rooms.Invitation.user": Rule(_ENDS, "course"),
    "peerchat_rooms.RosterEntry.user": Rule(_ENDS, "course"),
    "peerchat_rooms.QuestionFile.user": Rule(_ENDS, "course"),
    "peerchat_rooms.UseLog.user": Rule(_NEEDED, by=person_moves.move_use_log),
    "peerchat_rooms.Connection.user": Rule(_ENDS),
    "peerchat_rooms.Guest.user": Rule(_ENDS),
    # Whoever erases somebody ends their try-out first, with all of its people.
    "peerchat_rooms.TryOut.lecturer": Rule(_ENDS, by=person_moves.leave_try_outs),
    "peerchat_rooms.TryOutStudent.user": Rule(_ENDS),
    "peerchat_rooms.StandIn.user": Rule(_ENDS),
    "peerchat_accounts.Token.user": Rule(_ENDS),
    "admin.LogEntry.user": Rule(_ENDS),
}
"""What becomes of each relation to the users, by its name."""
