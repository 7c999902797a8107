"""The two ways of storing a batch of messages do the same: written out, and by the ORM."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from rooms.actions.messages import Post, Posted, store_posts
from rooms.actions.statements import store
from rooms.models import (
    Choice,
    ClassSession,
    Membership,
    Mention,
    Message,
    Question,
    Room,
    Round,
    UseLog,
)
from rooms.wire.errors import InvalidMessageFormat, InvalidRoom, PermissionDenied, UuidReused
from tests.rooms.school import post


@pytest.fixture(params=["written out", "ORM"])
def way(request, monkeypatch):
    if request.param == "ORM":
        monkeypatch.setattr(store, "_is_postgresql", lambda: False)
    elif connection.vendor != "postgresql":
        pytest.skip("written out for PostgreSQL only")
    return request.param


def pose(school, slug):
    question = Question.objects.create(course=school.course, slug=slug, prompt="Why?")
    Choice.objects.create(question=question, letter="A", text="So")
    now = timezone.now()
    session = ClassSession.objects.create(
        course=school.course, controller=school.ines, started_at=now, changed_at=now
    )
    session.current_round = Round.objects.create(
        session=session, question=question, number=1, opened_at=now
    )
    session.phase = "discuss"
    session.save()


def test_a_batch_of_everything(school, way):
    pose(school, "lift")
    partners = school.make_room(school.ada, school.bea, school.carl, kind="partners")
    direct = school.make_room(school.ada, school.bea, kind="direct")
    gone = school.make_room(school.ada, archived_at=timezone.now())
    first = post(school.bea, direct, "Are you there?")
    text = "Quotes ' \" \\ %s {} $1, a line\nbreak, \u2028, ẞ, 🧲 and @bea."

    def entry(sender, room, uuid, text=text, **fields):
        return Post(sender, str(room.pk), uuid, text, **fields)

    results = store_posts(
        [
            entry(school.ada, partners, "1"),
            entry(school.tess, school.room, "1", "Hello, all"),
            entry(school.ada, direct, "1", reply_to=str(first.pk)),
            entry(school.ada, partners, "1"),  # the same again
            entry(school.ada, partners, "1", "Another text"),
            entry(school.ada, partners, "2", "Second"),
            entry(school.bea, partners, "1", "The same uuid of somebody else"),
            entry(school.bea, direct, first.uuid, "Are you there?"),  # stored before
            entry(school.carl, direct, "1"),
            entry(school.zoe, school.room, "1"),
            entry(school.ada, gone, "1"),
            Post(school.ada, "no room", "1", text),
            entry(school.ada, partners, "3", reply_to=str(first.pk)),
        ]
    )

    def outcome(result):
        return (result.message.seq, result.again) if isinstance(result, Posted) else type(result)

    assert [outcome(result) for result in results] == [
        (1, False),
        (1, False),
        (2, False),
        (1, True),
        UuidReused,
        (2, False),
        (3, False),
        (1, True),
        InvalidRoom,
        InvalidRoom,
        InvalidRoom,
        InvalidRoom,
        InvalidMessageFormat,
    ]
    new = [results[n].message for n in (0, 1, 2, 5, 6)]
    fields = [field.attname for field in Message._meta.concrete_fields]
    for message in new:
        stored = Message.objects.get(pk=message.id)
        # The field of removed messages is empty.
        assert {f: getattr(stored, f) for f in fields} == {
            f: getattr(message, f) for f in fields if f != "removed_by_id"
        } | {"removed_by_id": None}
    assert new[2].reply_to_id == first.pk
    assert Message.objects.count() == 6
    assert dict(Room.objects.values_list("pk", "last_seq")) == {
        partners.pk: 3,
        direct.pk: 2,
        gone.pk: 0,
        school.room.pk: 1,
        Room.objects.get(course=school.other_course).pk: 0,
    }
    read = Membership.objects.exclude(last_read_seq=0).values_list(
        "room", "user__username", "last_read_seq"
    )
    # Before bea's own third message in the partners' room the first two are unread; so are the
    # messages before ada's in the direct room.
    assert set(read) == {
        (partners.pk, "ada", 2),
        (direct.pk, "bea", 1),
        (school.room.pk, "tess", 1),
    }
    log = UseLog.objects.exclude(act__contains="Are you").values_list(
        "timestamp", "sid", "event", "act", "div_id", "course_id"
    )
    moment = new[0].created_at
    assert sorted(log) == sorted(
        (moment, sid, "sendmessage", act, question, "physics")
        for sid, act, question in [
            ("ada", f"to:bea:{text}", "lift"),
            ("ada", f"to:carl:{text}", "lift"),
            ("tess", "to:*:Hello, all", ""),
            ("ada", f"to:bea:{text}", ""),
            ("ada", "to:bea:Second", "lift"),
            ("ada", "to:carl:Second", "lift"),
            ("bea", "to:ada:The same uuid of somebody else", "lift"),
            ("bea", "to:carl:The same uuid of somebody else", "lift"),
        ]
    )
    assert set(Mention.objects.values_list("message", "user__username")) == {
        (new[0].id, "bea"),
        (new[2].id, "bea"),
    }


def test_who_is_muted(school, way):
    enrollment = school.enrollment(school.ada)
    enrollment.muted_until = timezone.now() + timedelta(minutes=1)
    enrollment.save()
    with pytest.raises(PermissionDenied, match="muted"):
        post(school.ada, school.room, "Let me")
    assert post(school.bea, school.room, "Let her").seq == 1


def test_nothing_to_store(school, way):
    assert store_posts([]) == []
    (result,) = store_posts([Post(school.ada, "no room", "1", "Hello")])
    assert isinstance(result, InvalidRoom)


def test_three_statements_whatever_the_size(school):
    if connection.vendor != "postgresql":
        pytest.skip("written out for PostgreSQL only")
    rooms = [school.make_room(school.ada, school.bea, kind="partners") for _ in range(20)]
    posts = [
        Post(sender, str(room.pk), str(n), "Hello")
        for room in (*rooms, school.room)
        for sender in (school.ada, school.bea)
        for n in range(3)
    ]
    with CaptureQueriesContext(connection) as captured:
        store_posts(posts)
    kept = [q["sql"] for q in captured if "SAVEPOINT" not in q["sql"]]
    assert len(kept) == 3
    assert Message.objects.count() == len(posts)


def test_what_follows_in_the_transaction_is_not_compiled_first(school):
    """PostgreSQL takes it for costly where it can only read a whole table."""
    if connection.vendor != "postgresql":
        pytest.skip("for PostgreSQL only")
    post(school.ada, school.room, "Hello")
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN (ANALYZE) SELECT count(*) FROM peerchat_rooms_uselog WHERE act <> ''"
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "cost=1000000" in plan
    assert "JIT" not in plan
