"""Signed links that open peerchat in a frame of another site's page, and the token of that page.

Browsers withhold cookies from such frames, so the page gets a short-lived token instead. The token
is part of the page and never of its address.
"""

from datetime import timedelta

from django.urls import reverse

from accounts import links, tokens
from accounts.people import User
from rooms import permissions
from rooms.models import Course, Enrollment

TOKEN_LIFETIME = timedelta(hours=6)


def sign_embed_link(user: User, course: Course) -> str:
    """Return the path, with its query, of a frame in which this user takes part in the course.

    The link opens once, within ten minutes, and logs in whoever opens it as the user. So give it to
    nobody else. Raises PermissionDenied for a user who is not in the course.
    """
    permissions.enrolled(user, course.slug)
    page = reverse("peerchat:embed", args=[course.slug])
    return f"{page}?link={links.sign(user, _purpose(course.slug))}"


def open_embed_link(raw: str, slug: str) -> Enrollment:
    """Use the link up and return the enrolment of its user. Raises BadLink or PermissionDenied."""
    return permissions.enrolled(links.redeem(raw, _purpose(slug)), slug)


def issue_token(user: User) -> str:
    """Issue a token for the page in the frame."""
    return tokens.issue(user, name="embed", days=TOKEN_LIFETIME / timedelta(days=1))


def _purpose(slug: str) -> str:
    return f"embed:{slug}"
