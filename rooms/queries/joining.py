"""The join code of a course, and the addresses at which people join."""

import unicodedata

from django.http import HttpRequest
from django.urls import reverse

from rooms.models import Course, JoinCode

LONGEST_TYPED = 40
"""The most characters of what people type for a code."""
_LOOK_ALIKES = str.maketrans("U258", "VZSB")
"""The characters that people may read for a letter of a code, if no other letter is meant."""


def join_code(course: Course) -> JoinCode | None:
    """Return the join code of a course, whether or not joining is open."""
    return JoinCode.objects.filter(course=course).first()


def find_code(typed: str) -> JoinCode | None:
    """Return the join code that somebody typed, with its course, if people can join by it now.

    The answer is the same for a code that nobody has, for one that is closed or expired, and for
    that of an archived course.
    """
    code = normalised(typed)
    if code is None:
        return None
    found = JoinCode.objects.select_related("course").filter(code=code).first()
    if found is None or not found.is_open or found.course.archived_at is not None:
        return None
    return found


def normalised(typed: str) -> str | None:
    """Return the code that somebody typed, or None for what can be none.

    Case, spaces and hyphens do not matter. A character that is in no code counts as the letter that
    it looks like, if there is only one.
    """
    if len(typed) > LONGEST_TYPED:
        return None
    plain = unicodedata.normalize("NFKC", typed).upper()
    letters = "".join(c for c in plain if not c.isspace() and c not in "-\u2010\u2011\u2013")
    letters = letters.translate(_LOOK_ALIKES)
    if len(letters) != JoinCode.LENGTH or not set(letters) <= set(JoinCode.ALPHABET):
        return None
    return letters


def join_address(request: HttpRequest, code: str) -> str:
    """Return the address at which people join by this code, with the host of the request."""
    return request.build_absolute_uri(reverse("peerchat:join", args=[code]))


def short_join_address(request: HttpRequest) -> str:
    """Return the address at which people type a code, as they would type it: without a scheme."""
    return request.build_absolute_uri(reverse("peerchat:join")).split("://", 1)[1]
