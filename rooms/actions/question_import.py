"""Importing files of questions, and keeping a file between its preview and its import."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.people import User
from rooms import permissions
from rooms.actions.pictures import store_drawn
from rooms.actions.question_edits import store_contents
from rooms.formats import Item
from rooms.models import Course, Question, QuestionFile
from rooms.peer.citations import FILE, PICTURE, cite, cited
from rooms.peer.content import QuestionContent
from rooms.pictures import Drawn, digest
from rooms.queries import question_import as queries
from rooms.queries.question_import import Outcome, Plan, Source


@dataclass(frozen=True, slots=True)
class Imported:
    """Tells the fate of each question, and the new questions of the course in their order."""

    plan: Plan
    questions: list[Question]


@transaction.atomic
def import_questions(
    *,
    course: Course,
    source: Source,
    user: User | None = None,
    chosen: Collection[int] | None = None,
) -> Imported:
    """Add the questions of a file that a course does not have yet, as the last ones, or none.

    `chosen` has the places in the file, from 1, of those that shall be taken; without it all are.
    The plan is made anew under the lock of the course, so two imports at once add nothing twice. A
    question that is refused is left out. `user` is who imports, if somebody does.

    Raises PermissionDenied if that user does not lead the course any more, CourseArchived,
    TooManyQuestions, and what `store_drawn` raises.
    """
    locked = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    if user is not None:
        permissions.leading(user, locked.slug)
    permissions.in_use(locked)
    plan = queries.plan(locked, source, chosen)
    new = plan.new
    if not new:
        return Imported(plan, [])
    pictures = _Stored(locked, source, user)
    contents = [pictures.cite(planned.item) for planned in new]
    drafts = [planned.outcome is Outcome.DRAFT for planned in new]
    return Imported(plan, store_contents(locked, contents, drafts=drafts))


@transaction.atomic
def keep_file(*, user: User, course: Course, name: str, format: str, data: bytes) -> QuestionFile:  # noqa: A002
    """Keep a file for its import, in place of the one before. Files that are too old are removed.

    `format` is that which the user has chosen, empty for one that is to be found out.
    """
    now = timezone.now()
    QuestionFile.objects.filter(made_at__lte=now - queries.LIFETIME).delete()
    kept, _ = QuestionFile.objects.update_or_create(
        user=user,
        defaults={
            "course": course,
            "key": secrets.token_hex(16),
            "name": name[-200:],
            "format": format,
            "data": data,
            "made_at": now,
        },
    )
    return kept


def drop_file(*, file: QuestionFile) -> None:
    """Remove a file that was imported."""
    QuestionFile.objects.filter(pk=file.pk, key=file.key).delete()


class _Stored:
    """Stores the pictures that questions cite, each once."""

    def __init__(self, course: Course, source: Source, user: User | None) -> None:
        self._course, self._source, self._user = course, source, user
        self._keys: dict[str, str] = {}

    def cite(self, item: Item) -> QuestionContent:
        """Return the content of a question with the keys of its pictures."""
        assert item.content is not None
        used = cited(item.content)
        names = {
            FILE + one.name: PICTURE + self._key(one.data)
            for one in item.pictures
            if FILE + one.name in used
        }
        return cite(item.content, names)

    def _key(self, data: bytes) -> str:
        key = digest(data)
        if key not in self._keys:
            drawn = self._source.drawn[key]
            assert isinstance(drawn, Drawn), "a question with such a picture is refused"
            self._keys[key] = store_drawn(user=self._user, course=self._course, drawn=drawn).key
        return self._keys[key]
