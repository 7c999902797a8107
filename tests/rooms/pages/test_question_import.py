"""The pages that import and export the questions of a course."""

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from rooms import ratelimit
from rooms.models import Course, Question, QuestionFile
from rooms.pages import question_preview
from rooms.queries import question_export as exports
from rooms.queries import question_import as queries
from tests.rooms.question_files import GIFT, load, moodle, picture, read, stored
from tests.rooms.school import EVERYBODY, make_school

PAGE = "/courses/physics/questions/import/"
FILE = "/courses/physics/questions/export/"


@pytest.fixture
def school(transactional_db):
    return make_school()


@pytest.fixture
def ines(school):
    client = Client()
    client.force_login(school.ines)
    return client


def test_an_archived_course_takes_nothing(school, ines):
    Course.objects.filter(pk=school.course.pk).update(archived_at=timezone.now())
    page = preview(ines)
    assert "This course is archived" in page.content.decode()
    assert not QuestionFile.objects.exists()


def preview(client: Client, text: str = GIFT, **fields: Any) -> Any:
    return client.post(PAGE, {"do": "preview", "text": text, **fields})


def test_the_pages_are_for_those_who_lead(school):
    for path in (PAGE, FILE):
        seen = set()
        for name in EVERYBODY:
            client = Client()
            client.force_login(school.person(name))
            status = client.get(path).status_code
            assert status in (200, 404)
            seen |= {name} if status == 200 else set()
        assert seen == {"tess", "ines"}
        assert Client().get(path).url.startswith("/accounts/login/")
    ada = Client()
    ada.force_login(school.ada)
    assert preview(ada).status_code == 404


def test_a_preview_shows_each_question_and_changes_nothing(school, ines):
    page = preview(ines)
    text = page.content.decode()
    assert page.status_code == 200
    assert page.context["counts"] == {"new": 3, "draft": 0, "here": 0, "repeated": 1, "refused": 1}
    assert text.count('data-testid="card"') == 4
    assert "<b>g</b>" not in text.replace("&lt;b&gt;", "")
    assert not Question.objects.filter(course=school.course).exists()
    assert GIFT.splitlines()[1] in unescape(text), "what was pasted is still there"


def test_texts_that_take_long_are_shown_as_they_were_typed(ines, monkeypatch):
    monkeypatch.setattr(question_preview, "SECONDS", -1.0)
    text = preview(ines, text="Is *this* <b>g</b>?{T}").content.decode()
    assert "Is *this* &lt;b&gt;g&lt;/b&gt;?" in text.split('data-testid="card"')[1]


def test_what_looks_like_a_picture_in_code_stays_code(ines):
    text = preview(ines, text='What is `data-picture\\="00"`?{T}').content.decode()
    assert '<code>data-picture="00"</code>' in text


def test_all_that_is_ticked_is_imported(school, ines):
    page = preview(ines)
    ticked = re.findall(r'name="question" value="(\d+)"', page.content.decode())
    assert ticked == ["1", "3", "4"]
    sent = {"do": "import", "file": page.context["file"].key}
    refused = ines.post(PAGE, sent)
    assert "Tick the questions" in refused.content.decode()
    assert 'data-testid="card"' in refused.content.decode()
    done = ines.post(PAGE, {**sent, "question": ["1", "4"]}, follow=True)
    assert "2 questions were imported." in done.content.decode()
    assert Question.objects.filter(course=school.course).count() == 2
    assert not QuestionFile.objects.exists()
    before = stored(school.course)
    ended = ines.post(PAGE, {**sent, "question": ["1", "3", "4"]})
    assert "This preview has ended" in ended.content.decode()
    page = preview(ines)
    assert page.context["counts"]["here"] == 2
    assert stored(school.course) == before


def test_a_file_with_pictures_shows_them(school, ines):
    file = SimpleUploadedFile("quiz.xml", moodle(picture()))
    page = ines.post(PAGE, {"do": "preview", "file": file})
    assert 'src="data:image/png;base64,' in page.content.decode()
    sent = {"do": "import", "file": page.context["file"].key, "question": "1"}
    ines.post(PAGE, sent)
    page = ines.post(PAGE, {"do": "preview", "file": SimpleUploadedFile("x", moodle(picture()))})
    assert page.context["counts"]["here"] == 1


