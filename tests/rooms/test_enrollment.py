"""Who is taken out of a course leaves its rooms, whatever happens there in the same moment."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from rooms.actions.enrollment import enroll, expel_strangers, unenroll
from rooms.models import Course, Enrollment, Membership, Room
from tests.rooms.cast import Person, make_person
from tests.running import until


@pytest.fixture
def ada(transactional_db: None) -> Person:
    return make_person("ada", "Ada")


@pytest.fixture
def course(ada: Person) -> Course:
    """Ada is in its room and in an open one."""
    course = Course.objects.create(slug="physics", title="Physics")
    Enrollment.objects.create(course=course, user=ada.user)
    room = Room.objects.create(course=course, kind=Room.Kind.OPEN, title="Help")
    Membership.objects.create(room=room, user=ada.user)
    return course


class Elsewhere(threading.Thread):
    """Something that another process does."""

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
    """Whether another transaction waits for a lock."""
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
        # As a post does: the rooms, then what its sender has read, in any order.
        list(Room.objects.filter(course=course).select_for_update(no_key=True).order_by("id"))
        last, first = memberships
        Membership.objects.filter(pk=last.pk).update(last_read_seq=1)
        other = Elsewhere(lambda: unenroll(course=course, users=[ada.user]))
        until(waits)
        Membership.objects.filter(pk=first.pk).update(last_read_seq=1)
    other.end()
    assert Membership.objects.filter(user=ada.user).count() == 0


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


def test_a_course_that_is_gone_has_nobody_to_expel(course, ada):
    pk = course.pk
    course.delete()
    expel_strangers(course=pk, users=[ada.user.pk])
