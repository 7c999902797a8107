"""A course as a zip: what is in it, what is not, and that all figures come out of it again."""

import asyncio
import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest

from rooms.actions.exports import begin
from rooms.api import course_zip
from rooms.api.course_zip import CourseZip
from rooms.models import AuditEntry, Course, Enrollment, Mention, Message, UseLog
from rooms.peer import recomputed, results
from rooms.peer.export_tables import TABLES
from rooms.peer.recomputed import Export
from rooms.queries import course_results
from rooms.queries.export import rows
from rooms.queries.posed import first_rounds, posed
from rooms.queries.released import released
from tests.rooms.api.conftest import refusal
from tests.rooms.the_class import NAMES, NOON, make_nameless, make_the_class

PATH = "/api/courses/statics/export/"


@pytest.fixture
def made(db):
    return make_the_class()


def archive_of(caller, **query):
    response = caller.client.get(PATH, query)
    assert response.status_code == 200, response.content
    assert response["Content-Disposition"] == 'attachment; filename="statics.zip"'
    archive = zipfile.ZipFile(io.BytesIO(b"".join(response)))
    assert archive.testzip() is None
    return archive


def all_of(archive):
    return b"\n".join(archive.read(name) for name in archive.namelist()).decode()


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
@pytest.mark.parametrize("names", ["codes", "real"])
def test_all_figures_can_be_computed_again(made, api, format_, names):
    export = Export(archive_of(api(made.ines), **{"as": format_, "names": names}))
    again = list(recomputed.posed(export))
    original = list(posed(first_rounds(made.course), messages=True))
    assert [results.figures(one) for one in again] == [results.figures(one) for one in original]
    assert results.items(again) == results.items(original)
    students = [row for row in export.rows("people") if row["role"] == "student"]
    joined = {row["person"]: row["joined_at"] for row in students}
    assert results.term(again, joined) == results.term(
        original, course_results.students(made.course)
    )
    outside = [results.figures(one) for one in recomputed.released(export)]
    assert outside == [results.figures(one) for one in released(made.course, messages=True)]
    assert len(original) == 3
    assert len(outside) == 1


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_codes_alone_name_nobody(made, api, format_):
    message = Message.objects.filter(text__startswith="Why").first()
    left = made.students["kim"]
    Message.objects.filter(pk=message.pk).update(text="So says @kim. And @Kim!")
    Mention.objects.create(message=message, user=left)
    Enrollment.objects.filter(user=left).delete()
    UseLog.objects.create(
        timestamp=NOON,
        sid="ada",
        event="sendmessage",
        act="to:ben:a secret",
        in_course=made.course,
        user=made.students["ada"],
        named=[made.students["ben"].pk],
    )
    told = all_of(archive_of(api(made.ines), **{"as": format_}))
    for name in (*NAMES, *map(str.title, NAMES), "ines", "Ines"):
        assert f"@{name}" not in told
        for sign in ('"', ",", ":"):
            assert f"{sign}{name}{sign}" not in told
    assert "a secret" not in told
    assert "And @Cleo-like?" not in told


def test_a_person_has_one_code_in_all_tables(made, api):
    export = Export(archive_of(api(made.ines)))
    people = {row["person"] for row in export.rows("people")}
    assert len(people) == len(NAMES) + 1
    for table in ("votes", "partners", "messages", "convictions", "takes", "marks"):
        found = {row["person"] for row in export.rows(table)}
        assert found, table
        assert found <= people, table
    # The text of a message mentions Ada by her code.
    texts = [row["text"] for row in export.rows("messages")]
    assert any(f"asks @{person}." in text for text in texts for person in people)
    again = Export(archive_of(api(made.ines), **{"as": "jsonl"}))
    assert {row["person"] for row in again.rows("people")} == people


def test_names_are_for_instructors(made, api):
    Enrollment.objects.filter(user=made.students["ada"]).update(role="assistant")
    assistant = api(made.students["ada"])
    archive_of(assistant)
    denied = refusal(*assistant.get("courses/statics/export/", names="real"))
    assert denied == (403, "permission_denied")
    for student in (api(made.students["ben"]), api(None)):
        assert student.get("courses/statics/export/")[0] in (401, 403)
    export = Export(archive_of(api(made.ines), names="real"))
    found = {row["person"]: row["name"] for row in export.rows("people")}
    assert found["ben"] == "Ben"
    assert {entry.detail for entry in AuditEntry.objects.all()} == {"csv, codes", "csv, names"}
    assert {entry.act for entry in AuditEntry.objects.all()} == {"export.download"}


def test_a_nameless_class_that_begins_meanwhile_is_not_told(made):
    """A client may read as slowly as it likes, and begin a class before the messages come."""
    begun = begin(user=made.ines, course="statics", names=True, research=False, format_="csv")
    # Not that of a pair outside class, which may have been written in the same moment.
    of_classes = Message.objects.filter(room__partner_group__isnull=False, kind="text")
    last = of_classes.latest("created_at", "pk")
    make_nameless(last.room.partner_group.round.session, made.students)
    late = {"created_at": begun.scope.at + timedelta(minutes=1), "text": "Nobody knows who says it"}
    Message.objects.filter(pk=last.pk).update(**late)
    texts = [row[6] for batch in rows(begun.scope, "messages") for row in batch]
    assert texts
    assert late["text"] not in texts


