"""What tests of questions outside class have in common."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from rooms.actions import releases, takes
from rooms.actions.releases import Terms
from rooms.models import Release, Take
from tests.rooms.school import School

DAY = timedelta(days=1)
REASON = "Both forces are equal, because each of them acts on the other body with the same size."


def terms(
    *, opens: timedelta = -DAY, due: timedelta | None = DAY, reveals: str = "at_once"
) -> Terms:
    now = timezone.now()
    return Terms(now + opens, None if due is None else now + due, reveals)


def release(school: School, question: str = "force", **options: Any) -> Release:
    """Release a question of the course, as its instructor."""
    seeds = options.pop("seeds", ())
    return releases.release_question(
        user=school.ines,
        course="physics",
        question=question,
        name=uuid.uuid4(),
        terms=terms(**options),
        seeds=seeds,
    )


def answer(school: School, name: str, of: Release, *choices: str, reason: str = "") -> Take:
    """Let a student begin, and answer as often as there are choices."""
    common: dict[str, Any] = {
        "user": school.person(name),
        "course": "physics",
        "release": of.pk,
    }
    take = takes.begin(**common)
    for number, choice in enumerate(choices):
        take = takes.answer(**common, choice=choice, reason=reason, again=bool(number))
    return take


def share(school: School, *names: str) -> None:
    """Let students consent that others see their reasons."""
    for name in names:
        one = school.enrollment(school.person(name))
        one.shares_reasons_since = timezone.now()
        one.save()
