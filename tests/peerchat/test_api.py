"""The interface for the code of a site."""

import inspect
import re
from pathlib import Path

import pytest
from django.db import transaction

from peerchat import api
from rooms.actions.session import control
from rooms.actions.votes import Ballot, cast_vote
from rooms.models import ClassSession, Course, Enrollment, Membership, Message, Room, Vote
from rooms.wire.commands import NextQuestion, StartRevote
from tests.rooms.school import School, make_school

pytestmark = pytest.mark.django_db

TEXTS = ["Because", "Despite", "Neither"]


@pytest.fixture
def school() -> School:
    return make_school()


def add_lift(school: School) -> api.Question:
    return api.add_question(
        course=school.course, slug="lift", prompt="Why up?", choices=TEXTS, correct="B"
    )


def vote(*choices: tuple[str, str], school: School) -> None:
    for name, choice in choices:
        cast_vote(ballot=Ballot(school.person(name), "physics", choice))


def test_every_function_takes_keywords_alone_and_says_what_it_does():
    functions = dict(inspect.getmembers(api, inspect.isfunction))
    own = {name for name, value in functions.items() if value.__module__ == api.__name__}
    public = {name for name in own if not name.startswith("_")}
    assert public == {name for name in api.__all__ if name[0].islower()}
    for name in public:
        signature = inspect.signature(functions[name])
        kinds = {parameter.kind for parameter in signature.parameters.values()}
        assert kinds == {inspect.Parameter.KEYWORD_ONLY}, name
        assert signature.return_annotation is not inspect.Signature.empty
        assert "Raises" in (functions[name].__doc__ or "") or name == "get_courses", name
    for name in api.__all__:
        assert getattr(api, name) is not None


def test_a_course_is_made_and_found(school):
    made = api.create_course(slug="optics", title="Optics")
    assert api.get_course(slug="optics") == made == Course.objects.get(slug="optics")
    assert Room.objects.get(course=made).title == "Optics"
    api.enroll(course=made, users=[school.ada])
    assert api.get_courses(user=school.ada) == [made, school.course]
    assert api.get_courses(user=school.zoe) == []
    for slug, title in (("optics", "Twice"), ("no slug", "X"), ("x" * 61, "X"), ("new", "")):
        with pytest.raises(api.InvalidMessageFormat):
            api.create_course(slug=slug, title=title)
    with pytest.raises(api.InvalidMessageFormat, match="no such course"):
        api.get_course(slug="nowhere")


def test_users_are_enrolled_and_taken_out(school):
    assert api.enroll(course="physics", users=[school.ada, school.zoe]) == 1
    assert school.enrollment(school.zoe).role == "student"
    assert Membership.objects.filter(user=school.zoe, room=school.room).exists()
    assert api.enroll(course=school.course, users=[school.zoe], role="instructor") == 0
    assert school.enrollment(school.zoe).role == "instructor"
    api.unenroll(course="physics", users=[school.zoe, school.ivan])
    assert not Enrollment.objects.filter(course=school.course, user=school.zoe).exists()
    assert not Membership.objects.filter(user=school.zoe).exists()
    with pytest.raises(api.InvalidMessageFormat, match="role"):
        api.enroll(course="physics", users=[school.zoe], role="guest")
    with pytest.raises(api.InvalidMessageFormat, match="no such course"):
        api.enroll(course="nowhere", users=[school.zoe])
    with pytest.raises(api.InvalidMessageFormat, match="no such course"):
        api.unenroll(course="nowhere", users=[school.zoe])


