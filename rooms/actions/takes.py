"""A student's pass through a released question: two answers, and what convinced them between."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.people import User
from rooms import permissions, ratelimit
from rooms.actions import asked, night
from rooms.models import ClassSettings, Course, Enrollment, Message, Release, ShownReason, Take
from rooms.peer import reasons
from rooms.queries import takes as reads
from rooms.queries.releases import GRACE, visible_one
from rooms.wire.errors import InvalidChoice, NoSuchArgument, PermissionDenied, ReleaseClosed
from rooms.wire.text import clean_rationale


@transaction.atomic
def begin(*, user: User, course: str, release: int) -> Take:
    """Show a student a released question for the first time, from when on their time counts.

    Whoever began already goes on. Raises PermissionDenied for those who are no student of the
    course, CourseArchived, NoSuchRelease, RateLimited, and ReleaseClosed once the time is over.
    """
    ratelimit.subscribed.take(user.pk)
    found = _release(user, course, release)
    known = Take.objects.filter(release=found, user=user).first()
    if known is not None:
        return known
    now = timezone.now()
    _check_open(found, now, timedelta())
    try:
        with transaction.atomic():
            return Take.objects.create(release=found, user=user, started_at=now)
    except IntegrityError:
        # Another request of the same student was faster.
        return Take.objects.get(release=found, user=user)


@transaction.atomic
def answer(
    *,
    user: User,
    course: str,
    release: int,
    choice: str,
    confidence: int | None = None,
    reason: str = "",
    again: bool = False,
) -> Take:
    """Store the first answer of a student who has begun, or with `again` the second one.

    With the first one the student gets the reasons for other answers that they will be shown. The
    same answer once more changes nothing. Raises as `begin` does; ReleaseClosed also if the step is
    not due, or was done with another answer; InvalidChoice; IncompleteVote without what the course
    requires; TextTooLong and RateLimited.
    """
    cleaned = clean_rationale(reason)
    ratelimit.votes.take(user.pk)
    found = _release(user, course, release)
    take = _locked(user, found)
    try:
        canonical = found.version.key.canonical(choice)
    except ValueError as error:
        raise InvalidChoice(str(error)) from None
    stored = take.second_choice if again else take.first_choice
    if stored:
        if stored != canonical:
            raise ReleaseClosed("You have answered this already.")
        return take
    now = timezone.now()
    _check_open(found, now, GRACE)
    settings = ClassSettings.of(found.course)
    given = asked.as_asked(settings, confidence, cleaned)
    asked.require(settings, *given)
    if again:
        _store_second(take, canonical, given, now)
    else:
        _store_first(take, canonical, given, now)
    return take


@transaction.atomic
def pick(
    *,
    user: User,
    course: str,
    release: int,
    convinced: str,
    shown: int | None = None,
    message: UUID | None = None,
) -> Take:
    """Store what convinced a student who has answered twice.

    `convinced` is a value of `Take.Convinced`; `shown` names the reason, and `message` that of the
    partner. Where this shows the result, it ends the talk. The same again changes nothing. Raises
    PermissionDenied, CourseArchived and NoSuchRelease as `begin` does, ReleaseClosed before the
    second answer or after another pick, and NoSuchArgument for a reason or message that the student
    does not have.
    """
    ratelimit.votes.take(user.pk)
    found = _release(user, course, release)
    take = _locked(user, found)
    if take.second_at is None:
        raise ReleaseClosed
    said = Take.Convinced(convinced) if convinced in Take.Convinced.values else None
    if said is None:
        raise NoSuchArgument
    reason = _reason(take, shown) if said == Take.Convinced.REASON else None
    text = _message(take, message) if said == Take.Convinced.MESSAGE else None
    if take.convinced:
        picked = ShownReason.objects.filter(take=take, is_picked=True).first()
        if (take.convinced, picked, take.message_id) != (said, reason, text and text.pk):
            raise ReleaseClosed("You have said already what convinced you.")
        return take
    take.convinced, take.message = said, text
    take.save(update_fields=["convinced", "message"])
    if reason is not None:
        reason.is_picked = True
        reason.save(update_fields=["is_picked"])
    if found.reveals == Release.Reveals.AT_ONCE:
        # Whoever sees the result now must not tell a partner who is still to answer.
        night.end_talks(takes=[take])
    return take


def student_of(user: User, course: str) -> Course:
    """Return a course in use of which the user is a student.

    Raises PermissionDenied and CourseArchived.
    """
    enrollment = permissions.enrolled(user, course)
    if enrollment.role != Enrollment.Role.STUDENT:
        raise PermissionDenied("Only students of the course can do this.")
    permissions.in_use(enrollment.course)
    return enrollment.course


def _release(user: User, course: str, release: int) -> Release:
    found = visible_one(student_of(user, course), release)
    permissions.lasting(found.course)
    return found


def _locked(user: User, release: Release) -> Take:
    """Return the pass of a student, whose row is locked. Raises ReleaseClosed before it began."""
    take = (
        Take.objects.select_for_update(no_key=True, of=("self",))
        .filter(release=release, user=user)
        .first()
    )
    if take is None:
        raise ReleaseClosed("Begin with the question first.")
    take.release = release
    return take


def _check_open(release: Release, now: datetime, grace: timedelta) -> None:
    if release.due_at is not None and release.due_at + grace <= now:
        raise ReleaseClosed("The time for this question is over.")


def _store_first(take: Take, choice: str, given: asked.Given, now: datetime) -> None:
    take.first_choice, take.first_at = choice, max(now, take.started_at)
    take.first_confidence, take.first_reason = given
    take.save(update_fields=["first_choice", "first_at", "first_confidence", "first_reason"])
    _show_reasons(take, take.release.version.key.group)


def _store_second(take: Take, choice: str, given: asked.Given, now: datetime) -> None:
    if take.first_at is None:
        raise ReleaseClosed("Answer for the first time first.")
    take.second_choice, take.second_at = choice, max(now, take.first_at)
    take.second_confidence, take.second_reason = given
    take.waiting_since = None
    take.save(
        update_fields=[
            *("second_choice", "second_at", "second_confidence", "second_reason"),
            "waiting_since",
        ]
    )
    night.end_if_done(take=take)


def _show_reasons(take: Take, same: Callable[[str], str]) -> None:
    """Choose the reasons that a student is shown, so that they see the same after a reload."""
    chosen = reasons.choose(
        reads.candidates(take.release),
        reader=take.user_id,
        answer=take.first_choice,
        same=same,
        # Need not be secret, but should differ from student to student.
        rng=random.Random(),
    )
    fields = {
        reasons.Source.SEED: "seed_id",
        reasons.Source.VOTE: "vote_id",
        reasons.Source.TAKE: "other_id",
    }
    ShownReason.objects.bulk_create(
        ShownReason(take=take, **{fields[one.source]: one.reason.key}) for one in chosen
    )


def _reason(take: Take, shown: int | None) -> ShownReason:
    if shown not in {one.pk for one in reads.shown_reasons(take)}:
        raise NoSuchArgument
    return ShownReason.objects.get(take=take, pk=shown)


def _message(take: Take, message: UUID | None) -> Message:
    for one in reads.convincing(reads.pair_of(take), take):
        if one.pk == message:
            return one
    raise NoSuchArgument
