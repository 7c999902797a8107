"""A text that is stored by itself, by one statement where it can be, is stored as in a batch."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from weakref import WeakSet

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from peerchat import signals
from rooms.actions.messages import Post, Posted, store_posts
from rooms.actions.statements import lone
from rooms.delivery import names
from rooms.models import (
    Block,
    Choice,
    ClassSession,
    ClassSettings,
    Course,
    Enrollment,
    Membership,
    Mention,
    Message,
    Question,
    Room,
    Round,
    UseLog,
)
from rooms.wire.errors import RateLimited
from tests.cases import case
from tests.rooms.school import make_school
from tests.rooms.test_enrollment import Elsewhere, waits
from tests.running import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="for PostgreSQL only"),
]

SAID = "Quotes ' \" \\ %s {} $1 $function$, a line\nbreak, \u2028, ẞ, 🧲 and a@b.example"


def pose(school):
    question = Question.objects.create(course=school.course, slug="lift", prompt="Why?")
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
    return session


def mute(school, **by):
    school.course.enrollments.filter(user=school.ada).update(
        muted_until=timezone.now() + timedelta(**by)
    )


def said_before(school, room, text=SAID):
    """A message of ada's under the uuid that she uses again."""
    with transaction.atomic():
        store_posts([Post(school.ada, str(room.id), "u", text)])


def leave_course(school):
    """Without what follows from it, as if the row were deleted in SQL."""
    gone = school.course.enrollments.filter(user=school.ada)
    gone._raw_delete(gone.db)


def archive(school):
    Course.objects.filter(pk=school.course.pk).update(archived_at=timezone.now())


def hide_names(school):
    ClassSettings.objects.create(course=school.course, has_pseudonyms=True)


def hide_names_in_class(school):
    session = pose(school)
    session.has_pseudonyms = True
    session.save()


# Each: what is done before in the course and in the room, the kind of the room, and the fields of
# ada's post. Those in the first table take one statement.
PLAIN: dict[str, Any] = {
    "partners": (lambda s, r: pose(s), "partners", {}),
    "partners without a class": (None, "partners", {}),
    "a class without a question": (
        lambda s, r: ClassSession.objects.filter(pk=pose(s).pk).update(
            current_round=None, phase="idle"
        ),
        "partners",
        {},
    ),
    "a room that anybody may join": (lambda s, r: pose(s), "open", {}),
    "the room of the course": (None, "course", {}),
    "of whom something is unread": (
        lambda s, r: store_posts([Post(s.bea, str(r.id), "b", "Hello")]),
        "partners",
        {},
    ),
    "the same uuid of somebody else": (
        lambda s, r: store_posts([Post(s.bea, str(r.id), "u", SAID)]),
        "open",
        {},
    ),
    "a mute that is over": (lambda s, r: mute(s, seconds=-1), "partners", {}),
    "who left the course": (lambda s, r: leave_course(s), "open", {}),
    "names again in the class": (
        lambda s, r: (hide_names(s), pose(s)),
        "partners",
        {},
    ),
}
OTHERS: dict[str, Any] = {
    "two people": (None, "direct", {}),
    "two people, one blocked": (
        lambda s, r: Block.objects.create(
            course=s.course, user=s.bea, blocked=s.ada, made_at=timezone.now()
        ),
        "direct",
        {},
    ),
    "stored before": (said_before, "partners", {}),
    "another text stored before": (lambda s, r: said_before(s, r, "Else"), "partners", {}),
    "muted": (lambda s, r: mute(s, hours=1), "partners", {}),
    "a slow room": (lambda s, r: Room.objects.filter(pk=r.pk).update(slow_seconds=60), "open", {}),
    "a slow room again": (
        lambda s, r: (
            Room.objects.filter(pk=r.pk).update(slow_seconds=3600),
            store_posts([Post(s.ada, str(r.id), "before", "Hello")]),
        ),
        "open",
        {},
    ),
    "an archived room": (
        lambda s, r: Room.objects.filter(pk=r.pk).update(archived_at=timezone.now()),
        "partners",
        {},
    ),
    "an archived course": (lambda s, r: archive(s), "partners", {}),
    "pseudonyms chosen": (lambda s, r: hide_names(s), "partners", {}),
    "pseudonyms in class": (lambda s, r: hide_names_in_class(s), "partners", {}),
    "pseudonyms elsewhere": (lambda s, r: hide_names_in_class(s), "open", {}),
    "somebody mentioned": (None, "partners", {"text": "Hello, @bea and @nobody"}),
    "a reply to nothing": (None, "partners", {"reply_to": "x"}),
    "who is not in the room": (
        lambda s, r: Membership.objects.filter(room=r, user=s.ada).delete(),
        "open",
        {},
    ),
    "no room": (None, "open", {"room": "00000000-0000-4000-8000-000000000000"}),
    "no id of a room": (None, "open", {"room": "lobby"}),
}