def test_a_question_gets_its_letters_and_comes_last(school):
    lift = add_lift(school)
    assert [(c.letter, c.text, c.is_correct) for c in lift.choices.all()] == [
        ("A", "Because", False),
        ("B", "Despite", True),
        ("C", "Neither", False),
    ]
    later = api.add_question(
        course="physics", slug="coin", prompt="Where?", choices=["x", "y"], correct="A"
    )
    first = api.add_question(
        course="physics", slug="bulb", prompt="How?", choices=["x", "y"], correct="A", position=0
    )
    assert later.position == 1
    found = api.get_questions(user=school.ines, course="physics")
    assert found == [first, lift, later]
    assert api.get_questions(user=school.ada, course=school.course) == []
    with pytest.raises(api.PermissionDenied):
        api.get_questions(user=school.ivan, course=school.course)
    assert api.get_question(course="physics", slug="coin") == later
    for course, slug in (("physics", "nothing"), ("chemistry", "coin"), ("nowhere", "coin")):
        with pytest.raises(api.InvalidMessageFormat, match="no such"):
            api.get_question(course=course, slug=slug)


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "lift"},
        {"slug": "no slug"},
        {"prompt": ""},
        {"prompt": "a\0b"},
        {"choices": ["one"]},
        {"choices": ["one"] * 27},
        {"choices": ["one", ""]},
        {"choices": ["one", "x" * 501]},
        {"correct": "C"},
        {"correct": ""},
        {"correct": "AB"},
        {"course": "nowhere"},
    ],
)
def test_a_question_that_is_not_possible_leaves_nothing(school, wrong):
    add_lift(school)
    good = {"course": "physics", "slug": "x", "prompt": "x", "choices": ["x", "y"], "correct": "A"}
    with pytest.raises(api.InvalidMessageFormat):
        api.add_question(**{**good, **wrong})
    assert school.course.questions.count() == 1


def test_a_class_is_asked_and_reads_its_results(school):
    question = add_lift(school)
    api.ask(user=school.ines, course="physics", question=question, seconds=60)
    session = ClassSession.objects.get()
    assert (session.phase, session.deadline is not None) == ("vote", True)
    vote(("ada", "A"), ("bea", "B"), ("carl", "A"), school=school)
    api.close_round(user=school.tess, course="physics")
    control(user=school.ines, course="physics", command=StartRevote(uuid="again"))
    vote(("ada", "B"), ("bea", "B"), school=school)
    for user in (school.ada, school.ines):
        assert api.read_results(user=user, course="physics", question="lift") is None
    with pytest.raises(api.IllegalTransition):
        api.reveal(user=school.ines, course="physics")
    api.close_round(user=school.ines, course=school.course)
    assert api.read_results(user=school.ines, course="physics", question="lift") is None
    api.reveal(user=school.ines, course=school.course)

    results = api.read_results(user=school.ada, course=school.course, question=question)
    assert results is not None
    assert (results.course, results.question, results.prompt) == ("physics", "lift", "Why up?")
    assert results.votes == (3, 2)
    assert results.choices == (
        api.ChoiceResult("A", "Because", False, (2, 0)),
        api.ChoiceResult("B", "Despite", True, (1, 2)),
        api.ChoiceResult("C", "Neither", False, (0, 0)),
    )
    assert results.revealed_at == Message.objects.get(text="reveal").created_at
    assert api.get_questions(user=school.ada, course="physics") == [question]

    # A question that is asked again has no results for anybody until it is revealed again.
    api.ask(user=school.ines, course="physics", question="lift")
    assert api.read_results(user=school.ada, course="physics", question="lift") is None
    assert api.read_results(user=school.ines, course="physics", question="lift") is None
    vote(("carl", "C"), school=school)
    api.close_round(user=school.ines, course="physics")
    assert api.read_results(user=school.ada, course="physics", question="lift") is None
    api.reveal(user=school.ines, course="physics")
    again = api.read_results(user=school.ada, course="physics", question="lift")
    assert again is not None
    assert (again.votes, again.choices[2].votes) == ((1, 0), (1, 0))
    assert Vote.objects.count() == 6


def test_a_question_that_was_left_unrevealed_keeps_the_results_of_before(school):
    add_lift(school)
    api.ask(user=school.ines, course="physics", question="lift")
    vote(("ada", "A"), school=school)
    api.close_round(user=school.ines, course="physics")
    api.reveal(user=school.ines, course="physics")
    api.ask(user=school.ines, course="physics", question="lift")
    vote(("ada", "B"), ("bea", "B"), school=school)
    api.close_round(user=school.ines, course="physics")
    control(user=school.ines, course="physics", command=NextQuestion(uuid="next"))
    results = api.read_results(user=school.ada, course="physics", question="lift")
    assert results is not None
    assert results.votes == (1, 0)


def test_results_are_for_members(school):
    add_lift(school)
    for user in (school.zoe, school.ivan):
        with pytest.raises(api.PermissionDenied):
            api.read_results(user=user, course="physics", question="lift")
    assert api.read_results(user=school.ada, course="physics", question="nothing") is None


