"""The command that writes who answered what."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from rooms.actions.questions import version_of
from rooms.models import AuditEntry, ClassSession, Course, Round, Vote
from rooms.peer.codes import code
from tests.rooms.cast import make_question
from tests.rooms.outside import answer, release

NOW = timezone.now() - timedelta(hours=1)


def export(*options):
    out = io.StringIO()
    call_command("export_results", "physics", *options, stdout=out)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


@pytest.fixture
def asked(school):
    """Ada was wrong and then right in class; Bea answered outside; Carl did nothing."""
    question = make_question(school.course, "force")
    session = ClassSession.objects.create(
        course=school.course, started_at=NOW, changed_at=NOW, controller=school.ines
    )
    common = {
        "session": session,
        "question": question,
        "version": version_of(question),
        "opened_at": NOW,
        "closed_at": NOW,
    }
    first = Round.objects.create(number=1, **common)
    second = Round.objects.create(number=2, first=first, **common)
    Vote.objects.create(round=first, user=school.ada, choice="A", cast_at=NOW)
    Vote.objects.create(round=second, user=school.ada, choice="B", cast_at=NOW)
    school.ada.email = "ada@example.org"
    school.ada.save()
    answer(school, "bea", release(school), "C")
    return session


def test_a_row_for_each_student_and_question_and_the_totals(school, asked):
    rows = export()
    by = {(row["username"], row["where"], row["question"]): row for row in rows}
    assert len(rows) == 3 + 3 + 3
    ada = by["ada", "class", "force"]
    assert (ada["email"], ada["name"]) == ("ada@example.org", "Ada")
    given = ("first", "second", "right", "participated")
    assert [ada[name] for name in given] == ["A", "B", "1", "1"]
    assert [by["ada", "outside", "force"][name] for name in given] == ["", "", "", "0"]
    assert [by["bea", "outside", "force"][name] for name in given] == ["C", "", "0", "1"]
    assert [by["ada", "", "*"][name] for name in given] == ["1", "1", "1", "1"]
    assert [by["carl", "", "*"][name] for name in given] == ["0", "0", "0", "0"]
    assert AuditEntry.objects.get(act="export.results").actor is None


def test_nameless_classes_have_codes_alone(school, asked):
    ClassSession.objects.update(has_pseudonyms=True, lecturers_know=False)
    rows = [row for row in export() if row["where"] == "class"]
    secret = Course.objects.get(pk=school.course.pk).export_key
    assert [row["username"] for row in rows] == [code(secret, school.ada.pk, asked.pk)]
    assert (rows[0]["email"], rows[0]["name"], rows[0]["second"]) == ("", "", "B")
    totals = {row["username"]: row for row in export() if row["question"] == "*"}
    assert (totals["ada"]["participated"], totals["ada"]["right"]) == ("1", "0")
    some = {row["username"]: row for row in export("--question", "force") if not row["where"]}
    assert some["ada"]["participated"] == "0", "a sum of one question would tell who was there"


def test_part_of_a_course_in_a_file(school, asked, tmp_path):
    make_question(school.course, "work")
    assert {row["question"] for row in export("--question", "work")} == {"*"}
    tomorrow = (timezone.now() + timedelta(days=2)).date().isoformat()
    assert {row["question"] for row in export("--since", tomorrow)} == {"*"}
    file = tmp_path / "results.csv"
    assert export("--csv", str(file)) == []
    assert len(file.read_text().splitlines()) == 10
    for wrong in (("--question", "nothing"), ("--csv", str(tmp_path))):
        with pytest.raises(CommandError):
            export(*wrong)
    with pytest.raises(CommandError):
        call_command("export_results", "nothing")
