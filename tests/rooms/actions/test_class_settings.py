"""How the classes of a course run: who changes it, what cannot be, and what copies have."""

import pytest
from django.contrib.auth.models import Group

from rooms.actions.class_settings import change_class_settings
from rooms.actions.course_making import copy_course
from rooms.actions.course_settings import archive_course
from rooms.models import ClassSettings, PairingRule
from rooms.wire.errors import CourseArchived, InvalidMessageFormat, PermissionDenied


def change(user, **changes):
    return change_class_settings(user=user, course="physics", **changes)


def test_who_may(school):
    for user in (school.ada, school.tess, school.ivan, school.zoe):
        with pytest.raises(PermissionDenied):
            change(user, asks_place=True)
    assert change(school.ines, asks_place=True).asks_place
    assert ClassSettings.of(school.course).asks_place
    archive_course(user=school.ines, course="physics")
    with pytest.raises(CourseArchived):
        change(school.ines, asks_place=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"asks_confidence": "always"},
        {"least_right": 71},
        {"least_right": -1},
        {"most_right": 101},
        {"most_right": "many"},
        {"asks_reason": None},
    ],
)
def test_what_cannot_be(school, changes):
    with pytest.raises(InvalidMessageFormat):
        change(school.ines, closes_early=True, **changes)
    assert not ClassSettings.objects.exists()


def test_a_copy_has_the_settings_and_no_rules(school):
    Group.objects.get(name="Lecturers").user_set.add(school.ines)
    change(school.ines, asks_confidence="required", least_right=10, compares_methods=True)
    PairingRule.objects.create(course=school.course, kind="never")
    copy = copy_course(user=school.ines, course="physics", title="Physics 2")
    found = ClassSettings.objects.get(course=copy)
    assert (found.asks_confidence, found.least_right, found.compares_methods) == (
        "required",
        10,
        True,
    )
    assert not PairingRule.objects.filter(course=copy).exists()
    # What the copy changes, it changes for itself.
    change_class_settings(user=school.ines, course=copy.slug, asks_confidence="off")
    assert ClassSettings.of(school.course).asks_confidence == "required"
