"""Presence in the database: sockets that open."""

import random
import uuid
from datetime import timedelta

from django.utils import timezone

from rooms.actions.presence import Coming, open_connections
from rooms.delivery.notices import Close
from rooms.models import Connection


def test_the_first_of_too_many_sockets_are_closed_in_whatever_order_they_come(
    school, settings, notices, django_capture_on_commit_callbacks
):
    settings.PEERCHAT = {"SOCKETS_PER_USER": 4}
    worker, now = uuid.uuid4(), timezone.now()
    sockets = [
        Coming(uuid.uuid4(), school.ada.pk, worker, opened=now + number * timedelta.resolution)
        for number in range(10)
    ]
    # Those that read the database meanwhile are overtaken. As far as is known, none closes.
    chance = random.Random(10)
    for _ in range(3):
        come = sockets.copy()
        chance.shuffle(come)
        known: list[Coming] = []
        for opened in (come[:3], come[3:4], come[4:8], come[8:]):
            notices.entries.clear()
            with django_capture_on_commit_callbacks(execute=True):
                open_connections(opened)
            known = sorted([*known, *opened], key=sockets.index)
            closed = [one.connection for one in notices.entries if isinstance(one, Close)]
            assert closed == [str(one.connection) for one in known[:-4]]
        Connection.objects.all().delete()