def test_the_steps_are_for_those_who_lead(school):
    add_lift(school)
    for user in (school.ada, school.ivan, school.zoe):
        with pytest.raises(api.PermissionDenied):
            api.ask(user=user, course="physics", question="lift")
        with pytest.raises(api.PermissionDenied):
            api.close_round(user=user, course="physics")
        with pytest.raises(api.PermissionDenied):
            api.reveal(user=user, course="physics")
    assert not ClassSession.objects.exists()
    with pytest.raises(api.IllegalTransition):
        api.close_round(user=school.ines, course="physics")
    with pytest.raises(api.InvalidMessageFormat, match="no such question"):
        api.ask(user=school.ines, course="physics", question="nothing")
    for seconds in (0, 3601):
        with pytest.raises(api.InvalidMessageFormat, match="seconds"):
            api.ask(user=school.ines, course="physics", question="lift", seconds=seconds)


def test_texts_are_posted_in_the_room_of_the_course_or_another(school):
    room = school.make_room(school.ada, school.bea)
    first = api.post_message(user=school.ada, course="physics", text="Hello ")
    second = api.post_message(
        user=school.ada, course=school.course, text="Here", room=str(room.pk), uuid="mine"
    )
    again = api.post_message(
        user=school.ada, course="physics", text="Here", room=str(room.pk), uuid="mine"
    )
    assert second == again
    stored = Message.objects.order_by("created_at").values_list("pk", "room", "text")
    assert [(str(pk), place, text) for pk, place, text in stored] == [
        (first, school.room.pk, "Hello"),
        (second, room.pk, "Here"),
    ]


def test_texts_that_are_refused(school):
    def post(error: type[api.Error], **fields: object) -> None:
        with pytest.raises(error), transaction.atomic():
            api.post_message(**{"user": school.ada, "course": "physics", "text": "Hello", **fields})

    other = Room.objects.get(course=school.other_course)
    Enrollment.objects.create(course=school.other_course, user=school.bea)
    post(api.PermissionDenied, user=school.zoe)
    post(api.PermissionDenied, course="nowhere")
    post(api.EmptyText, text=" ")
    post(api.TextTooLong, text="x" * 4001)
    post(api.InvalidMessageFormat, text="a\0b")
    post(api.InvalidMessageFormat, uuid="")
    post(api.InvalidMessageFormat, uuid="x" * 65)
    post(api.InvalidRoom, room="nothing")
    post(api.InvalidRoom, room=str(school.make_room(school.bea).pk))
    post(api.InvalidRoom, user=school.bea, room=str(other.pk))
    assert not Message.objects.exists()
    api.post_message(user=school.ada, course="physics", text="one", uuid="mine")
    post(api.UuidReused, text="two", uuid="mine")


def test_the_page_about_it_names_every_function():
    page = (Path(__file__).resolve().parents[2] / "docs" / "inclusion.md").read_text()
    named = set(re.findall(r"`(\w+)\(", page.split("## The Python interface")[1]))
    assert {name for name in api.__all__ if name[0].islower()} <= named


def test_a_quick_question_is_asked_and_gets_its_right_answer_later(school):
    made = api.ask_quickly(user=school.ines, course="physics", choices=["up", "down"], prompt="?")
    assert (made.slug, made.prompt, made.quick) == ("quick-1", "?", True)
    assert api.get_question(course="physics", slug="quick-1") == made
    vote(("ada", "B"), school=school)
    api.close_round(user=school.ines, course="physics")
    api.reveal(user=school.ines, course="physics")
    found = api.read_results(user=school.ada, course="physics", question=made)
    assert (found.correct, found.votes) == (None, (1, 0))
    api.set_right_answer(user=school.ines, course="physics", choice="B")
    found = api.read_results(user=school.ada, course="physics", question=made)
    assert (found.correct, found.choices[1].is_correct) == ("B", True)
    for choice, error in (
        ("C", api.InvalidChoice),
        ("b", api.InvalidChoice),
        ("B" * 201, api.InvalidMessageFormat),
    ):
        with pytest.raises(error):
            api.set_right_answer(user=school.ines, course="physics", choice=choice)
    for fields, error in (
        ({"choices": 1}, api.InvalidMessageFormat),
        ({"seconds": 4000}, api.InvalidMessageFormat),
        ({"correct": "E"}, api.InvalidChoice),
        ({"choices": ["x" * 501, ""]}, api.TextTooLong),
    ):
        with pytest.raises(error):
            api.ask_quickly(user=school.ines, course="physics", **fields)
    with pytest.raises(api.PermissionDenied):
        api.ask_quickly(user=school.ada, course="physics")
