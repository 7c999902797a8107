"""Slugs of questions: those that one may have, and one for a title or a prompt."""

import re
from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rooms.models import Course, Question
from rooms.peer.content import QuestionContent
from rooms.queries.course_names import SLUG_LIMIT, in_ascii

RESERVED = frozenset(("copy", "export", "import", "new", "order", "preview"))
"""The slugs whose addresses are those of other pages and endpoints."""
PLACEHOLDER = "question"
_PLACEHOLDERS = re.compile(rf"{PLACEHOLDER}(-[0-9]+)?")
LENGTH = 40
"""Characters of a slug that is made from a title or a prompt."""


def problem(slug: str, course: Course, question: Question) -> str | Promise | None:
    """Return why a question cannot have this slug, in the language of the page, or None."""
    if not re.fullmatch(r"[-a-zA-Z0-9_]+", slug):
        return _("An address has only the letters a to z, digits, hyphens and underscores.")
    if len(slug) > SLUG_LIMIT:
        return _("The address has more than 60 characters.")
    if slug in RESERVED:
        return _("This address is that of another page. Choose another one.")
    if course.questions.filter(slug=slug).exclude(pk=question.pk).exists():
        return _("Another question of the course has this address. Choose another one.")
    return None


def is_placeholder(slug: str) -> bool:
    """Return whether a slug is that of a question that had no words when it was made."""
    return _PLACEHOLDERS.fullmatch(slug) is not None


def taken_slugs(course: Course) -> set[str]:
    """Return the slugs that the questions of a course have or had."""
    taken: set[str] = set()
    for slug, former in course.questions.values_list("slug", "former_slugs"):
        taken.update((slug, *former))
    return taken


def proposed_slug(content: QuestionContent, taken: Iterable[str]) -> str:
    """Return a slug for a question, by its title or else its prompt, that is none of the taken."""
    taken = RESERVED.union(taken)
    base = _words(content.title) or _words(content.prompt) or PLACEHOLDER
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


def _words(text: str) -> str:
    """Return the first words of a text in ASCII, empty for one without any."""
    written = in_ascii(text[:1000])
    if len(written) <= LENGTH:
        return written
    # No word is cut unless it is the only one.
    return written[: LENGTH + 1].rpartition("-")[0] or written[:LENGTH]
