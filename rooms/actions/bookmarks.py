"""Bookmarks, by which people find questions again."""

from django.db import transaction

from accounts.people import User
from rooms import permissions
from rooms.models import Bookmark
from rooms.queries import mine
from rooms.queries.slugs import find_question
from rooms.wire.errors import InvalidMessageFormat


@transaction.atomic
def set_bookmark(*, user: User, course: str, question: str, marked: bool) -> None:
    """Mark a question of a course for oneself, or take that back. A repeat has no effect.

    Raises PermissionDenied, CourseArchived, and InvalidMessageFormat for a question that the class
    was not shown yet.
    """
    found = permissions.enrolled(user, course).course
    permissions.in_use(found)
    asked = find_question(found, question)
    if asked is None or not mine.was_shown(found, asked.slug):
        raise InvalidMessageFormat("The class was shown no such question.")
    if marked:
        Bookmark.objects.get_or_create(user=user, question=asked)
    else:
        Bookmark.objects.filter(user=user, question=asked).delete()
