"""The questions of a course that are released to be answered outside class."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms.models import (
    ClassSession,
    Course,
    Enrollment,
    Question,
    Release,
    Round,
    Seed,
    ShownReason,
    Take,
    Vote,
)
from rooms.peer.content import Kind
from rooms.peer.phases import Phase
from rooms.peer.posed import Posed
from rooms.queries.anonymity import sharing
from rooms.queries.released import of_releases
from rooms.wire.errors import NoSuchRelease

GRACE = timedelta(seconds=30)
"""How late an answer may come, which a student sent before the end and a slow network kept.

Nobody is told a result before, as they could still send it.
"""
MOST_RELEASES = 2_000
"""Releases of a course, with the withdrawn ones."""
MOST_SEEDS = 26
"""First reasons of a release."""
SESSIONS = 100
"""The most classes that a page offers to release."""


def releases_of(course: Course) -> QuerySet[Release]:
    """Return the releases of a course, the last opened first, with what students did so far.

    Each has the numbers `begun`, `once` and `twice` of the students who began it, who answered, and
    who answered again.
    """
    return (
        Release.objects.filter(course=course)
        .select_related("question", "version", "session")
        .annotate(
            begun=Count("takes"),
            once=Count("takes", filter=Q(takes__first_at__isnull=False)),
            twice=Count("takes", filter=Q(takes__second_at__isnull=False)),
        )
        .order_by("-opens_at", "-pk")
    )


def release_of(course: Course, pk: int) -> Release:
    """Return one of `releases_of`. Raises NoSuchRelease."""
    found = releases_of(course).filter(pk=pk).first()
    if found is None:
        raise NoSuchRelease
    return found


def visible(course: Course, now: datetime | None = None) -> QuerySet[Release]:
    """Return the releases that students of a course may see, those due first at the front.

    What has not opened yet and what was withdrawn is left out.
    """
    found = Release.objects.filter(
        course=course, withdrawn_at=None, opens_at__lte=now or timezone.now()
    )
    return found.select_related("question", "version").order_by("-opens_at", "-pk")


def to_answer(user: User) -> QuerySet[Release]:
    """Return the releases of all courses that a user, as a student, can still answer now."""
    now = timezone.now()
    done = Take.objects.filter(release=OuterRef("pk"), user=user, second_at__isnull=False)
    found = Release.objects.filter(
        ~Exists(done),
        course__archived_at=None,
        course__enrollments__user=user,
        course__enrollments__role=Enrollment.Role.STUDENT,
        withdrawn_at=None,
        opens_at__lte=now,
    )
    return found.exclude(due_at__lte=now).order_by()


def visible_one(course: Course, pk: int) -> Release:
    """Return one of `visible`. Raises NoSuchRelease."""
    found = visible(course).filter(pk=pk).first()
    if found is None:
        raise NoSuchRelease
    return found


def is_due(release: Release, now: datetime) -> bool:
    """Return whether the time for answers to a release is over."""
    return release.due_at is not None and release.due_at <= now


def is_over(release: Release, now: datetime) -> bool:
    """Return whether no answer to a release is taken any more, not even a late one."""
    return release.due_at is not None and release.due_at + GRACE <= now


@dataclass(frozen=True, slots=True)
class Outside:
    """A release as a student sees it in a list, with what they did so far, if they began."""

    release: Release
    take: Take | None
    is_due: bool

    @property
    def state(self) -> str:
        """Return `new`, `begun`, `between` the two answers, `done`, or `missed` once it is due."""
        take = self.take
        if take is not None and take.second_at is not None:
            return "done"
        if self.is_due:
            return "missed"
        if take is None:
            return "new"
        return "begun" if take.first_at is None else "between"


def outside(user: User, releases: list[Release]) -> list[Outside]:
    """Return releases as a student sees them."""
    now = timezone.now()
    takes = {
        take.release_id: take
        for take in Take.objects.filter(user=user, release__in=[one.pk for one in releases])
    }
    return [Outside(one, takes.get(one.pk), is_due(one, now)) for one in releases]


def releasable(question: Question) -> bool:
    """Return whether a question can be answered by oneself: it has words and is no poll."""
    has_words = bool(question.prompt.strip()) and not question.is_draft
    return has_words and question.kind != Kind.POLL


def is_current(question: Question) -> bool:
    """Return whether a class is at a question, also after its reveal."""
    at = ClassSession.objects.filter(ended_at=None, current_round__question=question)
    return at.exclude(phase=Phase.IDLE).exists()


def released_now(
    course: Course, now: datetime | None = None, *, but: int | None = None
) -> set[int]:
    """Return the ids of the questions that students can answer now, or will be able to.

    The release with the id `but` does not count.
    """
    now = now or timezone.now()
    current = Release.objects.filter(course=course, withdrawn_at=None)
    current = current.filter(Q(due_at=None) | Q(due_at__gt=now))
    if but is not None:
        current = current.exclude(pk=but)
    return set(current.order_by().values_list("question", flat=True))


def classes_of(course: Course) -> list[tuple[ClassSession, int]]:
    """Return the last classes of a course that are over, with the numbers of their questions."""
    asked = Count("rounds__question", filter=Q(rounds__number=1), distinct=True)
    found = ClassSession.objects.filter(course=course, ended_at__isnull=False).annotate(asked=asked)
    rows = found.filter(asked__gt=0).order_by("-started_at")[:SESSIONS]
    return [(one, getattr(one, "asked", 0)) for one in rows]


def questions_asked(session: ClassSession) -> list[Question]:
    """Return the questions that a class was asked, in their order."""
    rounds = Round.objects.filter(session=session, number=1, closed_at__isnull=False)
    ordered = list(
        dict.fromkeys(rounds.order_by("opened_at", "pk").values_list("question", flat=True))
    )
    found = Question.objects.prefetch_related("choices").in_bulk(ordered)
    return [found[pk] for pk in ordered]


def seeds_of(release: Release) -> list[Seed]:
    """Return the first reasons of a release."""
    return list(Seed.objects.filter(release=release).order_by("choice", "pk"))


def answers_of(release: Release) -> Posed:
    """Return what students answered to one of `releases_of`."""
    (one,) = of_releases([release], messages=True)
    return one


@dataclass(frozen=True, slots=True)
class Picked:
    """A reason that convinced students, with how many saw it and how many picked it."""

    answer: str
    text: str
    is_seed: bool
    shown: int
    picked: int


def picked_reasons(release: Release, most: int = 10) -> list[Picked]:
    """Return the reasons that convinced most, without their authors.

    Reasons of students who do not let others see theirs now are left out.
    """
    consenting = sharing(release.course)
    counted = (
        ShownReason.objects.filter(take__release=release)
        .order_by()
        .values_list("vote", "other", "seed")
        .annotate(seen=Count("pk"), chosen=Count("pk", filter=Q(is_picked=True)))
        .filter(chosen__gt=0)
        .order_by("-chosen", "seen", "vote", "other", "seed")[: 3 * most]
    )
    rows: list[tuple[_Of, int, int]] = [
        ((vote, other, seed), seen, chosen) for vote, other, seed, seen, chosen in counted
    ]
    texts = _texts([of for of, _, _ in rows])
    found: list[Picked] = []
    for of, seen, chosen in rows:
        answer, text, author = texts.get(of, ("", "", None))
        is_seed = of[2] is not None
        if text and (is_seed or author in consenting):
            found.append(Picked(answer, text, is_seed, seen, chosen))
    return found[:most]


_Of = tuple[int | None, int | None, int | None]
"""The ids of the vote, the answer to a release or the seed that a reason is of; one is there."""


def _texts(rows: Sequence[_Of]) -> dict[_Of, tuple[str, str, people.Key]]:
    """Return the answer, the text and the author of reasons."""
    votes, others, seeds = (
        [pk for of in rows if (pk := of[place]) is not None] for place in range(3)
    )
    found: dict[_Of, tuple[str, str, people.Key]] = {}
    for vote in Vote.objects.filter(pk__in=votes):
        found[vote.pk, None, None] = vote.choice, vote.rationale, vote.user_id
    for take in Take.objects.filter(pk__in=others):
        found[None, take.pk, None] = take.first_choice, take.first_reason, take.user_id
    for seed in Seed.objects.filter(pk__in=seeds):
        found[None, None, seed.pk] = seed.choice, seed.text, None
    return found
