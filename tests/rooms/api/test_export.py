"""The use log as a download."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from rooms.actions import uselog
from rooms.api.export import ROWS, Pseudonyms, csv_safe
from rooms.models import UseLog
from tests.rooms.api.conftest import refusal

PATH = "/api/courses/physics/uselog/"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def log(school):
    rows = [
        ("ada", "vote", "A:vote1", "force"),
        ("ada", "peergroup", "grouplist:ada,bea", "force"),
        ("ada", "sendmessage", "to:bea:ask bea: why?", "force"),
        ("bea", "sendmessage", "to:*:hello", ""),
        ("ines", "peer", "start_question", "force"),
        ("bea", "join", "Help", ""),
    ]
    uselog.record(
        uselog.row(
            sid=sid,
            event=event,
            act=act,
            div_id=div_id,
            course_id="physics",
            timestamp=NOON + timedelta(minutes=minute),
        )
        for minute, (sid, event, act, div_id) in enumerate(rows)
    )
    uselog.record([uselog.row(sid="ivan", event="peer", act="reveal", course_id="chemistry")])
    return rows


def fetched(caller, **query):
    response = caller.client.get(PATH, query)
    assert response.status_code == 200
    return response, b"".join(response).decode()


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_csv(school, api, log):
    response, text = fetched(api(school.ines))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="physics-uselog.csv"'
    assert text.splitlines()[:2] == [
        "timestamp,sid,event,act,div_id,course_id",
        "2026-03-02T12:00:00Z,ada,vote,A:vote1,force,physics",
    ]
    assert [(r["sid"], r["event"], r["act"], r["div_id"]) for r in rows_of(text)] == log


def test_json_lines(school, api, log):
    response, text = fetched(api(school.tess), **{"as": "jsonl"})
    assert response["Content-Type"] == "application/jsonl; charset=utf-8"
    rows = [json.loads(line) for line in text.splitlines()]
    assert [(r["sid"], r["event"], r["act"], r["div_id"]) for r in rows] == log
    assert rows[0] == {
        "timestamp": "2026-03-02T12:00:00Z",
        "sid": "ada",
        "event": "vote",
        "act": "A:vote1",
        "div_id": "force",
        "course_id": "physics",
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"since": "2026-03-02T12:02:00Z"}, slice(2, None)),
        ({"until": "2026-03-02T12:02:00Z"}, slice(0, 2)),
        ({"since": "2026-03-02T13:01:00+01:00", "until": "2026-03-02T12:03"}, slice(1, 3)),
        ({"since": str(NOON.timestamp() + 60)}, slice(1, None)),
        ({"since": "2026-03-02", "until": "2026-03-03"}, slice(0, None)),
        ({"since": "2026-03-03"}, slice(0, 0)),
    ],
)
def test_times(school, api, log, query, expected):
    _, text = fetched(api(school.ines), **query)
    assert [(r["sid"], r["event"], r["act"], r["div_id"]) for r in rows_of(text)] == log[expected]


@pytest.mark.parametrize(
    "query",
    [
        {"as": "xml"},
        {"names": "none"},
        {"since": "yesterday"},
        {"until": "nan"},
        {"until": "1e300"},
        {"since": "2026-13-01"},
        {"since": "0001-01-01T00:00+23:00"},
        {"limit": "5"},
    ],
)
def test_queries_that_are_refused(school, api, log, query):
    answer = api(school.ines).get("courses/physics/uselog/", **query)
    assert refusal(*answer) == (400, "invalid_message_format")


@pytest.mark.parametrize("who", ["ada", "ivan", "zoe"])
def test_for_who_leads_the_course_alone(school, api, log, who):
    answer = api(school.person(who)).get("courses/physics/uselog/")
    assert refusal(*answer) == (403, "permission_denied")


def test_pseudonyms(school, api, log):
    _, text = fetched(api(school.ines), names="pseudonyms")
    names = Pseudonyms(school.course)
    ada, bea, ines = map(names.name, ("ada", "bea", "ines"))
    assert len({ada, bea, ines}) == 3
    assert all(len(name) == 18 and name.startswith("p-") for name in (ada, bea, ines))
    assert [(r["sid"], r["event"], r["act"]) for r in rows_of(text)] == [
        (ada, "vote", "A:vote1"),
        (ada, "peergroup", f"grouplist:{ada},{bea}"),
        (ada, "sendmessage", f"to:{bea}:ask bea: why?"),
        (bea, "sendmessage", "to:*:hello"),
        (ines, "peer", "start_question"),
        (bea, "join", "Help"),
    ]
    assert fetched(api(school.tess), names="pseudonyms")[1] == text


def test_pseudonyms_differ_by_course_and_key(school, monkeypatch):
    here = Pseudonyms(school.course).name("ada")
    assert Pseudonyms(school.course).name("ada") == here
    assert Pseudonyms(school.other_course).name("ada") != here
    monkeypatch.setitem(settings.PEERCHAT, "PSEUDONYM_KEY", "another")
    assert Pseudonyms(school.course).name("ada") != here


def test_of_an_event_that_is_not_known_no_act_is_told(school):
    assert Pseudonyms(school.course).act("whisper", "ada told bea") == ""


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1", "''=1"),
        ("\t=1", "\t'=1"),
        ("\r=1", "\r'=1"),
        ("\n\n=1", "\n\n'=1"),
        ("a;=1;b; -2", "a;'=1;b;' -2"),
        ("a\t@b", "a\t'@b"),
        ('a;"=1"', 'a;\'"=1"'),
        ("- one\n- two", "'- one\n'- two"),
    ],
)
def test_no_cell_is_taken_for_a_formula(school, api, text, safe):
    assert csv_safe(text) == safe
    uselog.record([uselog.row(sid=text, event="join", act=text, course_id="physics")])
    (row,) = rows_of(fetched(api(school.ines))[1])
    assert row["sid"] == row["act"] == safe
    (line,) = fetched(api(school.ines), **{"as": "jsonl"})[1].splitlines()
    assert json.loads(line)["act"] == text


@pytest.mark.parametrize(
    "text", ["", "A:vote1", "to:*:=1+1", 'say "hi", then\nleave', "1-1", "'a'", "a; b, =c"]
)
def test_other_cells_stay_as_they_are(school, api, text):
    assert csv_safe(text) == text
    uselog.record([uselog.row(sid="ada", event="join", act=text, course_id="physics")])
    (row,) = rows_of(fetched(api(school.ines))[1])
    assert row["act"] == text


def test_a_long_log_comes_whole_and_in_order(school, api):
    count = 2 * ROWS + 1
    # Many rows of one moment, over the seams between what is read at a time.
    uselog.record(
        uselog.row(
            sid="ada",
            event="vote",
            act=str(number),
            course_id="physics",
            timestamp=NOON + timedelta(seconds=number // 700),
        )
        for number in range(count)
    )
    _, text = fetched(api(school.ines))
    assert [row["act"] for row in rows_of(text)] == [str(number) for number in range(count)]
    assert UseLog.objects.count() == count