def stored(school, room):
    """What is stored of a course, without the ids that differ between two courses."""
    of = {"in_course": school.course}
    times = {one.created_at: number for number, one in enumerate(room.messages.order_by("seq"))}
    return {
        "messages": [
            {
                **{f: getattr(one, f) for f in ("seq", "uuid", "kind", "text", "control")},
                "sender": one.sender.username,
                "rest": (one.reply_to_id, one.removed_at, one.removed_by_id),
            }
            for one in room.messages.order_by("seq").select_related("sender")
        ],
        "last_seq": Room.objects.get(pk=room.pk).last_seq,
        "read": sorted(room.memberships.values_list("user__username", "last_read_seq")),
        "mentions": sorted(
            Mention.objects.filter(message__room=room).values_list("user__username", flat=True)
        ),
        "log": sorted(
            (
                *(row.sid, row.act, row.div_id, row.user_id, row.named),
                row.course_id == school.course.slug,
                row.question_id is not None,
                times[row.timestamp],
            )
            for row in UseLog.objects.filter(event="sendmessage", **of)
        ),
    }


def outcome(result):
    if not isinstance(result, Posted):
        # But not for how many seconds a room is still slow.
        return type(result), re.sub(r"\d", "", str(result))
    message = result.message
    of_row = Message.objects.get(pk=message.id)
    for name in ("room_id", "seq", "sender_id", "uuid", "kind", "text", "created_at", "pseudonym"):
        assert getattr(of_row, name) == getattr(message, name), name
    return message.seq, bool(message.pseudonym), result.again


def told(notices, school, room, result):
    """What is published, without what differs between two courses."""
    different = {names.room(room.id): "room.", str(room.id): "room"}
    for audience in (names.dashboards(school.course.pk), names.screens(school.course.pk)):
        different[audience] = audience.partition(".")[0]
    if isinstance(result, Posted):
        message = result.message
        different[str(message.id)] = "message"
        different[repr(message.created_at.timestamp())] = "time"
    texts = "\n".join(map(str, notices.entries))
    for this, name in different.items():
        texts = texts.replace(this, name)
    return texts


def statements(captured):
    """The number of statements, without the one that makes the function for a new connection."""
    return len([one for one in captured if "CREATE" not in (one["sql"] or "")])


def uses_function(captured):
    return any("pg_temp" in (one["sql"] or "") for one in captured)


def post_it(people, name, prepare, kind, fields, *, notices, batch=False):
    """Post in a course of its own; return what came of it, what was
    published, and the number of statements."""
    course = Course.objects.create(slug=name, title="Physics")
    school = replace(people, course=course)
    students = (school.ada, school.bea, school.carl)
    Enrollment.objects.bulk_create(Enrollment(course=course, user=user) for user in students)
    if kind == "course":
        room = school.room
        Membership.objects.bulk_create(Membership(room=room, user=user) for user in students)
    else:
        members = students[:2] if kind == "direct" else students
        room = school.make_room(*members, kind=kind)
    if prepare is not None:
        prepare(school, room)
    post = Post(school.ada, **{"room": str(room.id), "uuid": "u", "text": SAID, **fields})
    notices.entries.clear()
    with CaptureQueriesContext(connection) as captured:
        if batch:
            with transaction.atomic():
                (result,) = store_posts([post])
        else:
            (result,) = store_posts([post])
    came = outcome(result), stored(school, room)
    tells = told(notices, school, room, result)
    # Two people have one room, so the next case needs its pair.
    Room.objects.filter(pk=room.pk, kind="direct").update(pair=name)
    return came, tells, statements(captured)


def test_all_cases_end_as_in_a_batch(notices):
    people = make_school()
    Course.objects.all().delete()
    for number, (name, parts) in enumerate({**PLAIN, **OTHERS}.items()):
        with case(name):
            alone, tells, number_of = post_it(people, f"lone-{number}", *parts, notices=notices)
            batched, batch_tells, _ = post_it(
                people, f"batch-{number}", *parts, notices=notices, batch=True
            )
            assert alone == batched
            assert (number_of == 1) == (name in PLAIN)
            # Pseudonyms are chosen at random.
            assert "pseudonyms" in name or tells == batch_tells


MEANWHILE = {
    "muted": lambda s, r: mute(s, hours=1),
    "put out of the room": lambda s, r: Membership.objects.filter(room=r, user=s.ada).delete(),
    "archived": lambda s, r: Room.objects.filter(pk=r.pk).update(archived_at=timezone.now()),
    "slow": lambda s, r: Room.objects.filter(pk=r.pk).update(slow_seconds=60),
    "the course archived": lambda s, r: archive(s),
    "pseudonyms": lambda s, r: hide_names(s),
    "sent at another worker": said_before,
}