def test_others_cannot_import_a_file_that_is_not_theirs(school, ines):
    key = preview(ines).context["file"].key
    tess = Client()
    tess.force_login(school.tess)
    told = tess.post(PAGE, {"do": "import", "file": key, "question": "1"}).content.decode()
    assert "This preview has ended" in told
    assert not Question.objects.filter(course=school.course).exists()


def test_only_the_last_file_is_kept_and_only_for_a_day(school, ines):
    preview(ines)
    file = preview(ines, "Another?{T}").context["file"]
    assert QuestionFile.objects.get().key == file.key
    QuestionFile.objects.update(made_at=timezone.now() - queries.LIFETIME)
    assert queries.kept_file(school.ines, school.course, file.key) is None
    other = Client()
    other.force_login(school.tess)
    preview(other)
    assert QuestionFile.objects.get().user == school.tess


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"text": " "}, "Choose a file, or paste questions."),
        ({"text": "just words"}, ""),
        ({"text": "<quiz>", "format": "moodle"}, ""),
        ({"text": GIFT, "format": "excel"}, "Select a valid choice"),
        ({"file": SimpleUploadedFile("x.txt", b"x" * 10_000_001)}, "larger than 10 MB"),
    ],
)
def test_what_cannot_be_read_is_told_and_stays(ines, fields, told):
    page = ines.post(PAGE, {"do": "preview", **fields})
    assert page.status_code == 400
    text = unescape(page.content.decode())
    assert 'role="alert"' in text
    assert told in text
    assert fields.get("text", "") in text


def test_files_have_a_rate(ines, settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "IMPORT_BURST": 1}
    ratelimit.imports.reset()
    assert 'data-testid="preview"' in preview(ines).content.decode()
    page = preview(ines).content.decode()
    assert 'data-testid="preview"' not in page
    assert "That was too fast" in page
    assert GIFT.splitlines()[1] in unescape(page)


def test_a_long_file_is_shown_in_part_and_imported_whole(school, ines):
    text = "\n\n".join(f"What is {n} + {n}?{{#{2 * n}}}" for n in range(400))
    page = preview(ines, text)
    html = page.content.decode()
    assert html.count('data-testid="card"') == 300
    ticked = re.findall(r'name="question" value="(\d+)"', html)
    rest = re.search(r'name="rest" value="(\d+)"', html)
    assert rest
    sent = {"do": "import", "file": page.context["file"].key, "question": ticked}
    ines.post(PAGE, {**sent, "rest": rest[1]})
    assert Question.objects.filter(course=school.course).count() == 400


# --- exports -------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", list(exports.FORMATS))
def test_an_export_is_a_file_that_can_be_imported(school, ines, format_):
    load(school.course, GIFT)
    slugs = list(Question.objects.filter(course=school.course).values_list("slug", flat=True))
    answer = ines.get(FILE, {"format": format_})
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="physics.')
    plan = queries.plan(school.course, read(answer.content))
    assert {str(one.outcome) for one in plan.questions} == {"here"}
    assert len(plan.questions) == 3
    one = ines.get(FILE, {"format": format_, "question": slugs[:2]})
    assert len(read(one.content).items) == 2
    chosen = ines.post(FILE, {"format": format_, "question": slugs[1:]})
    assert len(read(chosen.content).items) == 2
    none = ines.post(FILE, {"format": format_}, follow=True)
    assert "Choose the questions" in none.content.decode()
    gone = ines.get(FILE, {"format": format_, "question": "none"}, follow=True)
    assert "no such question" in gone.content.decode()


def test_what_no_database_stores_names_nothing(school, ines):
    load(school.course, GIFT)
    for answer in (ines.get(FILE, {"question": "a\0"}), ines.post(FILE, {"question": "a\0"})):
        assert answer.url == PAGE
    page = ines.post(PAGE, {"do": "import", "file": "a\0", "question": "1"})
    assert "This preview has ended" in page.content.decode()


def test_an_export_in_another_format_does_not_exist(ines):
    assert ines.get(FILE, {"format": "docx"}).status_code == 404
