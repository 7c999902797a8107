"""Importing fixed groups from a list."""

from collections.abc import Sequence

from django.db import transaction

from accounts.people import User
from rooms import permissions
from rooms.actions.pairing_rules import end_small_rules, record
from rooms.models import Course, PairingMember, PairingRule
from rooms.peer.group_lists import GroupLine
from rooms.queries import pairing_groups
from rooms.queries.pairing_groups import GroupPlan, Outcome
from rooms.queries.pairing_rules import key_of


@transaction.atomic
def import_groups(*, user: User | None, course: Course, lines: Sequence[GroupLine]) -> GroupPlan:
    """Do what `pairing_groups.plan` says, all of it or, if a line is refused, nothing.

    The plan is made anew under the lock of the course. Returns it. `user` is who does this, or None
    in a program of the site; the caller has checked that they lead the course. Raises
    CourseArchived.
    """
    locked = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    permissions.in_use(locked)
    plan = pairing_groups.plan(locked, lines)
    if not plan.is_possible:
        return plan
    known: dict[str, PairingRule] = {}
    for rule in PairingRule.objects.filter(course=locked, kind=PairingRule.Kind.FIXED):
        known.setdefault(key_of(str(rule)), rule)
    placed = [one.pk for members in plan.members.values() for one in members]
    new = [one for one in plan.lines if one.outcome in (Outcome.JOINS, Outcome.MOVES)]
    moving = [one.user.pk for one in new if one.user is not None]
    fixed = PairingMember.objects.filter(rule__course=locked, rule__kind=PairingRule.Kind.FIXED)
    fixed.filter(user__in=moving).delete()
    listed = [rule.pk for key, rule in known.items() if key in plan.members]
    fixed.filter(rule__in=listed).exclude(user__in=placed).delete()
    for key, name in plan.names.items():
        if key not in known:
            known[key] = PairingRule.objects.create(
                course=locked, kind=PairingRule.Kind.FIXED, name=name
            )
    PairingMember.objects.bulk_create(
        PairingMember(rule=known[key_of(one.group)], user=one.user) for one in new
    )
    for key in {key_of(one.group) for one in new}:
        record(user, locked, "pair", PairingRule.Kind.FIXED, plan.members[key])
    end_small_rules(course=locked)
    return plan
