"""Whatever a file brings into a course goes into files again and comes back equal."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from rooms.actions.question_import import import_questions
from rooms.models import Course, Picture, Question
from rooms.peer.content import QuestionContent
from rooms.queries import question_export as exports
from rooms.queries import question_import as queries
from rooms.wire.errors import InvalidMessageFormat
from tests.rooms.school import make_school

CORPUS = Path(__file__).with_name("formats") / "corpus"


@pytest.fixture
def course(transactional_db):
    """A course with every question of the corpus that can be taken."""
    course = make_school().course
    for path in sorted(CORPUS.rglob("*")):
        if path.suffix != ".expected" and path.is_file():
            try:
                source = queries.read(path.read_bytes(), name=path.name, format=path.parent.name)
            except InvalidMessageFormat:
                continue
            import_questions(course=course, source=source)
    return course


def contents(course: Course) -> list[tuple[QuestionContent, bool]]:
    """The contents with the digests of the pictures instead of their keys, and which are drafts."""
    digests = dict(Picture.objects.filter(course=course).values_list("key", "digest"))

    def shown(text: str) -> str:
        return re.sub(r"(?<=picture:)[0-9a-f]{32}", lambda found: digests[found[0]], text)

    return [
        (
            replace(
                one.content,
                prompt=shown(one.content.prompt),
                explanation=shown(one.content.explanation),
                follow_up=shown(one.content.follow_up),
                choices=tuple(
                    replace(choice, text=shown(choice.text), feedback=shown(choice.feedback))
                    for choice in one.content.choices
                ),
            ),
            one.is_draft,
        )
        for one in Question.objects.filter(course=course)
    ]


@pytest.mark.long
def test_the_corpus_goes_into_files_and_comes_back(course):
    assert Question.objects.filter(course=course).count() > 150
    assert {one.kind for one in Question.objects.filter(course=course)} == set(Question.Kind.values)
    assert Picture.objects.filter(course=course).exists()
    file = exports.export(course, "yaml")
    assert file.lost == []
    source = queries.read(file.data)
    again = import_questions(course=course, source=source)
    assert {str(one.outcome) for one in again.plan.questions} == {"here"}
    empty = Course.objects.create(slug="empty", title="Empty")
    import_questions(course=empty, source=source)
    assert contents(empty) == contents(course)

    # In other formats it comes back but for what is told. The same course does for all of them, as
    # its pictures take seconds to draw.
    for format_ in ("gift", "moodle"):
        comes_back_but_for_what_is_told(course, format_)


def comes_back_but_for_what_is_told(course: Course, format_: str) -> None:
    file = exports.export(course, format_)
    lossy = {question.pk for question, _ in file.lost}
    lossless = Question.objects.filter(course=course).exclude(pk__in=lossy)
    assert lossless.count() > 100
    one = exports.export(course, format_, list(lossless.values_list("slug", flat=True)))
    plan = queries.plan(course, queries.read(one.data, format=format_))
    different = [
        (planned.sentence, planned.content) for planned in plan.questions if planned.is_new
    ]
    assert different == []
    assert {str(planned.outcome) for planned in plan.questions} == {"here"}
    assert len(plan.questions) == lossless.count()
