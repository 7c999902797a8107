"""Rows that are inserted together: few by one statement, many by another way."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from rooms.actions import copying, uselog
from rooms.models import Membership, UseLog
from tests.rooms.school import make_person

MANY = copying.FEW


@pytest.mark.parametrize("count", [1, MANY])
def test_rows_are_as_bulk_create_makes_them(school, count):
    rows = [
        uselog.row(
            sid=f"ad\u00e1\t\\{number}",
            event="peergroup",
            act='grouplist:"a,\nb\\N"',
            user=school.ada.pk if number % 2 else None,
            course_id="physics",
            course=school.course.pk,
            named=[school.ada.pk, school.bea.pk] if number % 3 else [],
        )
        for number in range(count)
    ]
    uselog.record(rows)
    stored = UseLog.objects.filter(event="peergroup").order_by("pk")
    assert [
        uselog.Row(*(getattr(one, name) for name in uselog.Row.__struct_fields__)) for one in stored
    ] == rows


@pytest.mark.parametrize("count", [1, MANY])
def test_other_columns_have_their_defaults(school, count):
    room = school.make_room()
    people = [make_person(f"person-{number}") for number in range(count)]
    before = timezone.now()
    copying.insert(Membership, ("room_id", "user_id"), [(room.pk, one.pk) for one in people])
    stored = Membership.objects.filter(room=room)
    assert {one.user_id for one in stored} == {one.pk for one in people}
    for one in stored:
        assert before <= one.joined_at <= timezone.now()
        assert one.last_read_seq == 0


@pytest.mark.parametrize("count", [1, MANY])
def test_a_row_that_breaks_a_rule_stores_none(school, count):
    room = school.make_room(school.ada)
    people = [make_person(f"person-{number}") for number in range(count - 1)]
    rows = [(room.pk, one.pk) for one in [*people, school.ada]]
    with pytest.raises(IntegrityError), transaction.atomic():
        copying.insert(Membership, ("room_id", "user_id"), rows)
    assert Membership.objects.filter(room=room).count() == 1
    assert connection.is_usable()
