"""How the screen of the hall is set up, and its link."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.people import User
from rooms import permissions
from rooms.actions import tell
from rooms.models import Course, Screen


@transaction.atomic
def choose(*, user: User, course: str, shows_partners: bool) -> Screen:
    """Choose whether the screen of a course shows who talks to whom, and return the screen.

    Raises PermissionDenied if the user does not lead the course, and CourseArchived.
    """
    found = _locked(_led(user, course))
    found.shows_partners = shows_partners
    found.save(update_fields=["shows_partners"])
    tell.screens_changed(found.course_id)
    return found


@transaction.atomic
def make_link(*, user: User, course: str, days: int) -> Screen:
    """Make a link that opens the screen of a course for some days, and return the screen.

    The link that the screen had ends. Raises PermissionDenied like `choose`.
    """
    found = _locked(_led(user, course))
    _end(found)
    found.nonce = secrets.token_urlsafe(16)
    found.expires_at = timezone.now() + timedelta(days=days)
    found.save(update_fields=["nonce", "expires_at"])
    return found


@transaction.atomic
def end_link(*, user: User, course: str) -> Screen:
    """End the link of the screen of a course, if it has one, and return the screen.

    The screens that it opened close. Raises PermissionDenied if the user does not lead the course.
    """
    found = _locked(permissions.leading(user, course).course)
    _end(found)
    found.nonce = found.expires_at = None
    found.save(update_fields=["nonce", "expires_at"])
    return found


def _led(user: User, slug: str) -> Course:
    course = permissions.leading(user, slug).course
    permissions.in_use(course)
    return course


def _locked(course: Course) -> Screen:
    found, _ = Screen.objects.select_for_update(of=("self",)).get_or_create(course=course)
    return found


def _end(screen: Screen) -> None:
    if screen.nonce is not None:
        tell.close_screens(screen.course_id, screen.nonce)
