"""What a student sees of a released question: reasons, the talk with a partner, and the result."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import people
from rooms.models import (
    ClassSession,
    ClassSettings,
    Course,
    Enrollment,
    Flag,
    Message,
    NightPair,
    Release,
    Seed,
    ShownReason,
    Take,
    Vote,
)
from rooms.peer.offers import Reason
from rooms.peer.reasons import Candidate, Source
from rooms.queries.anonymity import sharing
from rooms.queries.pseudonyms import veiled
from rooms.queries.releases import GRACE, is_over
from rooms.queries.shown import awaited, results_of, shown_rounds

NEWEST = 500
"""Reasons of votes in class, and of answers to a release, of which those to show are chosen."""
MOST_MESSAGES = 200
"""The newest messages of a talk that a page shows."""
PARTNER_SILENT = 30.0
"""Seconds without a sign of life until somebody does not wait for a partner any more."""


@dataclass(frozen=True, slots=True)
class Untold:
    """The ids of the questions and of the releases whose results a student is not told."""

    questions: frozenset[int]
    releases: frozenset[int]


@dataclass(frozen=True, slots=True)
class Shown:
    """A reason for another answer as a student sees it, without its author."""

    pk: int
    answer: str
    text: str
    is_picked: bool


def candidates(release: Release) -> list[Candidate]:
    """Return the reasons that students of a release may be shown now.

    They are those of votes in class on the same version of the question and of answers to its
    releases, by students who consent, and those that lecturers wrote.
    """
    consenting = sharing(release.course)
    found = [
        Candidate(Source.SEED, Reason(key=pk, author=None, answer=choice, text=text))
        for pk, choice, text in Seed.objects.filter(release=release)
        .order_by("pk")
        .values_list("pk", "choice", "text")
    ]
    if not consenting:
        return found
    votes = (
        Vote.objects.filter(
            round__question=release.question_id,
            round__version=release.version_id,
            round__closed_at__isnull=False,
            round__session__course=release.course_id,
            user__in=consenting,
        )
        .exclude(rationale="")
        .select_related("user")
        .order_by("-cast_at", "-pk")[:NEWEST]
    )
    takes = (
        Take.objects.filter(
            release__course=release.course_id,
            release__question=release.question_id,
            release__version=release.version_id,
            release__withdrawn_at=None,
            user__in=consenting,
        )
        .exclude(first_reason="")
        .select_related("user")
        .order_by("-first_at", "-pk")[:NEWEST]
    )
    found += [
        _candidate(Source.VOTE, vote.pk, vote.user, vote.choice, vote.rationale) for vote in votes
    ]
    found += [
        _candidate(Source.TAKE, take.pk, take.user, take.first_choice, take.first_reason)
        for take in takes
    ]
    return found


def _candidate(source: Source, key: int, user: people.User, answer: str, text: str) -> Candidate:
    author: Hashable = user.pk
    names = (people.username(user), people.shown_name(user))
    return Candidate(source, Reason(key=key, author=author, answer=answer, text=text, names=names))


def shown_reasons(take: Take) -> list[Shown]:
    """Return the reasons that a student was shown, as they are now.

    Those whose authors took their consent back, or who are no more, are left out.
    """
    consenting = sharing(take.release.course)
    rows = ShownReason.objects.filter(take=take).select_related("vote", "other", "seed")
    found = []
    for row in rows.order_by("pk"):
        if row.seed is not None:
            answer, text = row.seed.choice, row.seed.text
        elif row.vote is not None and row.vote.user_id in consenting:
            answer, text = row.vote.choice, row.vote.rationale
        elif row.other is not None and row.other.user_id in consenting:
            answer, text = row.other.first_choice, row.other.first_reason
        else:
            continue
        if text:
            found.append(Shown(row.pk, answer, text, row.is_picked))
    return found


def pair_of(take: Take) -> NightPair | None:
    """Return the pair of a student, with the room and both answers, if they had a partner."""
    return (
        NightPair.objects.filter(Q(one=take) | Q(other=take))
        .select_related("room", "one__user", "other__user")
        .order_by("pk")
        .first()
    )


def partner_in(pair: NightPair, take: Take) -> Take:
    """Return what the partner of a student made of the question."""
    return pair.other if pair.one_id == take.pk else pair.one


def talk(pair: NightPair) -> list[Message]:
    """Return the newest messages of a pair, the oldest of them first. Removed ones have no text."""
    found = Message.objects.filter(room=pair.room_id, kind=Message.Kind.TEXT)
    return list(found.select_related("sender").order_by("-seq")[:MOST_MESSAGES])[::-1]


def convincing(pair: NightPair | None, take: Take) -> list[Message]:
    """Return the messages of a partner that a student may say convinced them."""
    if pair is None:
        return []
    flagged = Flag.objects.filter(settled_at=None, message__room=pair.room_id).values("message")
    found = Message.objects.filter(
        room=pair.room_id, kind=Message.Kind.TEXT, removed_at=None
    ).exclude(sender=take.user_id)
    return list(found.exclude(pk__in=flagged).order_by("seq")[:MOST_MESSAGES])


def may_pair(course: Course) -> bool:
    """Return whether students of a course can find a partner outside class now."""
    return (
        ClassSettings.of(course).pairs_at_night
        and course.archived_at is None
        and not veiled([course.pk])
        and not ClassSession.objects.filter(course=course, ended_at=None).exists()
    )


def has_to_pick(take: Take) -> bool:
    """Return whether a student is still to say what convinced them, and had something to."""
    if take.second_at is None or take.convinced:
        return False
    return ShownReason.objects.filter(take=take).exists() or pair_of(take) is not None


def is_revealed(release: Release, take: Take | None, now: datetime | None = None) -> bool:
    """Return whether a student may see the result of a release."""
    if is_over(release, now or timezone.now()):
        return True
    return (
        release.reveals == Release.Reveals.AT_ONCE
        and take is not None
        and take.second_at is not None
        and not has_to_pick(take)
    )


def is_told(user: people.User, release: Release, take: Take | None, now: datetime) -> bool:
    """Return whether a student sees the result of a release, also where it is released again.

    Whoever did not finish an earlier release is to answer the later one without its result. Nobody
    sees it while the class is at the question again.
    """
    return _Told(user, release.course, now)(release, take)


def untold(user: people.User, course: Course, now: datetime | None = None) -> Untold:
    """Return what a student of a course is not told, neither the result nor what is right."""
    now = now or timezone.now()
    told = _Told(user, course, now)
    takes = {
        take.release_id: take for take in Take.objects.filter(release__course=course, user=user)
    }
    releases = Release.objects.filter(course=course, withdrawn_at=None)
    return Untold(
        questions=told.withheld,
        releases=frozenset(one.pk for one in releases if not told(one, takes.get(one.pk))),
    )


class _Told:
    """Tells which results of releases a student of a course sees."""

    def __init__(self, user: people.User, course: Course, now: datetime) -> None:
        self._now = now
        self._awaited = awaited(course)
        self.withheld = withheld(user, course, now)

    def __call__(self, release: Release, take: Take | None) -> bool:
        if release.question_id == self._awaited or not is_revealed(release, take, self._now):
            return False
        if take is not None and take.second_at is not None:
            return True
        return release.question_id not in self.withheld


def withheld(user: people.User, course: Course, now: datetime | None = None) -> frozenset[int]:
    """Return the ids of the questions whose results a student is not told, wherever they look.

    These are released, now or later, and the student is to answer them without knowing what the
    class was shown. Nothing is kept from those who lead the course, from students who answered the
    question in a class that then saw the result, nor in an archived course, where nobody answers
    any more.
    """
    now = now or timezone.now()
    current = Release.objects.filter(course=course, withdrawn_at=None).filter(
        Q(due_at=None) | Q(due_at__gt=now - GRACE)
    )
    if course.archived_at is not None or not current.exists():
        return frozenset()
    students = Enrollment.objects.filter(course=course, user=user, role=Enrollment.Role.STUDENT)
    if not students.exists():
        return frozenset()
    takes = {take.release_id: take for take in Take.objects.filter(user=user, release__in=current)}
    waiting = {one.question_id for one in current if not is_revealed(one, takes.get(one.pk), now)}
    if not waiting:
        return frozenset()
    voted = Vote.objects.filter(user=user, round__question__in=waiting)
    rounds = voted.values_list(Coalesce("round__first", "round"), flat=True)
    answered = list(shown_rounds(course).filter(pk__in=set(rounds)))
    told = results_of(course, answered)
    return frozenset(waiting.difference(one.question_id for one in answered if one.pk in told))


def take_of(user: people.User, release: Release) -> Take | None:
    """Return what a student made of a release so far, or None."""
    take = Take.objects.filter(release=release, user=user).first()
    if take is not None:
        take.release = release
    return take
