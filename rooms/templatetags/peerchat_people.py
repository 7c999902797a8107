"""A template filter for the people of a course: `{% load peerchat_people %}`."""

from typing import Any

from django import template

from accounts import people

register = template.Library()


@register.filter
def guest_mark(user: Any) -> str:
    """Return four characters that tell a guest apart from others of the same name."""
    return people.username(user).partition("@")[0][-4:]
