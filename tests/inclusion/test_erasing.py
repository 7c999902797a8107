"""Erasing people in a site with its own users: their names are in fields that only it knows."""

from django.apps import apps
from django.contrib.auth import get_user_model

from accounts import people
from rooms.actions import erasing
from rooms.actions.rooms import open_direct_room
from rooms.models import Membership, Message, StandIn, UseLog
from tests.rooms.school import make_school, post


def cells():
    """Every cell of every table as a text."""
    for model in apps.get_models():
        for row in model._base_manager.values():
            yield from (str(value) for value in row.values())


def test_nobody_is_found_after_it(db):
    school = make_school()
    name, key = people.username(school.ada), str(school.ada.pk)
    post(school.ada, school.room, f"I am Ada ({name})")
    post(school.bea, school.room, f"Hello @{name}")
    direct = open_direct_room(user=school.ada, to=people.username(school.bea))
    post(school.ada, direct, "Just us")
    post(school.bea, direct, "Yes")
    erasing.erase(user=school.ada, by=school.ada)
    stand_in = StandIn.objects.get().user
    assert people.shown_name(stand_in) == "Former student"
    told = list(cells())
    assert not [one for one in told if name in one.split(".")]
    if people.key_type() is not int:
        assert not [one for one in told if key in one or key.replace("-", "") in one]
        assert not [one for one in told if name in one]
    assert not [one for one in told if "I am Ada" in one or f"@{name}" in one.split()]
    assert Message.objects.filter(sender=stand_in).count() == 2
    assert Membership.objects.filter(room=direct, user=stand_in).exists()
    assert UseLog.objects.filter(user=stand_in).count() == 2
    users = get_user_model()._default_manager
    assert not users.filter(pk=key).exists()
    assert users.filter(pk=school.bea.pk).exists()
