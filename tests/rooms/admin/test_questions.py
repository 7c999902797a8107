"""Questions in the admin: the system gives the letters, and says in a sentence what is wrong."""

import re

import pytest

from rooms.admin.questions import WAS_ASKED
from rooms.models import Course, Enrollment, Question, QuestionVersion, Release, Round
from tests.rooms.admin.conftest import change_question, form_of, url

pytestmark = pytest.mark.django_db


def letters(question):
    """The letters of a question's choices and their texts."""
    return {choice.letter: choice.text for choice in question.choices.all()}


def make(client, course, *texts, **fields):
    """Fill in the page for a new question, whose first choice is correct."""
    page = url(Question, "add")
    data = form_of(client.get(page))
    data |= {"course": course.pk, "slug": "made", "prompt": "Why?", "kind": "single"}
    data |= {"choices-0-is_correct": "on", "choices-TOTAL_FORMS": max(4, len(texts))}
    data |= {f"choices-{row}-text": text for row, text in enumerate(texts)}
    return client.post(page, data | fields)


def said(response):
    """Return the errors on a question's page by field; fields of choices have their row number."""
    assert response.status_code == 200
    (inline,) = response.context["inline_admin_formsets"]
    formset = inline.formset
    found = {name: list(errors) for name, errors in response.context["adminform"].errors.items()}
    for row, errors in enumerate(formset.errors):
        found |= {f"{name} {row}": list(one) for name, one in errors.items()}
    if formset.non_form_errors():
        found["choices"] = list(formset.non_form_errors())
    return found


def test_choices_get_their_letters_in_order(admin_client, course):
    assert make(admin_client, course, "up", "", "down", "a").status_code == 302
    assert letters(Question.objects.get()) == {"A": "up", "B": "down", "C": "a"}


def test_the_address_of_another_page_is_no_slug(admin_client, course, question):
    refused = said(make(admin_client, course, "up", "down", slug="export"))
    assert refused["slug"] == ["This address is that of another page. Choose another one."]
    Question.objects.filter(pk=question.pk).update(slug="import")
    assert change_question(admin_client, question, prompt="How?").status_code == 302


def test_a_letter_that_is_sent_is_not_taken(admin_client, question):
    change_question(admin_client, question, choices__1__letter="a", choices__1__text="Reworded")
    assert letters(question) == {"A": "Choice A", "B": "Reworded", "C": "Choice C"}


def test_a_choice_that_goes_leaves_no_gap(admin_client, question):
    changes = {"choices__1__DELETE": "on", "choices__TOTAL_FORMS": 4, "choices__3__text": "Last"}
    assert change_question(admin_client, question, **changes).status_code == 302
    assert sorted(letters(question)) == ["A", "B", "C"]
    assert change_question(admin_client, question, choices__1__DELETE="on").status_code == 302
    assert sorted(letters(question)) == ["A", "B"]


@pytest.mark.parametrize("versioned", [True, False])
def test_the_letters_that_votes_were_cast_on_stay(admin_client, taught, question, versioned):
    """This includes rounds without a version, as a worker of the previous release stores them."""
    if not versioned:
        Round.objects.update(version=None)
        Release.objects.all().delete()
        QuestionVersion.objects.all().delete()
    changes = {"choices__1__DELETE": "on", "choices__TOTAL_FORMS": 4, "choices__3__text": "Last"}
    assert change_question(admin_client, question, **changes).status_code == 302
    assert letters(question) == {"A": "Choice A", "B": "Choice C", "C": "Last"}
    (version,) = question.versions.all()
    assert set(Round.objects.values_list("version", flat=True)) == {version.pk}
    page = admin_client.get(url(QuestionVersion, "change", version.pk)).content.decode()
    for line in ("A. Choice A (correct)", "B. Choice B", "C. Choice C"):
        assert f'<div dir="auto">{line}</div>' in page


def test_the_page_says_what_becomes_of_a_question_that_was_asked(admin_client, taught, question):
    def page(of):
        return admin_client.get(url(Question, "change", of.pk)).content.decode()

    other = Question.objects.create(course=taught, slug="other", prompt="?")
    assert "This question was asked." not in page(other)
    assert str(WAS_ASKED) in page(question)
    assert re.search(r'questionversion/\?question__id__exact=\d+">1<', page(question))


