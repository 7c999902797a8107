"""A check reads only what has changed since the last one, of the database and of the sockets."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from rooms.delivery import names, notices
from rooms.models import Course, Enrollment, Membership, Room
from rooms.wire.errors import Unavailable
from tests.rooms.cast import Person, in_thread

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="elsewhere all is read each time"
)


def rename(one: Person) -> None:
    User.objects.filter(pk=one.user.pk).update(display_name="Another")


CHANGES = {
    "the name": lambda place: rename(place.bea),
    "the account": lambda place: User.objects.filter(pk=place.bea.user.pk).update(is_active=False),
    "the password": lambda place: User.objects.filter(pk=place.bea.user.pk).update(password="!"),
    "the token": lambda place: place.bea.user.peerchat_tokens.update(revoked_at=timezone.now()),
    "its end": lambda place: place.bea.user.peerchat_tokens.update(
        expires_at=timezone.now() + timedelta(days=1)
    ),
    "a room": lambda place: Membership.objects.filter(room=place.room)._raw_delete("default"),
    "a room more": lambda place: Membership.objects.create(
        user=place.bea.user,
        room=Room.objects.create(course=place.course, kind=Room.Kind.OPEN, title="More"),
    ),
    "an archived room": lambda place: Room.objects.filter(pk=place.room.pk).update(
        archived_at=timezone.now()
    ),
    "the course": lambda place: Enrollment.objects.filter(user=place.bea.user)._raw_delete(
        "default"
    ),
    "the role": lambda place: Enrollment.objects.filter(user=place.bea.user).update(
        role=Enrollment.Role.ASSISTANT
    ),
    "the slug": lambda place: Course.objects.filter(pk=place.course.pk).update(slug="other"),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_only_what_has_changed_is_read_again(place, course_room, what):
    await place.enter(place.bea, course_room, place.room)
    await place.check.check_all()
    await place.check.check_all()
    assert place.threads.reads == 1
    await in_thread(CHANGES[what], place)
    await place.check.check_all()
    assert place.threads.reads == 2
    await place.done()


async def test_a_socket_that_has_changed_is_read_again(place, course_room):
    """A late notice brought it to a room that its user has left, and the other notice was lost."""
    bea = await place.enter(place.bea, course_room, place.room)
    await place.check.check_all()
    group = names.course(place.course.pk)
    gone = Room.objects.create(course=place.course, kind=Room.Kind.OPEN, title="Gone")
    entry = notices.Join([place.bea.user.pk], names.room(gone.pk), group, 0, b"{}")
    place.hub.deliver(group, [entry])
    await place.check.check_all()
    assert names.room(gone.pk) not in bea.audiences


async def test_what_could_not_be_mended_is_tried_again(place, course_room, monkeypatch):
    bea = await place.enter(place.bea, course_room)

    async def fail(missing):
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(place.check, "_join_late", fail)
        await place.check.check_all()
        await place.done()
    assert place.audience not in bea.audiences
    await place.check.check_all()
    await place.done()
    assert place.audience in bea.audiences
