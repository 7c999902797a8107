"""Begins an export of a course."""

from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from accounts.people import User
from rooms import permissions
from rooms.actions import audit
from rooms.actions.export_keys import export_key
from rooms.queries.export import Scope
from rooms.queries.export_people import People
from rooms.queries.pseudonyms import hidden_from_lecturers


class Begun(NamedTuple):
    """An export that may be sent. `log_people` are the people as the use log calls them."""

    scope: Scope
    log_people: People


@transaction.atomic
def begin(*, user: User, course: str, names: bool, research: bool, format_: str) -> Begun:
    """Note in the audit that a user downloads a course, and return what the export has.

    Assistants may have it with codes alone. Raises PermissionDenied.
    """
    may = permissions.instructing if names else permissions.leading
    found = may(user, course).course
    secret = export_key(found)
    called = People(found, secret=secret, names=names, research=research)
    # Times would tell names where nobody may know them.
    hidden = names and hidden_from_lecturers(found)
    audit.record(
        actor=user,
        act="export.download",
        course=found,
        detail=", ".join(
            [format_, "names" if names else "codes", *(["research"] if research else [])]
        ),
    )
    return Begun(
        Scope(course=found, people=called, at=timezone.now(), research=research),
        People(found, secret=secret, names=False, research=research) if hidden else called,
    )
