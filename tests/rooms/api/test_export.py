"""The use log as a download."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.conf import settings

from rooms.actions import uselog
from rooms.api import spreadsheet
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
            course=school.course.pk,
            timestamp=NOON + timedelta(minutes=minute),
        )
        for minute, (sid, event, act, div_id) in enumerate(rows)
    )
    other = school.other_course
    uselog.record(
        [uselog.row(sid="ivan", event="peer", act="reveal", course_id="chemistry", course=other.pk)]
    )
    return rows


def fetched(caller, **query):
    response = caller.client.get(PATH, query)
    assert response.status_code == 200
    return response, b"".join(response).decode("utf-8-sig")


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


def test_spreadsheets_are_told_the_encoding(school, api, log):
    plain = b"timestamp,sid,"
    for query, head in (({}, b"\xef\xbb\xbf" + plain), ({"bom": "0"}, plain)):
        body = b"".join(api(school.ines).client.get(PATH, query))
        assert body[: len(head)] == head
    body = b"".join(api(school.ines).client.get(PATH, {"as": "jsonl"}))
    assert body[:1] == b"{"


NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
CELL = "m:sheetData/m:row/m:c"


def sheets_of(body):
    """The sheets of an Excel file as XML, and the formats of its cells."""
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        names = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        styles = ElementTree.fromstring(book.read("xl/styles.xml"))
        return [ElementTree.fromstring(book.read(name)) for name in sorted(names)], styles


def test_excel(school, api, log):
    uselog.record([uselog.row(sid="ada", event="join", act="=1+1", course_id="physics")])
    response = api(school.ines).client.get(PATH, {"as": "xlsx"})
    assert response["Content-Type"] == spreadsheet.CONTENT_TYPE
    assert response["Content-Disposition"] == 'attachment; filename="physics-uselog.xlsx"'
    (sheet,), styles = sheets_of(b"".join(response))
    texts = [cell.findtext("m:is/m:t", namespaces=NAMES) for cell in sheet.findall(CELL, NAMES)]
    assert texts[:6] == ["timestamp", "sid", "event", "act", "div_id", "course_id"]
    rows = [tuple(texts[at + 1 : at + 5]) for at in range(6, len(texts), 6)]
    assert [tuple(cell or "" for cell in row) for row in rows] == [
        *log,
        ("ada", "join", "=1+1", ""),
    ]
    assert sheet.findall(f"{CELL}/m:f", NAMES) == []
    # The first time, as days since the end of 1899, in a format of times.
    time = sheet.findall(CELL, NAMES)[6]
    days = float(time.findtext("m:v", namespaces=NAMES))
    assert datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=days) == NOON
    formats = styles.findall("m:cellXfs/m:xf", NAMES)
    assert formats[int(time.get("s"))].get("numFmtId") != "0"


def test_numbers_are_numbers_and_a_long_table_goes_on(monkeypatch):
    monkeypatch.setattr(spreadsheet, "ROWS_LIMIT", 3)
    body = b"".join(spreadsheet.xlsx(["n"], [[[1], [2.5]], [[-3]]]))
    sheets, _ = sheets_of(body)
    values = [[one.text for one in sheet.findall(f"{CELL}/m:v", NAMES)] for sheet in sheets]
    assert values == [["1", "2.5"], ["-3"]]


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
        {"bom": "perhaps"},
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
    began = school.course.created_at
    # Many rows of one moment, over the seams between what is read at a time. Some have no ids.
    uselog.record(
        uselog.row(
            sid="ada",
            event="vote",
            act=str(number),
            course_id="physics",
            course=school.course.pk if number % 3 else None,
            timestamp=began + timedelta(milliseconds=number // 700),
        )
        for number in range(count)
    )
    _, text = fetched(api(school.ines))
    assert [row["act"] for row in rows_of(text)] == [str(number) for number in range(count)]
    assert UseLog.objects.count() == count
