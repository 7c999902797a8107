"""Mentions: @username, of a member of the room."""

import pytest

from accounts.models import User
from rooms.actions import moderation, rooms
from rooms.actions.mentions import LIMIT
from rooms.actions.messages import Post, store_posts
from rooms.models import Enrollment, Membership, Mention
from rooms.queries import search
from tests.rooms.school import EVERYBODY, post


def mentioned(message):
    found = Mention.objects.filter(message=message.id)
    return sorted(found.values_list("user__username", flat=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@bea", ["bea"]),
        ("Hello @bea and @carl!", ["bea", "carl"]),
        ("@bea @bea", ["bea"]),
        ("(@bea), @carl: see?", ["bea", "carl"]),
        ("I agree with @bea.", ["bea"]),
        ("Ask @bea-", ["bea"]),
        ("@bea's idea", ["bea"]),
        ("bea", []),
        ("@ bea", []),
        ("@", []),
        ("@@bea", []),
        ("@Bea", ["bea"]),
        ("@BEA and @bea.", ["bea"]),
        ("@beatrice", []),
        ("mail@bea", []),
        ("me@example.com@bea", []),
        ("@ada is me", []),
        ("@nobody", []),
        ("@ivan and @zoe are not here", []),
    ],
)
@pytest.mark.parametrize("kind", ["open", "partners"])
def test_who_is_mentioned(school, kind, text, expected):
    room = school.make_room(school.ada, school.bea, school.carl, kind=kind)
    assert mentioned(post(school.ada, room, text)) == expected


def test_usernames_may_end_as_a_sentence_does(school):
    odd = User.objects.create(username="e.t.")
    Enrollment.objects.create(course=school.course, user=odd)
    assert mentioned(post(school.ada, school.room, "@e.t. phones home")) == ["e.t."]
    assert mentioned(post(school.ada, school.room, "Home, @e.t..")) == []


@pytest.mark.parametrize("kind", ["open", "partners"])
def test_the_exact_name_comes_first(school, kind):
    """A site may have usernames that differ in their case alone."""
    other = User.objects.create(username="new")
    User.objects.filter(pk=other.pk).update(username="Bea", username_key=None)
    Enrollment.objects.create(course=school.course, user=other)
    room = school.make_room(school.ada, school.bea, other, kind=kind)
    assert mentioned(post(school.ada, room, "@Bea")) == ["Bea"]
    assert mentioned(post(school.ada, room, "@bea")) == ["bea"]


@pytest.mark.parametrize("who", EVERYBODY)
def test_only_members_of_the_room_are_mentioned(school, who):
    room = school.make_room(school.ines, school.ada, school.tess)
    message = post(school.ines, room, " ".join(f"@{name}" for name in EVERYBODY))
    assert (who in mentioned(message)) == (who in ("ada", "tess"))


def test_a_message_mentions_so_many(school):
    many = User.objects.bulk_create(User(username=f"many{n}") for n in range(LIMIT + 5))
    room = school.make_room(school.ada, *many)
    message = post(school.ada, room, " ".join(f"@{user.username}" for user in many))
    assert len(mentioned(message)) == LIMIT


def test_a_batch_of_several_rooms(school):
    here, there = (
        school.make_room(school.ada, school.bea),
        school.make_room(school.ada, school.carl),
    )
    pair = school.make_room(school.ada, school.bea, kind="direct")
    posted = store_posts(
        [
            Post(school.ada, str(room.id), str(n), "@bea and @carl")
            for n, room in enumerate((here, there, pair))
        ]
    )
    assert [mentioned(one.message) for one in posted] == [["bea"], ["carl"], ["bea"]]


def test_a_message_that_is_sent_again_mentions_once(school):
    posts = [Post(school.ada, str(school.room.id), "u", "@bea")]
    store_posts(posts)
    store_posts(posts)
    assert Mention.objects.count() == 1


def listed(user):
    return [(one.message.text, one.unread) for one in search.mentions(user)]


def test_ones_mentions(school):
    room = school.make_room(school.ada, school.bea)
    first = post(school.ada, room, "@bea 1")
    post(school.ada, school.room, "@bea 2")
    post(school.ada, room, "@bea 3")
    rooms.mark_read(user=school.bea, room=str(room.id), seq=first.seq)
    assert listed(school.bea) == [("@bea 3", True), ("@bea 2", True), ("@bea 1", False)]
    assert listed(school.ada) == []


def test_mentions_that_are_not_listed(school):
    left, archived, gone = (school.make_room(school.ada, school.bea) for _ in range(3))
    for room in (left, archived, gone):
        message = post(school.ada, room, "@bea")
    assert len(listed(school.bea)) == 3
    rooms.leave_room(user=school.bea, room=str(left.id))
    rooms.archive_room(user=school.ines, room=str(archived.id))
    moderation.remove_message(user=school.ines, room=str(gone.id), seq=message.seq)
    assert listed(school.bea) == []
    Membership.objects.create(room=left, user=school.bea)
    assert listed(school.bea) == [("@bea", True)]
