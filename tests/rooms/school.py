"""The people of the tests of actions and queries, without a site: same names, same parts."""

import itertools
from dataclasses import dataclass
from typing import Any

from accounts import people
from accounts.people import User
from rooms.actions.messages import Post, post_message
from rooms.models import Course, Enrollment, Membership, Message, Room

EVERYBODY = ("ada", "bea", "carl", "tess", "ines", "ivan", "zoe")

_uuids = (f"uuid-{number}" for number in itertools.count(1))


@dataclass
class School:
    """A course and people: students `ada`, `bea`, `carl`, the assistant `tess`, the instructor
    `ines`; `ivan`, the instructor of another course, and `zoe`, who is in no course."""

    course: Course
    other_course: Course
    ada: User
    bea: User
    carl: User
    tess: User
    ines: User
    ivan: User
    zoe: User

    def person(self, name: str) -> User:
        user: User = getattr(self, name)
        return user

    @property
    def room(self) -> Room:
        """The course's room."""
        return Room.objects.get(course=self.course, kind=Room.Kind.COURSE)

    def make_room(self, *members: User, kind: str = "open", **fields: Any) -> Room:
        """A room of the course with these members."""
        if kind == "direct":
            low, high = sorted(user.pk for user in members)
            fields["pair"] = f"{low}:{high}"
        room = Room.objects.create(course=self.course, kind=kind, title="Help", **fields)
        Membership.objects.bulk_create(Membership(room=room, user=user) for user in members)
        return room

    def enrollment(self, user: User) -> Enrollment:
        return Enrollment.objects.get(course=self.course, user=user)


def _new_person(name: str) -> User:
    user: Any = people.new(people.sample_name(name), password="", shown=name.title())
    if people.has("given"):  # the users of tests/inclusion/foreign
        user.given = name.title()
    made: User = user
    return made


def make_person(name: str) -> User:
    """A user of whatever model the site has; others see the name with a capital letter."""
    user = _new_person(name)
    user.save()
    return user


def make_school() -> School:
    course = Course.objects.create(slug="physics", title="Physics")
    other = Course.objects.create(slug="chemistry", title="Chemistry")
    people_ = {name: _new_person(name) for name in EVERYBODY}
    # A statement for each table: hundreds of tests have a school.
    type(people_["ada"])._default_manager.bulk_create(people_.values())
    roles = {
        **{(course, name): "student" for name in ("ada", "bea", "carl")},
        (course, "tess"): "assistant",
        (course, "ines"): "instructor",
        (other, "ivan"): "instructor",
    }
    Enrollment.objects.bulk_create(
        Enrollment(course=where, user=people_[name], role=role)
        for (where, name), role in roles.items()
    )
    rooms = {room.course_id: room for room in Room.objects.filter(course__in=(course, other))}
    Membership.objects.bulk_create(
        Membership(room=rooms[where.pk], user=people_[name]) for where, name in roles
    )
    return School(course, other, **people_)


def post(sender: User, room: Room, text: str, **fields: Any) -> Message:
    """Post a text. Raises the error of a refusal."""
    posted = post_message(post=Post(sender, str(room.pk), next(_uuids), text, **fields))
    return Message.objects.get(id=posted.message.id)


def read(user: User, room: Room) -> int:
    """Return the number of the last message that the user has read."""
    return Membership.objects.get(user=user, room=room).last_read_seq
