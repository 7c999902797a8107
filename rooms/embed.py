"""peerchat in a frame of somebody else's page: the links that open it, and what it may do then.

Browsers keep cookies from such frames, so the page gets a token with a short life instead. It
comes in the page, never in its address.
"""

from datetime import timedelta

from django.urls import reverse

from accounts import links, tokens
from accounts.models import User
from rooms import permissions
from rooms.models import Course, Enrollment

TOKEN_LIFETIME = timedelta(hours=6)


def sign_embed_link(user: User, course: Course) -> str:
    """The path, with its query, of a frame in which this user takes part in the course.

    It opens once, within ten minutes. Who has it before that is let in as the user: hand it to
    nobody else. Raises PermissionDenied for a user who is not in the course.
    """
    permissions.enrolled(user, course.slug)
    page = reverse("peerchat:embed", args=[course.slug])
    return f"{page}?link={links.sign(user, _purpose(course.slug))}"


def open_embed_link(raw: str, slug: str) -> Enrollment:
    """Whom the link lets into the course. Raises links.BadLink, PermissionDenied."""
    return permissions.enrolled(links.redeem(raw, _purpose(slug)), slug)


def issue_token(user: User) -> str:
    """A token for the page in the frame."""
    return tokens.issue(user, name="embed", days=TOKEN_LIFETIME / timedelta(days=1))


def _purpose(slug: str) -> str:
    return f"embed:{slug}"
