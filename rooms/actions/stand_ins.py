"""Makes the users to whom belongs what others need of people who are no more."""

import secrets

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import translation
from django.utils.translation import gettext

from accounts import people
from accounts.people import User
from rooms.actions import persons
from rooms.models import Course, StandIn


def make(*, course: Course | None = None) -> User:
    """Store and return a user without a person, as whom nobody can log in.

    Their name tells nothing. One who is made for a `course` is in it alone.
    """
    username = people.sample_name(f"former-{secrets.token_hex(8)}")
    # Everybody reads the same name, so it is in the language of the site.
    with translation.override(settings.LANGUAGE_CODE):
        shown = gettext("Former student")
    made = people.new(username, password=make_password(None), shown=shown)
    if people.has("is_active"):
        made.is_active = False
    made.save(force_insert=True)
    StandIn.objects.create(user=made, course=course)
    return made


def drop_if_unused(*, user: User) -> bool:
    """Remove a stand-in to whom nothing belongs. Return whether it was removed."""
    for name, field in persons.relations():
        if name == "peerchat_rooms.StandIn.user":
            continue
        if field.model._base_manager.filter(**{field.name: user}).exists():
            return False
    user.delete()
    return True