def test_what_happens_while_it_waits_for_the_room_counts():
    """It is as if that had happened before."""
    people = make_school()
    Course.objects.all().delete()
    for name, happen in MEANWHILE.items():
        with case(name):
            course = Course.objects.create(slug=name.replace(" ", "-"), title="Physics")
            school = replace(people, course=course)
            Enrollment.objects.create(course=course, user=school.ada)
            room = school.make_room(school.ada, school.bea)
            post = Post(school.ada, str(room.id), "u", SAID)
            answers = []
            with transaction.atomic():
                Room.objects.select_for_update(no_key=True).get(pk=room.pk)
                other = Elsewhere(lambda post=post, to=answers: to.extend(store_posts([post])))
                until(waits)
                happen(school, room)
            other.end()
            if name == "slow":
                # The first message is always in time.
                assert answers[0].message.seq == 1
            elif name == "sent at another worker":
                assert answers[0].again
                assert room.messages.count() == 1
            else:
                assert not isinstance(answers[0], Posted)
                assert room.messages.count() == 0


def say(school, text):
    (posted,) = store_posts([Post(school.ada, str(school.room.id), text, text)])
    return posted.message.seq


def test_where_the_function_is_lost_the_text_is_stored_as_a_batch(monkeypatch, caplog):
    """A pooler may give another session."""
    monkeypatch.setattr(lone, "_failures", 0)
    school = make_school()
    assert say(school, "First") == 1
    for number in range(lone.MOST_FAILURES + 1):
        with connection.cursor() as cursor:
            cursor.execute("DISCARD TEMP")
        # The first one finds no function, the second makes it again.
        assert [say(school, f"{number} {n}") for n in "ab"] == [2 * number + 2, 2 * number + 3]
        assert len(caplog.records) == min(number + 1, lone.MOST_FAILURES)
    assert [one.message.partition(":")[0] for one in caplog.records] == [
        "a lone message was stored as a batch"
    ] * lone.MOST_FAILURES


def test_the_function_of_another_version_is_not_called(monkeypatch):
    """A pooler may give a session that an older version has used."""
    monkeypatch.setattr(lone, "_failures", 0)
    school = make_school()
    monkeypatch.setattr(lone, "_with_function", WeakSet())
    older = lone._FUNCTION.replace(" AND r.slow_seconds = 0", "")
    assert older != lone._FUNCTION
    with monkeypatch.context() as patched:
        patched.setattr(lone, "_FUNCTION", older)
        lone._statements.cache_clear()
        assert say(school, "First") == 1
    lone._statements.cache_clear()
    Room.objects.filter(pk=school.room.pk).update(slow_seconds=3600)
    (refused,) = store_posts([Post(school.ada, str(school.room.id), "u", SAID)])
    assert isinstance(refused, RateLimited)


def test_the_time_of_a_text_is_that_after_it_had_to_wait():
    """Times follow the numbers, and who came to the room meanwhile sees who came first."""
    school = make_school()
    room = school.make_room(school.ada, school.bea)
    with transaction.atomic():
        Room.objects.select_for_update(no_key=True).get(pk=room.pk)
        other = Elsewhere(lambda: store_posts([Post(school.ada, str(room.id), "u", SAID)]))
        until(waits)
        waited = timezone.now()
        # The other thread takes a moment between its look at the clock and the statement.
        until(lambda: timezone.now() > waited + timedelta(seconds=0.2))
    other.end()
    assert Message.objects.get().created_at > waited
    assert UseLog.objects.get(event="sendmessage").timestamp > waited


def test_a_site_that_is_told_of_messages_has_them_stored_as_batches():
    """What it is told is read before the commit, so that a failure then loses nothing."""
    school = make_school()
    told = []

    def hear(sender, **facts):
        told.append(facts["text"])

    signals.message_posted.connect(hear)
    try:
        with CaptureQueriesContext(connection) as captured:
            say(school, "Hello")
    finally:
        signals.message_posted.disconnect(hear)
    assert told == ["Hello"]
    assert not uses_function(captured)


def test_without_prepared_statements_there_is_no_function(monkeypatch):
    school = make_school()
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    with CaptureQueriesContext(connection) as captured:
        store_posts([Post(school.ada, str(school.room.id), "u", SAID)])
    assert not uses_function(captured)
    assert Message.objects.get().text == SAID


def test_on_a_connection_that_is_not_kept_there_is_no_function(monkeypatch):
    """It would have to be made for each message."""
    school = make_school()
    connection.close()
    with monkeypatch.context() as unpooled:
        unpooled.delitem(connection.settings_dict["OPTIONS"], "pool")
        with CaptureQueriesContext(connection) as captured:
            say(school, "Hello")
        connection.close()
    assert not uses_function(captured)
    assert Message.objects.get().text == "Hello"
