"""Files of questions: what would happen to each question, and their import."""

import re
import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from rooms.actions import question_import as actions
from rooms.actions.question_edits import MOST_QUESTIONS
from rooms.models import Course, Picture, Question
from rooms.queries import question_export as exports
from rooms.queries import question_import as queries
from rooms.wire.errors import CourseArchived, InvalidMessageFormat, TooManyQuestions
from tests.rooms.question_files import GIFT, load, moodle, outcomes, picture, read, stored
from tests.rooms.school import make_school


@pytest.fixture
def school(transactional_db):
    return make_school()


def test_a_plan_tells_of_each_question(school):
    plan = queries.plan(school.course, read(GIFT))
    assert outcomes(plan) == [
        (2, "new"),
        (4, "refused"),
        (6, "new"),
        (8, "new"),
        (10, "repeated"),
    ]
    assert plan.questions[-1].sentence == "Is the same question as in line 6."
    assert "essay" in plan.refused[0].sentence
    assert not Question.objects.filter(course=school.course).exists()


def test_new_questions_come_last_in_the_order_of_the_file(school):
    load(school.course, "First of all?{T}")
    done = load(school.course, GIFT)
    prompts = [one.prompt for one in Question.objects.filter(course=school.course)]
    assert [one.prompt for one in done.questions] == prompts[1:]
    assert prompts[0].startswith("First")
    assert len(prompts) == 4


@pytest.mark.parametrize("other", ["physics", "chemistry"])
def test_what_is_exported_is_imported_equal_and_nothing_twice(school, other):
    """All kinds, drafts and pictures: YAML keeps everything, also in an empty course."""
    load(school.course, GIFT)
    load(school.course, moodle(picture("red"), picture("blue")))
    before = stored(school.course)
    file = exports.export(school.course, "yaml")
    assert file.lost == []
    course = Course.objects.get(slug=other)
    done = load(course, file.data)
    assert stored(school.course) == before
    if other == "physics":
        assert {str(one.outcome) for one in done.plan.questions} == {"here"}
        assert done.questions == []
        return
    assert exports.export(course, "yaml").count == len(before)
    again = load(course, file.data)
    assert again.questions == []
    for mine, theirs in zip(
        Question.objects.filter(course=school.course),
        Question.objects.filter(course=course),
        strict=True,
    ):
        assert theirs.is_draft == mine.is_draft
        assert pictureless(theirs) == pictureless(mine)


def pictureless(question: Question) -> Any:
    """The content with the pixels of its pictures instead of their keys."""

    def shown(found: re.Match[str]) -> str:
        picture_ = Picture.objects.get(course=question.course, key=found[1])
        return f"picture:{picture_.digest}"

    return re.sub(r"picture:([0-9a-f]+)", shown, repr(question.content))


def test_questions_that_differ_in_a_picture_alone_are_two(school):
    data = moodle(picture("red"), picture("blue"), picture("red"))
    done = load(school.course, data)
    assert [str(one.outcome) for one in done.plan.questions] == ["new", "new", "repeated"]
    assert Picture.objects.filter(course=school.course).count() == 2
    before = stored(school.course)
    assert load(school.course, data).questions == []
    assert stored(school.course) == before
    prompt = done.questions[0].prompt
    key = Picture.objects.filter(course=school.course).earliest("pk").key
    assert f"![a square](picture:{key})" in prompt
    assert "file:" not in prompt


def test_what_is_no_picture_is_refused_with_its_question(school):
    plan = queries.plan(school.course, read(moodle(b"GIF89a, or not", picture())))
    assert [str(one.outcome) for one in plan.questions] == ["refused", "new"]
    assert "a.png" in plan.refused[0].sentence


def test_a_flawed_question_becomes_a_draft_and_says_why(school):
    done = load(school.course, "Same?{=yes ~yes ~no}")
    assert [str(one.outcome) for one in done.plan.questions] == ["draft"]
    assert done.questions[0].is_draft
    assert done.plan.questions[0].sentence.startswith("Is added as a draft. Choice B is the same")


def test_the_chosen_ones_are_imported(school):
    done = load(school.course, GIFT, chosen={1, 2, 4})
    assert [one.prompt for one in done.questions] == ["What is $F$?", "Which is best?"]


def test_two_imports_at_once_add_nothing_twice(school):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer")
    source, together, done = read(GIFT), threading.Barrier(4), []

    def run() -> None:
        try:
            together.wait()
            imported = actions.import_questions(course=school.course, source=source)
            done.append(len(imported.questions))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 0, 3]
    assert Question.objects.filter(course=school.course).count() == 3


def test_a_failure_in_the_middle_stores_nothing(school, settings):
    """The second picture is one too many, after the first was stored."""
    settings.PEERCHAT = {**settings.PEERCHAT, "PICTURES_PER_COURSE": 1}
    with pytest.raises(Exception, match="no more pictures"):
        load(school.course, moodle(picture("red"), picture("blue")))
    assert not Question.objects.filter(course=school.course).exists()
    assert not Picture.objects.filter(course=school.course).exists()


def test_a_course_has_a_bound(school):
    Question.objects.bulk_create(
        Question(course=school.course, slug=f"q{n}", prompt=f"What is {n}?")
        for n in range(MOST_QUESTIONS - 2)
    )
    with pytest.raises(TooManyQuestions):
        load(school.course, GIFT)
    assert Question.objects.filter(course=school.course).count() == MOST_QUESTIONS - 2


def test_an_archived_course_takes_nothing(school):
    Course.objects.filter(pk=school.course.pk).update(archived_at=timezone.now())
    with pytest.raises(CourseArchived):
        load(school.course, GIFT)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\xfa", b"just words", b"PK\x03\x04rest"])
def test_a_file_that_cannot_be_read_is_told(data):
    with pytest.raises(InvalidMessageFormat):
        read(data)


def test_a_file_of_a_thousand_questions(school, django_assert_max_num_queries):
    text = "\n\n".join(f"What is {n} + {n}?{{#{2 * n}}}" for n in range(1000))
    source = read(text)
    with django_assert_max_num_queries(30):
        actions.import_questions(course=school.course, source=source)
    with pytest.raises(InvalidMessageFormat, match="1000"):
        read(text + "\n\nOne more?{T}")
