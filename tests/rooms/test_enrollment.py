"""The end of an enrollment takes the user out of the rooms, whatever else happens just then."""

import io
import json
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from rooms.actions import guests, joining, leaders, places
from rooms.actions.enrollment import enroll, expel_strangers, unenroll
from rooms.actions.session import control
from rooms.models import ClassSettings, Course, Enrollment, Membership, Room
from rooms.wire.commands import (
    NextQuestion,
    SetPlace,
    ShareReasons,
    StartQuestion,
    StartRevote,
    StopVote,
)
from rooms.wire.errors import PermissionDenied
from tests.rooms.cast import Person, make_person, make_question
from tests.running import until


@pytest.fixture
def ada(transactional_db: None) -> Person:
    return make_person("ada", "Ada")


@pytest.fixture
def course(ada: Person) -> Course:
    """Return a course whose student ada is in the course's room and in an open one."""
    course = Course.objects.create(slug="physics", title="Physics")
    Enrollment.objects.create(course=course, user=ada.user)
    room = Room.objects.create(course=course, kind=Room.Kind.OPEN, title="Help")
    Membership.objects.create(room=room, user=ada.user)
    return course


class Elsewhere(threading.Thread):
    """A job in a thread of its own, with a connection of its own, as in another process."""

    def __init__(self, job: Callable[[], object]) -> None:
        super().__init__()
        self._job = job
        self.failed: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._job()
        except Exception as error:
            self.failed = error
        finally:
            connection.close()

    def end(self) -> None:
        self.join()
        if self.failed is not None:
            raise self.failed


