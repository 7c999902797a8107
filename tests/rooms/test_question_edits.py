"""The actions that make and change the questions of a course."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from rooms import flaws
from rooms.actions import question_edits as edits
from rooms.actions.course_making import copy_course
from rooms.actions.session import control
from rooms.models import Choice, Course, Enrollment, Question, QuestionVersion, Round
from rooms.peer.content import STORABLE, ChoiceContent, Flaw, Kind, QuestionContent, problems
from rooms.queries import classroom
from rooms.queries.question_names import proposed_slug
from rooms.wire.commands import StartQuestion
from rooms.wire.errors import (
    CourseArchived,
    EditConflict,
    FlawedQuestion,
    InvalidMessageFormat,
    PermissionDenied,
    QuestionWasAsked,
    TooManyQuestions,
)
from tests.rooms.cast import make_question

LIFT = QuestionContent(
    title="The lift",
    prompt="A lift goes up at $v = 2$ m/s. What holds?",
    choices=(
        ChoiceContent("The rope pulls harder", feedback="Then it would speed up."),
        ChoiceContent("The forces are equal", is_correct=True),
    ),
    explanation="Nothing accelerates.",
    follow_up="And when it starts?",
    tags=("forces", "week 3"),
)
NUMBER = QuestionContent(kind=Kind.NUMBER, prompt="g?", number=9.81, tolerance=0.1, unit="m/s²")
TEXT = QuestionContent(kind=Kind.TEXT, prompt="Who?", accepted=("Newton", "newton", "Leibniz"))


def create(school, content=LIFT, *, user=None, course="physics", is_draft=False):
    return edits.create_question(
        user=user or school.ines, course=course, content=content, is_draft=is_draft
    )


def save(school, made, content, **fields):
    fields = {"edit": made.edit, "is_draft": False, "question": made.slug, **fields}
    return edits.save_question(user=school.tess, course="physics", content=content, **fields)


def stored(slug, course="physics"):
    return Question.objects.get(course__slug=course, slug=slug)


def ask(school, slug):
    control(user=school.ines, course="physics", command=StartQuestion(uuid=slug, question=slug))
    return classroom.snapshot(school.ada, "physics").question


def slugs(course="physics"):
    found = Question.objects.filter(course__slug=course).order_by("quick", "position", "slug")
    return list(found.values_list("slug", flat=True))


@pytest.mark.parametrize("content", [LIFT, NUMBER, TEXT], ids=lambda one: one.kind)
def test_what_is_made_is_there_as_a_whole(school, content):
    made = create(school, content)
    expected = replace(content, accepted=("Newton", "Leibniz")) if content is TEXT else content
    assert stored(made.slug).content == expected
    assert not made.is_draft
    assert ask(school, made.slug).prompt == content.prompt


def test_texts_are_stored_trimmed_and_without_what_the_kind_lacks(school):
    made = create(
        school,
        replace(
            LIFT,
            title=" The \n lift ",
            prompt="\n\n A lift\r\ngoes up  \n",
            number=1.5,
            unit="m",
            accepted=("x",),
            tags=(" Forces", "forces", " "),
        ),
    )
    content = stored(made.slug).content
    assert (content.title, content.prompt) == ("The lift", " A lift\ngoes up")
    assert (content.number, content.unit, content.accepted) == (None, "", ())
    assert content.tags == ("Forces",)
    number = create(school, replace(LIFT, kind=Kind.NUMBER, number=2.0))
    assert not number.choices.exists()


def test_slugs_come_from_the_title_or_the_prompt_and_are_free(school):
    assert [create(school).slug for _ in range(2)] == ["the-lift", "the-lift-2"]
    assert create(school, replace(LIFT, title="")).slug == "a-lift-goes-up-at-v-2-m-s-what-holds"
    assert create(school, replace(LIFT, title="Import")).slug == "import-2"
    assert create(school, QuestionContent()).slug == "question"
    long = replace(LIFT, title="Grundlagen der Kraftübertragung in Seilbahnen und Aufzügen")
    assert create(school, long).slug == "grundlagen-der-kraftubertragung-in"
    assert proposed_slug(QuestionContent(title="力"), ["question"]) == "question-2"


def test_a_question_with_problems_is_a_draft_until_they_are_mended(school):
    made = create(school, QuestionContent())
    assert (made.is_draft, made.slug) == (True, "question")
    half = QuestionContent(prompt="What?", choices=(ChoiceContent("yes", is_correct=True),))
    made = save(school, made, half)
    assert (made.is_draft, made.edit) == (True, 1)
    whole = replace(half, choices=(*half.choices, ChoiceContent("no")))
    made = save(school, made, whole)
    # Only now it has a name.
    assert (made.is_draft, made.edit, made.slug) == (False, 2, "what")
    assert made.former_slugs == ["question"]
    assert save(school, made, whole, is_draft=True, question="question").is_draft


@pytest.mark.parametrize(
    ("flaw", "content"),
    {
        Flaw.TOO_LONG: replace(LIFT, prompt="x" * 10_001),
        Flaw.NUL: replace(LIFT, explanation="a\0b"),
        Flaw.TOO_MANY_CHOICES: replace(
            LIFT, choices=tuple(ChoiceContent(str(n)) for n in range(27))
        ),
        Flaw.TOO_MANY_ANSWERS: replace(TEXT, accepted=tuple(map(str, range(51)))),
        Flaw.TOO_MANY_TAGS: replace(LIFT, tags=tuple(map(str, range(21)))),
        Flaw.BAD_NUMBER: replace(NUMBER, number=float("inf")),
        Flaw.BAD_TOLERANCE: replace(NUMBER, tolerance=-1.0),
    }.items(),
)
def test_what_not_even_a_draft_may_have_changes_nothing(school, flaw, content):
    made = create(school)
    with pytest.raises(FlawedQuestion) as refused:
        save(school, made, content, is_draft=True)
    told = refused.value.extra["problems"]
    assert {one["flaw"] for one in told if Flaw(one["flaw"]) not in STORABLE} == {flaw}
    assert all(one["message"] and "%" not in one["message"] for one in told)
    assert stored("the-lift").content == LIFT
    with pytest.raises(FlawedQuestion):
        create(school, content)
    assert slugs() == ["the-lift"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", 1e101), ("number", -1e-101), ("number", 1.7e308), ("tolerance", 1e101)],
)
def test_a_number_that_nobody_can_give_is_not_asked_for(field, value):
    (problem,) = problems(replace(NUMBER, **{field: value}))
    assert (problem.field, problem.flaw) == (field, Flaw(f"bad_{field}"))
    assert problem.flaw not in STORABLE


def test_every_flaw_has_a_sentence_for_its_field():
    contents = [
        QuestionContent(),
        replace(LIFT, choices=(ChoiceContent(""), ChoiceContent("a"), ChoiceContent("a"))),
        replace(LIFT, choices=(*LIFT.choices, ChoiceContent("c", is_correct=True))),
        replace(LIFT, kind=Kind.POLL),
        replace(LIFT, choices=tuple(ChoiceContent("x" * 501) for _ in range(30)), tags=("",)),
        replace(LIFT, tags=("x" * 50,) * 30, title="x" * 201, unit="x" * 30, prompt="\0"),
        replace(NUMBER, number=float("nan"), tolerance=float("nan")),
        replace(TEXT, accepted=("", *("x" * 201 for _ in range(60)))),
        replace(LIFT, explanation="x" * 10_001, follow_up="x" * 10_001, prompt="x" * 10_001),
        replace(LIFT, choices=(ChoiceContent("a", feedback="x" * 501),)),
    ]
    found = [problem for content in contents for problem in problems(content)]
    assert {one.flaw for one in found} == set(Flaw)
    for problem in found:
        told = flaws.sentence(problem)
        assert told.endswith("."), told
        assert "%(" not in told
        assert "None" not in told
    sentences = [flaws.sentence(one) for one in problems(contents[1])]
    assert sentences == [
        "Choice A is empty.",
        "Choice C is the same as one before it.",
        "Mark which choice is right.",
    ]
    assert set(flaws.templates()) >= {str(flaw) for flaw in Flaw} - {"too_long"}


def test_the_later_of_two_saves_is_refused(school):
    made = create(school)
    tess = replace(LIFT, prompt="Tess was here.")
    saved = save(school, made, tess)
    assert saved.edit == 1
    with pytest.raises(EditConflict):
        save(school, made, replace(LIFT, prompt="Ines, too."))
    assert stored("the-lift").content == tess
    # A request whose answer was lost, and which comes again, is no conflict.
    assert save(school, made, tess).edit == 1


def test_an_edit_during_a_vote_changes_the_question_and_not_the_vote(school):
    made = create(school)
    before = ask(school, made.slug)
    edited = replace(
        LIFT,
        prompt="Another one",
        choices=(
            ChoiceContent("new A", is_correct=True),
            ChoiceContent("new B"),
            ChoiceContent("new C", feedback="no"),
        ),
    )
    saved = save(school, made, edited)
    assert stored(saved.slug).content == edited
    assert classroom.snapshot(school.ada, "physics").question == before
    assert Round.objects.get().asked.content[0] == LIFT.prompt
    fewer = replace(edited, choices=edited.choices[:2])
    assert save(school, saved, fewer).content == fewer
    assert Choice.objects.filter(question=made).count() == 2


def test_a_slug_can_be_changed_and_the_former_one_still_leads_there(school):
    made, other = create(school), make_question(school.course, "force")
    saved = save(school, made, LIFT, slug="lifts")
    assert saved.slug == "lifts"
    assert save(school, saved, NUMBER, question="the-lift").slug == "lifts"
    for wrong in ("force", "import", "a b", "x" * 61, ""):
        with pytest.raises(InvalidMessageFormat):
            save(school, stored("lifts"), LIFT, slug=wrong)
    assert other.slug == "force"


def test_a_quick_question_that_is_edited_becomes_a_prepared_one(school):
    make_question(school.course, "force")
    quick = make_question(school.course, "quick-1")
    Question.objects.filter(pk=quick.pk).update(quick=True, position=7)
    saved = save(school, quick, LIFT)
    assert (saved.quick, slugs()) == (False, ["force", "quick-1"])


def test_what_was_asked_is_not_deleted(school):
    made, other = create(school), create(school)
    ask(school, made.slug)
    with pytest.raises(QuestionWasAsked):
        edits.delete_question(user=school.ines, course="physics", question=made.slug)
    edits.delete_question(user=school.tess, course="physics", question=other.slug)
    assert slugs() == ["the-lift"]
    assert Round.objects.count() == QuestionVersion.objects.count() == 1
    with pytest.raises(InvalidMessageFormat):
        edits.delete_question(user=school.ines, course="physics", question=other.slug)


def test_the_named_questions_change_places_among_themselves(school):
    for slug in "abcde":
        make_question(school.course, slug)
    order = {"user": school.ines, "course": "physics"}
    edits.order_questions(**order, questions=["e", "d", "c", "b", "a"])
    assert slugs() == ["e", "d", "c", "b", "a"]
    # Those that the user does not see, on another page or by a filter, stay where they are.
    edits.order_questions(**order, questions=["b", "e"])
    assert slugs() == ["b", "d", "c", "e", "a"]
    for wrong in (["a", "a"], ["a", "nothing"]):
        with pytest.raises(InvalidMessageFormat):
            edits.order_questions(**order, questions=wrong)


def test_copies_are_whole_and_independent(school):
    made = create(school, is_draft=True)
    make_question(school.course, "force")
    Enrollment.objects.create(course=school.other_course, user=school.ines, role="assistant")
    make_question(school.other_course, "the-lift")
    copies = edits.copy_questions(
        user=school.ines,
        source="physics",
        questions=["force", made.slug],
        target="chemistry",
    )
    assert slugs("chemistry") == ["the-lift", "force", "the-lift-2"]
    assert [one.slug for one in copies] == ["force", "the-lift-2"]
    copy = stored("the-lift-2", "chemistry")
    assert (copy.content, copy.is_draft) == (LIFT, True)
    save(school, made, NUMBER)
    assert stored("the-lift-2", "chemistry").content == LIFT
    own = edits.copy_questions(
        user=school.ines, source="physics", questions=["force"], target="physics"
    )
    assert own[0].slug == "what-is-force"
    for target, user in (("chemistry", school.tess), ("physics", school.ivan)):
        with pytest.raises(PermissionDenied):
            edits.copy_questions(user=user, source="physics", questions=["force"], target=target)


def test_the_copy_of_a_course_has_everything_of_its_questions(school):
    Group.objects.get(name="Lecturers").user_set.add(school.ines)
    create(school, is_draft=True)
    create(school, NUMBER)
    copy_course(user=school.ines, course="physics", title="Physics again", slug="again")
    assert slugs("again") == slugs("physics")
    for slug in slugs("physics"):
        assert stored(slug, "again").content == stored(slug).content
        assert stored(slug, "again").is_draft == stored(slug).is_draft


def test_many_questions_are_stored_by_few_statements(school, django_assert_max_num_queries):
    contents = [replace(LIFT, title=f"Number {n}") for n in range(300)]
    with django_assert_max_num_queries(8):
        made = edits.store_contents(
            school.course, contents, drafts=[n % 2 == 0 for n in range(300)]
        )
    assert [one.slug for one in made] == slugs()
    assert Question.objects.filter(is_draft=True).count() == 150
    assert stored("number-7").content == contents[7]


def test_a_course_has_a_bounded_number_of_questions(school, monkeypatch):
    monkeypatch.setattr(edits, "MOST_QUESTIONS", 2)
    create(school)
    with pytest.raises(TooManyQuestions):
        edits.store_contents(school.course, [LIFT, LIFT], drafts=[False, False])
    assert slugs() == ["the-lift"]


def test_only_those_who_lead_a_course_in_use_change_its_questions(school):
    made = create(school)

    def attempts(user, kind):
        named = {"user": user, "course": "physics"}
        for attempt in (
            lambda: create(school, user=user),
            lambda: edits.save_question(
                **named, question=made.slug, edit=0, content=NUMBER, is_draft=False
            ),
            lambda: edits.delete_question(**named, question=made.slug),
            lambda: edits.order_questions(**named, questions=[made.slug]),
            lambda: edits.copy_questions(
                user=user, source="physics", questions=[made.slug], target="physics"
            ),
        ):
            with pytest.raises(kind):
                attempt()

    for user in (school.ada, school.ivan, school.zoe):
        attempts(user, PermissionDenied)
    Course.objects.filter(pk=school.course.pk).update(archived_at=timezone.now())
    attempts(school.ines, CourseArchived)
    assert (slugs(), stored(made.slug).content) == (["the-lift"], LIFT)
