import io

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import User
from rooms.models import Choice, Course, Enrollment, Membership, Question
from rooms.peer.cleaning import clean
from rooms.peer.content import problems

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def debug(settings):
    settings.DEBUG = True


def create_demo(**options):
    out = io.StringIO()
    call_command("create_demo", stdout=out, **options)
    return out.getvalue()


def everything():
    models = (User, Course, Enrollment, Membership, Question, Choice)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_makes_the_course_and_twelve_students():
    create_demo()
    course = Course.objects.get()
    assert course.slug == "physics101"
    roles = dict(course.enrollments.values_list("user__username", "role"))
    assert roles == {"instructor": "instructor"} | {f"student{n}": "student" for n in range(1, 13)}


def test_everybody_enrolled_is_in_the_room_of_the_course():
    create_demo(students=3)
    members = Membership.objects.filter(room__kind="course", room__course__slug="physics101")
    names = set(members.values_list("user__username", flat=True))
    assert names == {"instructor", "student1", "student2", "student3"}


def test_everybody_can_log_in_as_the_output_says(client):
    output = create_demo(students=2)
    for word in ("physics101", "instructor", "student1", "student2", "peerchat"):
        assert word in output
    for username in ("instructor", "student1", "student2"):
        assert client.login(username=username, password="peerchat")


def test_nobody_of_the_demo_may_use_the_admin():
    create_demo()
    assert not User.objects.exclude(is_staff=False, is_superuser=False).exists()


def test_with_admin_there_is_a_superuser(client):
    assert "log in as admin" in create_demo(students=1, admin=True)
    assert client.login(username="admin", password="peerchat")
    assert client.get(reverse("admin:peerchat_accounts_user_add")).status_code == 200
    assert list(User.objects.filter(is_superuser=True)) == [User.objects.get(username="admin")]
    assert not User.objects.get(username="student1").is_staff


def test_with_admin_the_instructor_edits_the_course_there(client):
    create_demo(students=1, admin=True)
    assert client.login(username="instructor", password="peerchat")
    question = Question.objects.earliest("position")
    for page, status in (
        (reverse("admin:index"), 200),
        (reverse("admin:peerchat_rooms_course_change", args=(question.course_id,)), 200),
        (reverse("admin:peerchat_rooms_course_add"), 403),
        (reverse("admin:peerchat_rooms_question_add"), 200),
        (reverse("admin:peerchat_rooms_enrollment_add"), 200),
        (reverse("admin:peerchat_rooms_vote_changelist"), 200),
        (reverse("admin:peerchat_accounts_user_add"), 403),
        (reverse("admin:peerchat_accounts_token_changelist"), 403),
    ):
        assert client.get(page).status_code == status, page
    form = {"course": question.course_id, "slug": "why", "prompt": "Why?", "kind": "single"}
    choices = {"choices-TOTAL_FORMS": 2, "choices-INITIAL_FORMS": 0, "position": 9}
    for number, letter in enumerate("AB"):
        choices |= {f"choices-{number}-letter": letter, f"choices-{number}-text": letter}
    done = client.post(
        reverse("admin:peerchat_rooms_question_add"),
        form | choices | {"choices-0-is_correct": "on"},
    )
    assert done.status_code == 302
    assert Question.objects.get(slug="why").choices.count() == 2


def test_with_admin_again_changes_nothing():
    create_demo(students=1, admin=True)
    User.objects.filter(username="instructor").update(is_staff=False)
    before = everything()
    create_demo(students=1, admin=True)
    assert everything() == before


def test_admin_is_refused_where_debug_is_off(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="createsuperuser"):
        create_demo(admin=True)
    assert not User.objects.exists()


def test_each_question_has_four_choices_and_a_right_one():
    create_demo(students=0)
    questions = list(Question.objects.filter(kind="single").order_by("position"))
    assert len(questions) >= 4
    for question in questions:
        choices = list(question.choices.all())
        assert [choice.letter for choice in choices] == ["A", "B", "C", "D"]
        assert len({choice.text for choice in choices}) == 4
        assert sum(choice.is_correct for choice in choices) == 1
    assert len(set(Choice.objects.filter(is_correct=True).values_list("letter", flat=True))) > 2


def test_there_is_a_question_of_each_kind_that_a_class_can_be_asked():
    create_demo(students=0)
    questions = Question.objects.order_by("position")
    assert {question.kind for question in questions} == {*Question.Kind}
    assert questions[0].kind == "single"
    for question in questions:
        assert problems(question.content) == []
        # Files and pages store it as it is.
        assert clean(question.content) == question.content


def test_students_have_names_of_their_own():
    create_demo(students=200)
    students = User.objects.filter(username__startswith="student")
    names = set(students.values_list("display_name", flat=True))
    assert len(names) == 200
    assert "" not in names


def test_again_changes_nothing():
    create_demo(students=5)
    before = everything()
    assert "keep their passwords" in create_demo(students=5)
    assert everything() == before


def test_again_with_more_adds_those_who_are_missing():
    create_demo(students=2)
    create_demo(students=5)
    create_demo(students=3)
    assert Enrollment.objects.filter(role="student").count() == 5


def test_again_leaves_what_was_made_of_the_course():
    create_demo(students=1)
    Course.objects.update(title="Our physics")
    question = Question.objects.earliest("pk")
    question.prompt = "Ours"
    question.save()
    student = User.objects.get(username="student1")
    student.set_password("a secret of their own")
    student.save()
    create_demo(students=1)
    assert Course.objects.get().title == "Our physics"
    question.refresh_from_db()
    assert question.prompt == "Ours"
    student.refresh_from_db()
    assert student.check_password("a secret of their own")


def test_makes_up_a_password_where_debug_is_off(settings, client):
    settings.DEBUG = False
    output = create_demo(students=1)
    password = output.split("Password for all: ")[1].split()[0]
    assert password != "peerchat"
    assert client.login(username="student1", password=password)


def test_again_shows_no_password_that_is_not_true_where_debug_is_off(settings):
    settings.DEBUG = False
    create_demo(students=1)
    assert "Password" not in create_demo(students=1)


def test_a_negative_number_is_refused():
    with pytest.raises(CommandError, match="negative"):
        create_demo(students=-1)
