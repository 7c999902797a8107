"""The pictures of a course, and who may see which."""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms.models import ClassSession, Course, Enrollment, Picture, QuestionVersion, Round
from rooms.peer.phases import Phase
from rooms.permissions import enrolled
from rooms.queries.classroom import class_session
from rooms.queries.questions import reveals
from rooms.queries.releases import visible
from rooms.queries.takes import is_told, take_of, withheld
from rooms.wire.errors import PermissionDenied

_IS_KEY = re.compile(r"[0-9a-f]{32}")
_CITED = re.compile(r"picture:([0-9a-f]{32})(?![0-9a-f])")


def pictures_of(*texts: str) -> set[str]:
    """Return the keys of the pictures that texts cite."""
    return {key for text in texts for key in _CITED.findall(text)}


def known(course: Course, digest: str) -> Picture | None:
    """Return the picture of a course that was made of, or has, the bytes of this SHA-256."""
    same = Q(source_digest=digest) | Q(digest=digest)
    return course.pictures.filter(same).order_by("pk").first()


def stored_bytes(picture: Picture) -> bytes:
    """Return the bytes of a picture. Raises OSError if its file is missing."""
    with picture.file.open("rb") as file:
        data: bytes = file.read()
    return data


def used(course: Course) -> set[str]:
    """Return the keys of the pictures that questions of a course cite, now or when asked."""
    found: set[str] = set()
    for question in course.questions.prefetch_related("choices"):
        now = question.content
        found |= pictures_of(now.prompt, now.explanation, now.follow_up)
        found |= pictures_of(*(text for one in now.choices for text in (one.text, one.feedback)))
    for version in QuestionVersion.objects.filter(question__course=course).iterator(200):
        found |= _before_reveal(version) | _after_reveal(version)
    return found


def for_member(user: User, slug: str, key: str) -> Picture | None:
    """Return a picture of a course that the user may see now, or None.

    Those who lead the course see all. Others see what they were asked, in class or outside: the
    pictures of the question and its choices since it was asked, and those of the explanation, the
    follow-up and the feedback since it was revealed.
    """
    if not _IS_KEY.fullmatch(key):
        return None
    try:
        enrollment = enrolled(user, slug)
    except PermissionDenied:
        return None
    course = enrollment.course
    if not enrollment.leads and not _seen(course, key, [user]):
        return None
    return course.pictures.filter(key=key).first()


def for_members(
    users: Collection[people.Key], slug: str, key: str
) -> tuple[Picture | None, set[people.Key]]:
    """Return a picture of a course, and those of the users who may see it now.

    It says the same as `for_member`, for a whole class with few queries, except that it knows no
    former slugs.
    """
    roles = Enrollment.objects.filter(course__slug=slug, user__in=users).select_related(
        "course", "user"
    )
    found = {one.user_id: one for one in roles}
    may = {user for user, one in found.items() if one.leads}
    course = next((one.course for one in found.values()), None)
    if course is None or not _IS_KEY.fullmatch(key):
        return None, set()
    if len(may) < len(found):
        may |= _seen(course, key, [one.user for one in found.values() if not one.leads])
    return (course.pictures.filter(key=key).first() if may else None), may


def for_screen(course: Course, key: str) -> Picture | None:
    """Return a picture that the screen of the hall shows now, or None."""
    if not _IS_KEY.fullmatch(key) or not _is_shown(class_session(course), key):
        return None
    return course.pictures.filter(key=key).first()


def _is_shown(session: ClassSession | None, key: str) -> bool:
    """Return whether the current question of a class shows a picture."""
    if session is None or session.current_round is None:
        return False
    asked = session.current_round.asked
    return key in _before_reveal(asked) or (
        session.phase == Phase.REVEALED and key in _after_reveal(asked)
    )


def _seen(course: Course, key: str, users: Collection[User]) -> set[people.Key]:
    """Return those of these students of a course who may see a picture now."""
    everybody = {user.pk for user in users}
    session = class_session(course)
    if _is_shown(session, key):
        return everybody
    at = None if session is None or session.current_round is None else session.current_round
    revealed = set()
    for version in _citing(course, key):
        if key in _before_reveal(version):
            return everybody
        is_open = (
            session is not None
            and at is not None
            and at.question_id == version.question_id
            and session.phase != Phase.REVEALED
        )
        # A class that is asked the question again has to find the answer again.
        if not is_open and _was_revealed(course, version):
            revealed.add(version.question_id)
    cites, choices = _cites(key, "version__")
    releases = list(visible(course).annotate(**choices).filter(cites))
    if any(key in _before_reveal(one.version) for one in releases):
        return everybody
    if not revealed and not releases:
        return set()
    now = timezone.now()
    return {
        user.pk
        for user in users
        if revealed - withheld(user, course, now)
        or any(is_told(user, one, take_of(user, one), now) for one in releases)
    }


def _citing(course: Course, key: str) -> Iterable[QuestionVersion]:
    """Return the versions that a class of the course was asked and that have the key somewhere."""
    cites, choices = _cites(key)
    return (
        QuestionVersion.objects.filter(question__course=course)
        .filter(Exists(Round.objects.filter(version=OuterRef("pk"))))
        .annotate(**choices)
        .filter(cites)
        .select_related("question")
    )


def _cites(key: str, prefix: str = "") -> tuple[Q, dict[str, Cast]]:
    """Return the condition for a version, behind `prefix`, to have a key, and what it compares."""
    cites = Q(all_choices__contains=key)
    for name in ("prompt", "explanation", "follow_up"):
        cites |= Q(**{f"{prefix}{name}__contains": key})
    return cites, {"all_choices": Cast(f"{prefix}choices", TextField())}


def _was_revealed(course: Course, version: QuestionVersion) -> bool:
    """Return whether a class was asked a question in this version and then saw the answer."""
    rounds = Round.objects.filter(question=version.question, number=1).order_by("opened_at", "pk")
    asked = list(rounds.values_list("opened_at", "version"))
    of = reveals(course).filter(control__question__question=version.question.slug)
    return any(
        _version_at(asked, time) == version.pk for time in of.values_list("created_at", flat=True)
    )


def _version_at(asked: Sequence[tuple[datetime, int | None]], time: datetime) -> int | None:
    """Return the version in which a question was asked last until a time."""
    before = [version for opened_at, version in asked if opened_at <= time]
    return before[-1] if before else None


def _before_reveal(version: QuestionVersion) -> set[str]:
    return pictures_of(version.prompt, *(choice["text"] for choice in version.choices))


def _after_reveal(version: QuestionVersion) -> set[str]:
    feedback = (choice.get("feedback", "") for choice in version.choices)
    return pictures_of(version.explanation, version.follow_up, *feedback)
