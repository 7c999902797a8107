"""The rules by which a course marks participation, as its instructors change them."""

from decimal import Decimal
from typing import TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from accounts.people import User
from rooms import permissions
from rooms.actions import audit
from rooms.models import Course, MarkRules
from rooms.models.marks import SCORED
from rooms.wire.errors import InvalidMessageFormat


class Changes(TypedDict, total=False):
    """New values of rules, by the names of their fields."""

    first_vote: int
    second_vote: int
    message: int
    right_first: int
    right_second: int
    dropped: int
    dropped_of: str
    enough: int
    full_mark: Decimal
    released: int
    shows_students: bool


FIELDS = tuple(Changes.__annotations__)
"""The names of the rules."""


@transaction.atomic
def change_rules(*, user: User, course: str, **changes: Unpack[Changes]) -> MarkRules:
    """Change how a course marks participation, and return all of its rules.

    What is left out stays. As marks are not stored, all of them follow at once. Raises
    PermissionDenied for those who are no instructor, CourseArchived, and InvalidMessageFormat for
    a value that a rule cannot have.
    """
    found = permissions.instructing(user, course).course
    locked = Course.objects.select_for_update(no_key=True).get(pk=found.pk)
    permissions.in_use(locked)
    rules = MarkRules.of(locked)
    before = {name: getattr(rules, name) for name in FIELDS}
    for name, value in changes.items():
        setattr(rules, name, value)
    _check(rules)
    changed = [
        f"{name}: {_plain(before[name])} → {_plain(value)}"
        for name in FIELDS
        if (value := getattr(rules, name)) != before[name]
    ]
    if changed:
        rules.save()
        audit.record(actor=user, act="marks.rules", course=locked, detail="; ".join(changed))
    return rules


def copy_rules(*, source: Course, copy: Course) -> None:
    """Give a course that was just made the rules of another one, if that has any.

    The caller has checked that the user may do this.
    """
    rules = MarkRules.objects.filter(course=source).first()
    if rules is not None:
        rules.pk, rules.course = None, copy
        rules.save(force_insert=True)


def _check(rules: MarkRules) -> None:
    try:
        rules.clean_fields(exclude=["course"])
    except ValidationError as error:
        wrong = [f"`{name}`: {' '.join(texts)}" for name, texts in error.message_dict.items()]
        raise InvalidMessageFormat(" ".join(wrong)) from None
    if not any(getattr(rules, name) for name in SCORED):
        told = gettext("Give points for at least one thing, else all marks would be the same.")
        raise InvalidMessageFormat(told)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return str(value).lower()