def test_who_did_what_in_a_nameless_class_is_not_told(made, api):
    make_nameless(made.sessions[0], made.students)
    first, second = made.sessions
    UseLog.objects.create(
        timestamp=NOON,
        sid="ada",
        event="vote",
        act="A:vote1",
        in_course=made.course,
        user=made.students["ada"],
    )
    codes = Export(archive_of(api(made.ines)))
    named = Export(archive_of(api(made.ines), names="real"))
    rounds = {row["round"]: row["session"] for row in named.rows("rounds")}
    for export in (codes, named):
        people = {row["person"] for row in export.rows("people")}
        by_session = {str(first.pk): set(), str(second.pk): set()}
        for vote in export.rows("votes"):
            by_session[rounds[vote["round"]]].add(vote["person"])
        assert by_session[str(first.pk)].isdisjoint(people)
        assert by_session[str(second.pk)] <= people
        for table in ("partners", "convictions"):
            assert {row["person"] for row in export.rows(table)}.isdisjoint(people)
        # What was written at night, outside class, has names as ever.
        writers = {row["person"] for row in export.rows("messages")}
        assert len(writers & people) == 1
        assert {row["person"] for row in export.rows("uselog")}.isdisjoint(people)
    # Both have the same codes there, and the figures of the class are the same.
    assert {row["person"] for row in codes.rows("partners")} == {
        row["person"] for row in named.rows("partners")
    }
    original = [results.figures(one) for one in posed(first_rounds(made.course), messages=True)]
    for export in (codes, named):
        assert [results.figures(one) for one in recomputed.posed(export)] == original


def test_research_has_those_who_consented_alone(made, api):
    for name in ("ada", "ben"):
        Enrollment.objects.filter(user=made.students[name]).update(in_research_since=NOON)
    export = Export(archive_of(api(made.ines), names="real", research="1"))
    for table, person in (("people", {"ada", "ben"}), ("votes", {"ada", "ben"})):
        assert {row["person"] for row in export.rows(table)} == person
    for table in ("takes", "convictions", "shown_reasons"):
        assert list(export.rows(table)) == []
    assert {row["person"] for row in export.rows("messages")} == {"ada", "ben"}
    assert all("@Cleo" not in row["text"] for row in export.rows("messages"))
    # The others count among the members of a group.
    assert {row["members"] for row in export.rows("groups")} == {3}
    assert sum(1 for _ in export.rows("partners")) == 2


def test_what_was_removed_and_what_two_people_wrote_is_not_in_it(made, api):
    room = made.course.rooms.create(kind="direct", pair="1:2", last_seq=1)
    Message.objects.create(
        room=room, seq=1, sender=made.ines, uuid="1", text="between us", created_at=NOON
    )
    told = all_of(archive_of(api(made.ines), names="real"))
    assert "rude" not in told
    assert "between us" not in told
    assert Course.objects.get(slug="statics").export_key not in told


def test_spreadsheets_compute_nothing_and_the_dictionary_has_every_column(made, api):
    archive = archive_of(api(made.ines))
    for table in TABLES.values():
        text = archive.read(f"{table.name}.csv").decode("utf-8-sig")
        head, *rows = csv.reader(io.StringIO(text))
        assert head == [column.name for column in table.columns]
        texts = [n for n, column in enumerate(table.columns) if column.type in ("text", "person")]
        assert not any(row[n].startswith(("=", "+", "-", "@")) for row in rows for n in texts)
    assert "-8" in {row["choice"] for row in Export(archive).rows("votes")}
    told = csv.DictReader(io.StringIO(archive.read("dictionary.csv").decode("utf-8-sig")))
    described = {(row["table"], row["column"]) for row in told if row["column"]}
    assert described == {(t.name, c.name) for t in TABLES.values() for c in t.columns}
    dictionary = json.loads(archive_of(api(made.ines), **{"as": "jsonl"}).read("dictionary.json"))
    assert {(row["table"], row["column"]) for row in dictionary if row["column"]} == described


def test_a_long_table_comes_whole(made, api, monkeypatch):
    whole = Export(archive_of(api(made.ines), names="real"))
    for place in ("export_pages.AT_ONCE", "export_messages.AT_ONCE", "export_messages.ROOMS"):
        monkeypatch.setattr(f"rooms.queries.{place}", 2)
    for place in ("export.ROUNDS", "export.STUDENTS", "export_outside.TAKES"):
        monkeypatch.setattr(f"rooms.queries.{place}", 1)
    monkeypatch.setattr("rooms.api.exported_log.ROWS", 1)
    pieces = Export(archive_of(api(made.ines), names="real"))
    for table in TABLES.keys() - {"course"}:
        expected, found = (sorted(map(repr, export.rows(table))) for export in (whole, pieces))
        assert found == expected, table
    assert sum(1 for _ in pieces.rows("messages")) == 13


def test_a_broken_connection_ends_the_work(made, monkeypatch):
    begun = begin(user=made.ines, course="statics", names=False, research=False, format_="csv")
    asked = []
    rows = course_zip.rows

    def noted(scope, table):
        asked.append(table)
        return rows(scope, table)

    monkeypatch.setattr(course_zip, "rows", noted)

    async def broken():
        parts = CourseZip(begun, "csv").stream()
        async for _ in parts:
            break
        await parts.aclose()

    asyncio.run(broken())
    assert asked in ([], ["course"])
