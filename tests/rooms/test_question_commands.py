"""Importing and exporting questions by the commands of `manage.py`."""

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from rooms.models import Course, Question
from tests.rooms.question_files import GIFT, load
from tests.rooms.school import make_school


@pytest.fixture
def school(transactional_db):
    return make_school()


@pytest.fixture
def command(school, tmp_path):
    """A function that imports a text, and keeps the lines that the command printed."""

    def run(text, *options):
        file = tmp_path / "quiz.txt"
        file.write_text(text)
        out = io.StringIO()
        try:
            call_command("import_questions", "physics", str(file), *options, stdout=out)
        finally:
            run.printed = out.getvalue().splitlines()
        return run.printed

    return run


def test_the_command_prints_each_question_and_does_it(school, command):
    lines = [
        "2: Force: Is added.",
        "4: Long: This is an essay, for which there is no kind of question here.",
        "6: What is **g**?: Is added.",
        "8: Poll: Is added. No answer is right, so this becomes a poll.",
        "10: What is **g**?: Is the same question as in line 6.",
    ]
    with pytest.raises(CommandError, match="1 questions cannot be taken"):
        command(GIFT, "--dry-run")
    assert command.printed == [*lines, "Nothing was changed (--dry-run)."]
    assert not Question.objects.exists()
    with pytest.raises(CommandError, match="1 questions cannot be taken"):
        command(GIFT, "--format", "gift")
    assert command.printed == [*lines, "New questions: 3."]
    assert Question.objects.count() == 3
    assert command("What is <b>g</b>?{#9.81:0.02}") == [
        "1: What is **g**?: Is in the course already.",
        "New questions: 0.",
    ]


@pytest.mark.parametrize(
    ("text", "options"), [("", ()), ("just words", ()), (GIFT, ("--format=qti",))]
)
def test_a_file_that_cannot_be_read_changes_nothing(command, text, options):
    with pytest.raises(CommandError):
        command(text, *options)
    assert command.printed == []
    assert not Question.objects.exists()


def test_the_commands_name_a_course_or_a_file_that_is_not_there(school):
    for name, *more in (("import_questions", "-"), ("export_questions", "--format=yaml")):
        with pytest.raises(CommandError, match="no course nothing"):
            call_command(name, "nothing", *more)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_questions", "physics", "/nowhere/quiz.txt")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_questions", "physics", "--format=yaml", "--output=/nowhere/quiz")


def test_an_export_goes_to_a_file_or_to_the_terminal_and_back(school, tmp_path, monkeypatch):
    load(school.course, GIFT)
    Question.objects.filter(slug="force").update(follow_up="And now?")
    file, out, told = tmp_path / "quiz.yaml", io.StringIO(), io.StringIO()
    call_command("export_questions", "physics", "--format=yaml", stdout=out, stderr=told)
    assert told.getvalue() == "Questions: 3.\n"
    call_command("export_questions", "physics", "--format=yaml", "--output", str(file), stderr=told)
    assert file.read_text() == out.getvalue()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))
    call_command("import_questions", "chemistry", "-", stdout=io.StringIO())
    chemistry = Course.objects.get(slug="chemistry")
    assert [one.content for one in Question.objects.filter(course=chemistry)] == [
        one.content for one in Question.objects.filter(course=school.course)
    ]
    told = io.StringIO()
    call_command("export_questions", "physics", "--format=gift", stdout=out, stderr=told)
    assert "force: The file cannot hold the follow-up." in told.getvalue()
