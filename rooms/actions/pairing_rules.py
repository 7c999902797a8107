"""Rules about who works with whom: made and removed by those who lead the course."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext

from accounts import people
from accounts.people import User
from accounts.text import plain_name
from rooms import permissions
from rooms.actions import uselog
from rooms.models import Course, PairingMember, PairingRule
from rooms.queries import pairing_rules as queries
from rooms.queries.pairing_rules import MOST_RULES, SIZES, TOGETHER, Students
from rooms.wire.errors import RuleRefused

NAME_LIMIT = 100
"""The most characters in the name of a rule."""


@dataclass(frozen=True, slots=True)
class RemovedRule:
    """A rule that was removed, as `add_rule` can make it again."""

    kind: str
    name: str
    students: list[str]


@transaction.atomic
def add_rule(
    *, user: User, course: str, kind: str, students: Sequence[str], name: str = ""
) -> PairingRule:
    """Add a rule about students, whom names, usernames or e-mail addresses mean. Return it.

    If the course has the same rule, nothing changes. Raises PermissionDenied for those who do not
    lead the course, CourseArchived, RuleRefused, in the language of the page, and
    InvalidMessageFormat if a text means no student, or several.
    """
    locked = _lock(user, course)
    known = Students(locked)
    members = [known.one(text) for text in students if text.strip()]
    name = plain_name(name)
    _check(locked, kind, members, name)
    if (same := queries.same_rule(locked, kind, members)) is not None:
        return same
    # Only fixed groups are known by a name.
    name = name if kind == PairingRule.Kind.FIXED else ""
    _check_others(locked, kind, members, name)
    rule = PairingRule.objects.create(course=locked, kind=kind, name=name)
    PairingMember.objects.bulk_create(PairingMember(rule=rule, user=one) for one in members)
    record(user, locked, "pair", kind, members)
    return rule


@transaction.atomic
def remove_rule(*, user: User, course: str, rule: int) -> RemovedRule | None:
    """Remove a rule of a course, and return it, or None if there is no such rule.

    Raises PermissionDenied for those who do not lead the course, and CourseArchived.
    """
    locked = _lock(user, course)
    found = PairingRule.objects.filter(course=locked, pk=rule).first()
    if found is None:
        return None
    members = queries.members_of(found)
    record(user, locked, "unpair", found.kind, members)
    removed = RemovedRule(found.kind, found.name, [people.username(one) for one in members])
    found.delete()
    return removed


def leave_rules(*, course: Course, users: Collection[people.Key]) -> None:
    """Take users who are no students of the course any more out of its rules.

    Rules about fewer than two people end. The caller holds the lock of the course.
    """
    left, _ = PairingMember.objects.filter(rule__course=course, user__in=users).delete()
    if left:
        end_small_rules(course=course)


def take_over_rules(*, course: Course, source: User, target: User) -> None:
    """Put a user in the place of another one, who is the same person, in the rules of a course.

    The target's own rules stand. The caller holds the lock of the course.
    """
    has_company = bool(queries.together(course, [target]))
    mine = PairingMember.objects.filter(rule__course=course, user=source)
    for member in mine.select_related("rule"):
        taken = PairingMember.objects.filter(rule=member.rule, user=target).exists()
        if taken or (member.rule.kind in TOGETHER and has_company):
            member.delete()
        else:
            PairingMember.objects.filter(pk=member.pk).update(user=target)
    company = queries.together(course, [target]).get(target.pk)
    if company is not None:
        inside = PairingMember.objects.filter(rule=company).exclude(user=target).values("user")
        apart = PairingRule.objects.filter(
            course=course, kind=PairingRule.Kind.NEVER, members__user=target
        )
        against = PairingMember.objects.filter(rule__in=apart, user__in=inside)
        rules = list(against.values_list("rule", flat=True))
        PairingRule.objects.filter(pk__in=rules).delete()
    end_small_rules(course=course)


def end_small_rules(*, course: Course) -> None:
    """Remove the rules of a course that are about fewer than two people."""
    counted = PairingRule.objects.filter(course=course).annotate(count=Count("members"))
    small = list(counted.filter(count__lt=2).values_list("pk", flat=True))
    PairingRule.objects.filter(pk__in=small).delete()


def record(user: User | None, course: Course, act: str, kind: str, members: Sequence[User]) -> None:
    """Write a row of the use log about a rule. `user` is None in a program of the site."""
    usernames = ",".join(people.username(one) for one in members)
    uselog.record(
        [
            uselog.row(
                sid=people.username(user) if user is not None else "",
                user=user.pk if user is not None else None,
                event="course",
                act=f"{act}:{kind}:{usernames}",
                named=[one.pk for one in members],
                course_id=course.slug,
                course=course.pk,
            )
        ]
    )


def _lock(user: User, course: str) -> Course:
    found = permissions.leading(user, course).course
    locked = Course.objects.select_for_update(no_key=True).get(pk=found.pk)
    permissions.in_use(locked)
    return locked


def _check(course: Course, kind: str, members: Sequence[User], name: str) -> None:
    """Raise RuleRefused for a rule that no course can have."""
    if kind not in PairingRule.Kind.values:
        raise RuleRefused(gettext("There is no such kind of rule."))
    if len({one.pk for one in members}) < len(members):
        raise RuleRefused(gettext("Somebody is named twice."))
    if kind == PairingRule.Kind.NEVER and len(members) != 2:
        raise RuleRefused(gettext("Name the two who are never to work together."))
    if len(members) not in SIZES:
        raise RuleRefused(gettext("Name two to five students."))
    if len(name) > NAME_LIMIT:
        raise RuleRefused(gettext("The name of the group is too long."))


def _check_others(course: Course, kind: str, members: Sequence[User], name: str) -> None:
    """Raise RuleRefused for a rule that contradicts the others of the course."""
    if PairingRule.objects.filter(course=course).count() >= MOST_RULES:
        told = gettext("The course has %(count)s rules, which is the most it can have.")
        raise RuleRefused(told % {"count": MOST_RULES})
    if name and queries.group_called(course, name) is not None:
        raise RuleRefused(gettext("The course has a group of this name already."))
    company = queries.together(course, members)
    if kind == PairingRule.Kind.NEVER:
        one, other = members
        if company.get(one.pk) is not None and company.get(one.pk) == company.get(other.pk):
            told = gettext("%(one)s and %(other)s are to work together, by another rule.")
            raise RuleRefused(told % _named(one, other))
        return
    for member in members:
        if member.pk in company:
            told = gettext("%(one)s is in another fixed group, or has a rule “always together”.")
            raise RuleRefused(told % {"one": people.shown_name(member)})
    by_key = {member.pk: member for member in members}
    for first, second in queries.kept_apart(course):
        if first in by_key and second in by_key:
            told = gettext("%(one)s and %(other)s are never to work together, by another rule.")
            raise RuleRefused(told % _named(by_key[first], by_key[second]))


def _named(one: User, other: User) -> dict[str, str]:
    return {"one": people.shown_name(one), "other": people.shown_name(other)}
