"""Releasing questions, to be answered outside class until a date."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.people import User
from rooms import permissions
from rooms.actions import audit, night
from rooms.actions.question_edits import lock_course
from rooms.actions.questions import check_ready, version_of
from rooms.models import ClassSession, Course, Question, Release, Seed
from rooms.peer.answers import AnswerKey
from rooms.queries import releases as reads
from rooms.queries.slugs import find_question
from rooms.wire.errors import InvalidMessageFormat, NoSuchRelease, ReleaseRefused
from rooms.wire.text import clean_rationale

LONGEST = timedelta(days=2 * 366)
"""How far ahead a release may open or be due."""


@dataclass(frozen=True, slots=True)
class Terms:
    """From when until when a question is open, and when its result is shown.

    Without `due_at` it stays open, and the result is shown after the second answer.
    """

    opens_at: datetime
    due_at: datetime | None = None
    reveals: str = Release.Reveals.AT_ONCE


SeedTexts = Sequence[tuple[str, str]]
"""First reasons: the answer that each is for, and its text."""


@transaction.atomic
def release_question(
    *,
    user: User,
    course: str,
    question: str,
    name: uuid.UUID,
    terms: Terms,
    seeds: SeedTexts = (),
) -> Release:
    """Release a question of a course as it is now, with first reasons for some of its answers.

    A release of this `name` that there is already is returned as it is. Raises PermissionDenied for
    those who do not lead the course, and in a try-out; CourseArchived; QuestionNotReady;
    InvalidMessageFormat if the course has no such question; and ReleaseRefused, with a sentence,
    for terms or reasons that cannot be, for a poll, and if the question is released already or the
    class is at it, whose page shows the result to whoever opens it.
    """
    course_ = _lock(user, course)
    known = Release.objects.filter(name=name).first()
    if known is not None:
        if known.course_id != course_.pk:
            # Whoever sent the form of another course again.
            raise ReleaseRefused(gettext("This form is out of date. Load the page again."))
        return known
    found = find_question(course_, question)
    if found is None:
        raise InvalidMessageFormat("The course has no such question.")
    check_ready(found)
    if not reads.releasable(found):
        raise ReleaseRefused(
            gettext("A draft, a poll or a question without words cannot be released.")
        )
    now = timezone.now()
    if found.pk in reads.released_now(course_, now):
        raise ReleaseRefused(gettext("This question is released already."))
    if reads.is_current(found):
        raise ReleaseRefused(
            gettext(
                "The class is at this question. Release it once the class has gone on or ended."
            )
        )
    check_terms(terms, now)
    made = _make(course_, user, found, name=name, terms=terms, now=now)
    _set_seeds(made, seeds)
    _note(user, course_, "release.make", [made])
    return made


@transaction.atomic
def release_session(
    *, user: User, course: str, session: int, name: uuid.UUID, terms: Terms
) -> list[Release]:
    """Release all questions of a class that is over, in one go, and return their releases.

    Polls, drafts and what is released already are left out. The same `name` again returns what
    there is. Raises as `release_question` does, and ReleaseRefused if nothing is left.
    """
    course_ = _lock(user, course)
    of = ClassSession.objects.filter(course=course_, pk=session, ended_at__isnull=False).first()
    if of is None:
        raise ReleaseRefused(gettext("Only a class that is over can be released."))
    asked = reads.questions_asked(of)
    names = {question.pk: uuid.uuid5(name, str(question.pk)) for question in asked}
    known = list(Release.objects.filter(course=course_, name__in=names.values()).order_by("pk"))
    if known:
        return known
    now = timezone.now()
    check_terms(terms, now)
    taken = reads.released_now(course_, now)
    wanted = [one for one in asked if one.pk not in taken and reads.releasable(one)]
    if not wanted:
        raise ReleaseRefused(
            gettext("This class has no question that can be released, or all are released already.")
        )
    made = [
        _make(course_, user, one, name=names[one.pk], terms=terms, now=now, session=of)
        for one in wanted
    ]
    _note(user, course_, "release.make", made)
    return made


@transaction.atomic
def change_release(
    *,
    user: User,
    course: str,
    release: int,
    terms: Terms | None = None,
    seeds: SeedTexts | None = None,
    withdrawn: bool | None = None,
) -> Release:
    """Change when a release is open, its first reasons, or whether it is withdrawn.

    What is left out stays. Once somebody began, it cannot open later. First reasons that stay keep
    who was shown them. Raises as `release_question` does, and NoSuchRelease.
    """
    course_ = _lock(user, course)
    found = (
        Release.objects.select_for_update(no_key=True, of=("self",))
        .select_related("question", "version", "course")
        .filter(course=course_, pk=release)
        .first()
    )
    if found is None:
        raise NoSuchRelease
    now = timezone.now()
    changed = []
    if terms is not None and _terms(found) != terms:
        check_terms(terms, now, found)
        if terms.opens_at > found.opens_at and found.takes.exists():
            raise ReleaseRefused(gettext("Somebody has begun already, so it cannot open later."))
        was_over = reads.is_due(found, now)
        found.opens_at, found.due_at, found.reveals = terms.opens_at, terms.due_at, terms.reveals
        if was_over and not reads.is_due(found, now) and found.withdrawn_at is None:
            _check_alone(found, now)
        changed.append("terms")
    if seeds is not None and _set_seeds(found, seeds):
        changed.append("reasons")
    if withdrawn is not None and withdrawn != (found.withdrawn_at is not None):
        if not withdrawn:
            _check_alone(found, now)
        found.withdrawn_at = now if withdrawn else None
        changed.append("withdrawn" if withdrawn else "restored")
    if changed:
        found.save()
        _note(user, course_, "release.change", [found], *changed)
    if found.withdrawn_at is not None or reads.is_due(found, now):
        night.end_all(release=found)
    return found


def _check_alone(release: Release, now: datetime) -> None:
    """Check that a release which is open again is the only one of its question."""
    if not reads.is_due(release, now) and release.question_id in reads.released_now(
        release.course, now, but=release.pk
    ):
        raise ReleaseRefused(gettext("This question is released already."))


def check_terms(terms: Terms, now: datetime, before: Release | None = None) -> None:
    """Check when a release is open, which may be stored with other terms.

    Raises ReleaseRefused, with a sentence in the language of the page.
    """
    if terms.due_at is not None and terms.due_at <= terms.opens_at:
        raise ReleaseRefused(gettext("The end must be after the beginning."))
    is_new = before is None or terms.due_at != before.due_at
    if is_new and terms.due_at is not None and terms.due_at <= now:
        raise ReleaseRefused(gettext("The end is in the past."))
    opens_as_before = before is not None and terms.opens_at == before.opens_at
    if max(terms.opens_at, terms.due_at or terms.opens_at) > now + LONGEST or (
        terms.opens_at < now - LONGEST and not opens_as_before
    ):
        raise ReleaseRefused(gettext("A release begins and ends within two years."))
    if terms.reveals not in Release.Reveals.values:
        raise ReleaseRefused(gettext("Choose when the result is shown."))
    if terms.reveals == Release.Reveals.WHEN_DUE and terms.due_at is None:
        raise ReleaseRefused(gettext("To show the result at the end, say when that is."))


def _terms(release: Release) -> Terms:
    return Terms(release.opens_at, release.due_at, release.reveals)


def _lock(user: User, course: str) -> Course:
    locked = lock_course(user=user, course=course)
    permissions.lasting(locked)
    return locked


def _make(
    course: Course,
    user: User,
    question: Question,
    *,
    name: uuid.UUID,
    terms: Terms,
    now: datetime,
    session: ClassSession | None = None,
) -> Release:
    if Release.objects.filter(course=course).count() >= reads.MOST_RELEASES:
        raise ReleaseRefused(
            gettext("A course has %(most)s releases at most.") % {"most": reads.MOST_RELEASES}
        )
    return Release.objects.create(
        course=course,
        question=question,
        version=version_of(question),
        session=session,
        name=name,
        released_by=user,
        released_at=now,
        opens_at=terms.opens_at,
        due_at=terms.due_at,
        reveals=terms.reveals,
    )


def _set_seeds(release: Release, seeds: SeedTexts) -> bool:
    """Give a release these first reasons. Return whether that changed anything."""
    wanted = dict.fromkeys(cleaned_seeds(release.version.key, seeds))
    stored = {(seed.choice, seed.text): seed for seed in reads.seeds_of(release)}
    gone = [seed.pk for pair, seed in stored.items() if pair not in wanted]
    new = [pair for pair in wanted if pair not in stored]
    Seed.objects.filter(pk__in=gone).delete()
    Seed.objects.bulk_create(Seed(release=release, choice=one, text=text) for one, text in new)
    return bool(gone or new)


def cleaned_seeds(key: AnswerKey, seeds: SeedTexts) -> list[tuple[str, str]]:
    """Return first reasons as they are stored, without those that are empty.

    Raises ReleaseRefused for an answer that the question does not have, and for too many of them,
    and TextTooLong.
    """
    found = []
    for choice, text in seeds:
        cleaned = clean_rationale(text)
        if not cleaned:
            continue
        try:
            found.append((key.canonical(choice), cleaned))
        except ValueError:
            told = gettext("“%(answer)s” is no answer to this question.")
            raise ReleaseRefused(told % {"answer": choice}) from None
    if len(found) > reads.MOST_SEEDS:
        raise ReleaseRefused(
            gettext("A release has %(most)s first reasons at most.") % {"most": reads.MOST_SEEDS}
        )
    return found


def _note(user: User, course: Course, act: str, releases: Iterable[Release], *what: str) -> None:
    slugs = ", ".join(one.question.slug for one in releases)
    audit.record(actor=user, act=act, course=course, detail=": ".join([slugs, *what]))
