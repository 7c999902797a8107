"""Searching one's rooms: the same on both databases, as far as their languages go."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from rooms.actions import moderation, rooms
from rooms.models import Membership, Message, Room
from rooms.queries import search
from rooms.wire.errors import InvalidRoom, PermissionDenied
from tests.pace import patient
from tests.rooms.school import EVERYBODY, post
from tests.servers import ROOT

POSTGRES = connection.vendor == "postgresql"


def found(user, text, *, limit=100, **where):
    return [body.text for body in search.search(user, text, limit=limit, **where)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("force", ["A force is a vector"]),
        ("FORCE", ["A force is a vector"]),
        ("vector force", ["A force is a vector"]),
        ("force work", []),
        ('"is a vector"', ["A force is a vector"]),
        ('"a is vector"', []),
        ("is -force", ["Work is a number"]),
        ('is -"a vector"', ["Work is a number"]),
        ("is", ["Work is a number", "A force is a vector"]),
        ("-force", []),
        ('""', []),
        ('"', []),
        ("-", []),
        ("nowhere", []),
        ("100%", ["It is 100% sure_thing"]),
        ("sure_thing", ["It is 100% sure_thing"]),
        ("%", []),
        ("'; drop table", []),
        ("<b>", []),
        ("( & | ! :*", []),
        ("\\", []),
    ],
)
def test_words_and_phrases(school, text, expected):
    room = school.make_room(school.ada)
    for said in ("A force is a vector", "Work is a number", "Nothing of the kind"):
        post(school.ada, room, said)
    if "100" in text or "_" in text:
        post(school.ada, room, "It is 100% sure_thing")
    assert found(school.ada, text) == expected


@pytest.mark.skipif(not POSTGRES, reason="without an index, or is a word")
def test_alternatives(school):
    room = school.make_room(school.ada)
    for said in ("force", "work", "energy"):
        post(school.ada, room, said)
    assert found(school.ada, "force or energy") == ["energy", "force"]


def test_any_language(school):
    room = school.make_room(school.ada)
    for said in ("Der Überdruck im Kessel", "Учитель сказал"):
        post(school.ada, room, said)
    assert found(school.ada, "Überdruck") == ["Der Überdruck im Kessel"]
    assert found(school.ada, "Учитель") == ["Учитель сказал"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("上海", ["我昨天从上海回来", "上海", "在《上海》里", "H2O在上海"]),
        ("上", ["我昨天从上海回来", "上海", "在《上海》里", "H2O在上海"]),
        ("海上", []),
        ("上海 昨天", ["我昨天从上海回来"]),
        ('"从上海"', ["我昨天从上海回来"]),
        ("上海 -昨天", ["上海", "在《上海》里", "H2O在上海"]),
        ("上海 -H2O", ["我昨天从上海回来", "上海", "在《上海》里", "H2O在上海"]),
        ("h2o在", ["H2O在上海"]),
        ("力 force", ["force は力"]),
        ("力 forc", []),
        ("ちから", ["これがちからです"]),
        ("ｶﾞ", ["ﾎｶﾞ"]),
        ("แรง", ["ผมออกแรงมาก"]),
        ("𠮷", ["𠮷野家"]),
        ("-上海", []),
        ("%海", []),
        ("上_", []),
    ],
)
def test_scripts_without_spaces(school, text, expected):
    for said in (
        *(
            "我昨天从上海回来",
            "上海",
            "在《上海》里",
            "H2O在上海",
            "force は力",
            "これがちからです",
        ),
        *("ﾎｶﾞ", "ผมออกแรงมาก", "𠮷野家", "ABC"),
    ):
        post(school.ada, school.room, said)
    if not POSTGRES and text in ("力 forc", "上海 -H2O"):
        pytest.skip("without an index, parts of words are found")
    assert sorted(found(school.ada, text)) == sorted(expected)


@pytest.mark.skipif(not POSTGRES, reason="without an index, or is a word")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("上海 or 力", ["上海", "力"]),
        ("上海 or force", ["上海", "force"]),
        ("上海 or -力", ["上海"]),
        ("上海 OR work 力", ["上海"]),
    ],
)
def test_alternatives_in_scripts_without_spaces(school, text, expected):
    for said in ("上海", "力", "force"):
        post(school.ada, school.room, said)
    assert sorted(found(school.ada, text)) == sorted(expected)


@pytest.mark.skipif(not POSTGRES, reason="SQLite has no such index")
@pytest.mark.parametrize("word", ["上", "上海", "x上海"])
def test_the_index_of_characters_is_used(db, word):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
        words = search._matches_any(word, [(False, word)])
        found_by = Message.objects.filter(words, removed_at=None).order_by().explain()
    assert "rooms_message_characters" in found_by


@pytest.mark.skipif(not POSTGRES, reason="without an index, parts of words are found")
def test_whole_words(school):
    post(school.ada, school.room, "pressure")
    assert found(school.ada, "press") == []


def test_more_words_than_are_looked_for(school):
    room = school.make_room(school.ada)
    text = " ".join(f"word{n}" for n in range(300))
    post(school.ada, room, text)
    assert found(school.ada, text) == [text]


# The members of each kind of room, who find what was said there; all but ivan and zoe are in the
# course's room.
MEMBERS = {
    "open": ("ada", "bea", "ines"),
    "partners": ("ada", "bea"),
    "direct": ("ada", "bea"),
}


@pytest.mark.parametrize("who", EVERYBODY)
def test_one_finds_what_was_said_in_ones_rooms(school, who):
    post(school.ines, school.room, "word in course")
    for kind, members in MEMBERS.items():
        room = school.make_room(*map(school.person, members), kind=kind)
        post(school.ada, room, f"word in {kind}")
    elsewhere = Room.objects.get(course=school.other_course)
    post(school.ivan, elsewhere, "word elsewhere")
    expected = {f"word in {kind}" for kind, members in MEMBERS.items() if who in members}
    if who == "ivan":
        expected = {"word elsewhere"}
    elif who != "zoe":
        expected |= {"word in course"}
    assert set(found(school.person(who), "word")) == expected


def test_where_to_search(school):
    here, there = school.make_room(school.ada), school.make_room(school.bea)
    Membership.objects.create(room=Room.objects.get(course=school.other_course), user=school.ada)
    post(school.ada, here, "a word here")
    post(school.ada, school.room, "a word there")
    assert found(school.ada, "word", room=str(here.id)) == ["a word here"]
    assert found(school.ada, "word", course="physics") == ["a word there", "a word here"]
    assert found(school.ada, "word", course="physics", room=str(school.room.id)) == ["a word there"]
    for room in (str(there.id), "x"):
        with pytest.raises(InvalidRoom):
            search.search(school.ada, "word", room=room, limit=1)
    for course in ("chemistry", "nothing"):
        with pytest.raises(PermissionDenied):
            search.search(school.ada, "word", course=course, limit=1)


def test_what_is_not_found(school):
    rooms_ = [school.make_room(school.ada, kind=kind) for kind in ("open", "partners")]
    for room in rooms_:
        post(school.ada, room, "archived word")
    rooms.archive_room(user=school.ines, room=str(rooms_[0].id))
    Room.objects.filter(pk=rooms_[1].pk).update(archived_at=timezone.now())
    room = school.make_room(school.ada)
    gone = post(school.ada, room, "removed word")
    moderation.remove_message(user=school.ada, room=str(room.id), seq=gone.seq)
    Message.objects.create(
        room=school.room,
        seq=1,
        sender=school.ines,
        uuid="c",
        kind="control",
        text="word",
        created_at=timezone.now(),
    )
    assert found(school.ada, "word") == []
    left = school.make_room(school.ada)
    post(school.ada, left, "a word")
    assert found(school.ada, "word") == ["a word"]
    rooms.leave_room(user=school.ada, room=str(left.id))
    assert found(school.ada, "word") == []


def test_the_newest_come_first_and_not_too_many(school):
    here, there = school.make_room(school.ada), school.make_room(school.ada)
    for number, room in enumerate((here, there, here, here)):
        message = post(school.ada, room, f"word {number}")
        Message.objects.filter(pk=message.pk).update(
            created_at=timezone.now() - timedelta(minutes=number)
        )
    assert found(school.ada, "word") == ["word 0", "word 1", "word 2", "word 3"]
    assert found(school.ada, "word", limit=2) == ["word 0", "word 1"]


@pytest.mark.skipif(not POSTGRES, reason="SQLite has no such index")
def test_the_index_is_used(db):
    """The index fits the condition; with few messages a scan by rooms may cost the same."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
        found = Message.objects.filter(search._matches("word"), removed_at=None)
        found_by = found.order_by().explain()
    assert "peerchat_rooms_message_search" in found_by


@pytest.mark.skipif(not POSTGRES, reason="this is what it runs")
@pytest.mark.long
def test_all_of_it_on_sqlite():
    """The run includes the tests of open rooms, moderation and mentions that need no site."""
    names = ("test_open_rooms", "test_moderation", "test_mentions", "queries/test_search")
    env = {name: value for name, value in os.environ.items() if "XDIST" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        + [f"tests/rooms/{name}.py" for name in names],
        cwd=ROOT,
        env={**env, "DATABASE_URL": "sqlite:////nowhere/at/all"},
        capture_output=True,
        text=True,
        timeout=patient(300),
        check=False,
    )
    assert done.returncode == 0, done.stdout
