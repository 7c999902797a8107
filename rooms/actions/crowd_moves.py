"""Gives what many people have in one course to their stand-ins, in a few statements.

It does what `persons.move` does for one person and a stand-in that is new.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Case, QuerySet, Value, When

from accounts import people
from accounts.people import User
from rooms.actions import person_moves, persons, tell
from rooms.actions.pairing_rules import leave_rules
from rooms.actions.persons import RULES, Fate
from rooms.models import Course, Room

Targets = Mapping[people.Key, User]
"""The stand-ins, by the keys of the people."""


def move(*, course: Course, targets: Targets) -> None:
    """Give everything that others need to the stand-ins, and end the rest.

    Run it in a transaction with the locks of the course, its classes and its rooms.
    """
    known = dict(persons.relations())
    for name, rule in RULES.items():
        field = known.get(name)
        if field is None or not rule.course:
            continue
        model: Any = field.model
        mine = {rule.course: course, f"{field.name}__in": list(targets)}
        rows = model._base_manager.filter(**mine)
        if name in _OTHERWISE:
            _OTHERWISE[name](rows, course, targets)
        elif rule.fate == Fate.NEEDED:
            rows.update(**{field.name: _target(field.name, targets)})
        else:
            rows.delete()
    tell.recheck(list(targets))


def _target(field: str, targets: Targets) -> Case:
    key = get_user_model()._meta.pk
    return Case(
        *(
            When(**{field: user}, then=Value(target.pk, output_field=key))
            for user, target in targets.items()
        )
    )


def _rules(rows: QuerySet[Any], course: Course, targets: Targets) -> None:
    leave_rules(course=course, users=list(targets))


def _messages(rows: QuerySet[Any], course: Course, targets: Targets) -> None:
    rows.update(sender=_target("sender", targets), uuid=person_moves.NEW_UUID)


def _memberships(rows: QuerySet[Any], course: Course, targets: Targets) -> None:
    # Nobody is to meet somebody in the other rooms who is no more.
    rows.exclude(room__kind__in=person_moves.KEPT_ROOMS).delete()
    for room in Room.objects.filter(course=course, kind=Room.Kind.DIRECT).only("pk", "pair"):
        pair = before = str(room.pair)
        for user, target in targets.items():
            pair = person_moves.renamed_pair(pair, user, target)
        if pair != before:
            Room.objects.filter(pk=room.pk).update(pair=pair)
    rows.update(user=_target("user", targets))


def _enrollments(rows: QuerySet[Any], course: Course, targets: Targets) -> None:
    rows.update(user=_target("user", targets), **person_moves.LEFT)
    tell.unenrolled(course, list(targets))


_OTHERWISE: dict[str, Callable[[QuerySet[Any], Course, Targets], None]] = {
    "peerchat_rooms.PairingMember.user": _rules,
    "peerchat_rooms.Message.sender": _messages,
    "peerchat_rooms.Membership.user": _memberships,
    "peerchat_rooms.Enrollment.user": _enrollments,
}
