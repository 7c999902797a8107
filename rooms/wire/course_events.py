"""Events about a course itself: its title and settings, and who leads it."""

import msgspec
from msgspec import UNSET, UnsetType

from rooms.wire.asking import Asks
from rooms.wire.events import Event


class CourseChanged(Event, tag="course_changed", frozen=True, kw_only=True):
    """A course has another title, was archived, or is in use again.

    `course` is the slug that it had when it changed: if that changed, too, `course_renamed` tells.
    `role` is there if the event is for one user, who has that role in the course now.
    """

    course: str
    title: str
    archived: bool
    role: str | UnsetType = UNSET


class LeadersEvent(Event, tag="leaders", frozen=True, kw_only=True):
    """Other people lead a course now, or in other roles. Ask for them over HTTP."""

    course: str


class AsksEvent(Event, tag="asks", frozen=True, kw_only=True):
    """The class asks its students for other things from now on.

    `revision` orders all reports of the state of a class. It is left out if the course never had a
    class.
    """

    course: str
    asks: Asks
    revision: int | UnsetType = UNSET


class ClassSettingsEvent(Event, tag="class_settings", frozen=True, kw_only=True):
    """The settings of a course's classes have changed. Ask for them over HTTP."""

    course: str


def with_role(event: CourseChanged, role: str) -> CourseChanged:
    """Return the event for a user who has this role now."""
    return msgspec.structs.replace(event, role=role)