def waits() -> bool:
    """Return whether another transaction waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_a_post_and_the_end_of_an_enrollment_never_wait_for_each_other(course, ada):
    if connection.vendor != "postgresql":
        pytest.skip("there is one writer at a time")
    memberships = Membership.objects.filter(user=ada.user).order_by("-pk")
    with transaction.atomic():
        # A post locks in this order: the rooms, then the sender's memberships in any order.
        list(Room.objects.filter(course=course).select_for_update(no_key=True).order_by("id"))
        last, first = memberships
        Membership.objects.filter(pk=last.pk).update(last_read_seq=1)
        other = Elsewhere(lambda: unenroll(course=course, users=[ada.user]))
        until(waits)
        Membership.objects.filter(pk=first.pk).update(last_read_seq=1)
    other.end()
    assert Membership.objects.filter(user=ada.user).count() == 0


def test_what_a_student_says_of_themselves_while_the_class_moves_on_is_kept(course, ada):
    if connection.vendor != "postgresql":
        pytest.skip("there is one writer at a time")
    lecturer = make_person("ines", "Ines").user
    enroll(course=course, users=[lecturer], role="instructor")
    ClassSettings.objects.create(course=course, asks_place=True)
    make_question(course, "force")

    @transaction.atomic  # so that votes close at once
    def lead(kind, **fields):
        control(user=lecturer, course="physics", command=kind(uuid=uuid4().hex, **fields))

    lead(StartQuestion, question="force")
    lead(StopVote)
    mine = {"uuid": "1", "course": "physics"}
    jobs = (
        lambda: places.set_place(user=ada.user, command=SetPlace(**mine, place="hall")),
        lambda: places.share_reasons(user=ada.user, command=ShareReasons(**mine, shared=True)),
        lambda: places.share_reasons(user=ada.user, command=ShareReasons(**mine, shared=False)),
    )
    for job in jobs:
        with transaction.atomic():
            # The class gets another round meanwhile.
            lead(StartRevote)
            other = Elsewhere(job)
            until(waits)
        other.end()
        lead(StopVote)
        lead(NextQuestion, question="force")
        lead(StopVote)
    now = Enrollment.objects.get(user=ada.user, course=course)
    assert (now.place, now.shares_reasons_since) == ("hall", None)


def test_only_who_is_not_enrolled_is_expelled(course, ada):
    bea = make_person("bea", "Bea")
    enroll(course=course, users=[bea.user])
    Enrollment.objects.filter(user=ada.user)._raw_delete("default")
    expel_strangers(course=course.pk, users=[ada.user.pk, bea.user.pk])
    assert set(Membership.objects.values_list("user", flat=True)) == {bea.user.pk}


def test_who_is_enrolled_in_the_same_moment_is_not_expelled(course, ada):
    if connection.vendor != "postgresql":
        pytest.skip("there is one writer at a time")
    Enrollment.objects.filter(user=ada.user)._raw_delete("default")
    with transaction.atomic():
        enroll(course=course, users=[ada.user])
        other = Elsewhere(lambda: expel_strangers(course=course.pk, users=[ada.user.pk]))
        until(waits)
    other.end()
    assert Membership.objects.filter(user=ada.user).count() == 2


# --- fixtures ------------------------------------------------------------------------------------


def load(folder: Path, *rows: dict[str, object]) -> None:
    path = folder / "rows.json"
    path.write_text(json.dumps(rows))
    call_command("loaddata", path, verbosity=0)


def test_a_course_of_a_fixture_has_its_room_and_members(ada, tmp_path):
    fields = {"slug": "optics", "title": "Optics", "created_at": "2026-01-01T00:00:00Z"}
    place = {
        "course": 7,
        "user": ada.user.pk,
        "role": "student",
        "joined_at": "2026-01-01T00:00:00Z",
    }
    load(
        tmp_path,
        {"model": "peerchat_rooms.enrollment", "pk": 7, "fields": place},
        {"model": "peerchat_rooms.course", "pk": 7, "fields": fields},
    )
    room = Room.objects.get()
    assert (room.course_id, room.kind, room.title) == (7, "course", "Optics")
    assert Membership.objects.get().user == ada.user
    bea = make_person("bea", "Bea")
    enroll(course=room.course, users=[bea.user])
    assert Membership.objects.filter(room=room).count() == 2


def test_a_fixture_may_have_the_rooms_as_well(course, tmp_path):
    dump = io.StringIO()
    call_command("dumpdata", "peerchat_rooms", stdout=dump)
    before = set(Room.objects.values_list("pk", "title"))
    members = set(Membership.objects.values_list("pk", "room", "user"))
    course.delete()
    load(tmp_path, *json.loads(dump.getvalue()))
    assert set(Room.objects.values_list("pk", "title")) == before
    assert set(Membership.objects.values_list("pk", "room", "user")) == members


def test_a_course_of_a_bulk_write_gets_its_room_with_the_first_enrollment(ada):
    courses = Course.objects.bulk_create(Course(slug=slug, title=slug) for slug in ("one", "two"))
    enroll(course=courses[0], users=[ada.user])
    Enrollment.objects.create(course=courses[1], user=ada.user)
    assert set(Membership.objects.values_list("room__title", "user")) == {
        ("one", ada.user.pk),
        ("two", ada.user.pk),
    }


def test_a_course_that_is_gone_has_nobody_to_expel(course, ada):
    pk = course.pk
    course.delete()
    expel_strangers(course=pk, users=[ada.user.pk])


@pytest.mark.parametrize("decision", ["remove", "promote"])
def test_what_a_lecturer_decides_while_somebody_joins_stands(course, ada, decision):
    if connection.vendor != "postgresql":
        pytest.skip("there is one writer at a time")
    lecturer = make_person("ines", "Ines").user
    enroll(course=course, users=[lecturer], role="instructor")
    code = joining.open_joining(user=lecturer, course="physics")
    mine = Enrollment.objects.filter(user=ada.user)
    unenroll(course=course, users=[ada.user])
    given = {"user": lecturer, "course": "physics"}
    with transaction.atomic():
        Course.objects.select_for_update(no_key=True).get(pk=course.pk)
        # As if ada had joined in another tab, too.
        second = Elsewhere(lambda: joining.join(user=ada.user, code=code))
        until(waits)
        enroll(course=course, users=[ada.user])
        if decision == "remove":
            guests.remove(**given, username="ada")
        else:
            leaders.add_leader(**given, person="ada", role="assistant")
    if decision == "remove":
        with pytest.raises(PermissionDenied):
            second.end()
        assert not mine.exists()
    else:
        second.end()
        assert mine.get().role == "assistant"