@pytest.mark.parametrize(
    ("texts", "fields", "expected"),
    [
        (["up"], {}, {"choices": ["A question needs at least two choices."]}),
        (["up"] * 27, {}, {"choices": ["A question has 26 choices at most."]}),
        (
            ["up", "down"],
            {"choices-1-is_correct": "on"},
            {"is_correct 1": ["Exactly one choice must be correct."]},
        ),
        (
            ["up", "down", ""],
            {"choices-2-is_correct": "on"},
            {"text 2": ["This field is required."]},
        ),
        (
            ["up", "\u200b\u200b\u200b"],
            {},
            {"text 1": ["Nothing of this text can be seen."]},
        ),
        (
            ["up", "down"],
            {"prompt": " \u3164\n"},
            {"prompt": ["Nothing of this text can be seen."]},
        ),
        (
            ["up", "down"],
            {"slug": "lift"},
            {"slug": ["The course has a question with this slug already."]},
        ),
        (
            ["up", "x" * 501],
            {},
            {"text 1": ["Ensure this value has at most 500 characters (it has 501)."]},
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_field(admin_client, question, texts, fields, expected):
    response = make(admin_client, question.course, *texts, **fields)
    assert said(response) == expected
    assert "onstraint" not in response.content.decode()
    assert Question.objects.count() == 1


def test_code_keeps_its_indent_and_its_spaces(admin_client, course):
    prompt = "\n    def f():\n        return 1\n"
    assert make(admin_client, course, "1  +  2", " x", prompt=prompt).status_code == 302
    made = Question.objects.get()
    assert made.prompt == "    def f():\n        return 1"
    assert letters(made) == {"A": "1  +  2", "B": " x"}


def test_the_page_counts_no_characters(admin_client, question):
    """A browser would count an emoji as two."""
    page = admin_client.get(url(Question, "change", question.pk)).content.decode()
    assert 'dir="auto"' in page
    assert 'maxlength="500"' not in page
    assert change_question(admin_client, question, choices__1__text="👋" * 500).status_code == 302
    assert letters(question)["B"] == "👋" * 500


@pytest.mark.parametrize(
    ("title", "stored"), [("\u202ePhysics\u202c  101", "Physics 101"), ("\u200b\u200b", None)]
)
def test_the_title_of_a_course(admin_client, title, stored):
    page = url(Course, "add")
    data = form_of(admin_client.get(page)) | {"slug": "physics-101", "title": title}
    response = admin_client.post(page, data)
    if stored:
        assert response.status_code == 302
        assert Course.objects.get().title == stored
    else:
        errors = response.context["adminform"].errors
        assert errors == {"title": ["Nothing of this text can be seen."]}


def test_somebody_who_is_in_the_course_already(admin_client, taught):
    page = url(Enrollment, "add")
    row = Enrollment.objects.first()
    data = {"user": row.user_id, "course": row.course_id, "role": "student"}
    errors = admin_client.post(page, data).context["adminform"].errors
    assert errors == {"user": ["This person is in the course already."]}


def test_a_quick_question_may_stay_without_words_until_it_is_kept(admin_client, course):
    question = Question.objects.create(course=course, slug="quick-1", prompt="", quick=True)
    for letter in "AB":
        question.choices.create(letter=letter, text="")
    assert change_question(admin_client, question, slug="levers").status_code == 302
    question.refresh_from_db()
    assert (question.slug, question.quick, letters(question)) == (
        "levers",
        True,
        {"A": "", "B": ""},
    )
    kept = change_question(admin_client, question, quick="")
    assert {"prompt", "text 0", "text 1"} <= said(kept).keys()
    change = {"prompt": "Why?", "choices__0__text": "up", "choices__1__text": "down"}
    assert (
        change_question(
            admin_client, question, choices__1__is_correct="on", quick="", **change
        ).status_code
        == 302
    )
    question.refresh_from_db()
    assert (question.prompt, question.quick) == ("Why?", False)
    assert question.choices.get(is_correct=True).letter == "B"


@pytest.mark.parametrize(
    ("texts", "fields", "expected"),
    [
        (["up", "down"], {"kind": "several", "choices-1-is_correct": "on"}, {}),
        (
            ["up", "down"],
            {"kind": "several", "choices-0-is_correct": ""},
            {"choices": ["At least one choice must be correct."]},
        ),
        (["up", "down"], {"kind": "poll", "choices-0-is_correct": ""}, {}),
        (
            ["up", "down"],
            {"kind": "poll"},
            {"is_correct 0": ["A poll has no correct choice."]},
        ),
        ([], {"kind": "number", "number": "9.81", "tolerance": "0.1", "unit": "m/s²"}, {}),
        (
            [],
            {"kind": "number", "number": "9.81", "tolerance": "-1"},
            {"tolerance": ["The tolerance must be a number, 0 or more."]},
        ),
        (
            ["up", "down"],
            {"kind": "number", "number": "9.81"},
            {"choices": ["A question of this kind has no choices."]},
        ),
        ([], {"kind": "text", "accepted": " Mitochondria \n\nmitochondrion"}, {}),
        (
            [],
            {"kind": "text", "accepted": "x" * 201},
            {"accepted": ["Accepted answer 1 has more than 200 characters."]},
        ),
        (["up"], {"is_draft": "on"}, {}),
    ],
)
def test_questions_of_all_kinds(admin_client, course, texts, fields, expected):
    if not texts:
        fields = {"choices-0-is_correct": "", **fields}
    response = make(admin_client, course, *texts, **fields)
    if expected:
        assert said(response) == expected
        return
    assert response.status_code == 302, said(response)
    content = Question.objects.get().content
    assert [one.text for one in content.choices] == texts
    match fields.get("kind"):
        case "number":
            assert (content.number, content.tolerance, content.unit) == (9.81, 0.1, "m/s²")
        case "text":
            assert content.accepted == ("Mitochondria", "mitochondrion")
    # The page shows what is stored, and saving it again changes nothing but the edit.
    question = Question.objects.get()
    assert change_question(admin_client, question).status_code == 302
    assert Question.objects.get().content == content
    assert Question.objects.get().edit == 1
