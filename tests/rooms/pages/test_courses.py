"""The pages on which lecturers make courses and change their settings."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from rooms.actions.course_settings import archive_course
from rooms.models import Course, Enrollment
from tests.rooms.cast import make_question
from tests.rooms.school import EVERYBODY

NEW = "/courses/new/"
SETTINGS = "/courses/physics/settings/"


@pytest.fixture
def school(school):
    Group.objects.get(name="Lecturers").user_set.add(school.ines)
    return school


@pytest.fixture
def people(school):
    """A client of each of the cast, by name."""
    clients = {name: Client() for name in EVERYBODY}
    for name, client in clients.items():
        client.force_login(school.person(name))
    return clients


@pytest.fixture
def ines(people):
    return people["ines"]


def shown(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def roles():
    found = Enrollment.objects.filter(course__slug="physics").select_related("user")
    return {one.user.username: one.role for one in found if one.leads}


def test_pages_ask_for_a_login_and_come_back(school):
    for path in (NEW, SETTINGS):
        answer = Client().get(path)
        assert (answer.status_code, answer.url) == (302, f"/accounts/login/?next={path}")


@pytest.mark.parametrize(
    ("path", "get", "post"), [(NEW, {"ines"}, {"ines"}), (SETTINGS, {"tess", "ines"}, {"ines"})]
)
def test_a_page_that_is_not_ones_own_does_not_exist(people, path, get, post):
    form = {"do": "archive", "title": ""}
    for method, seen_by in (("get", get), ("post", post)):
        status = {
            name: getattr(client, method)(path, form).status_code for name, client in people.items()
        }
        assert status == {name: 200 if name in seen_by else 404 for name in status}
    assert Course.objects.filter(archived_at=None).count() == 2


def test_only_lecturers_get_the_button(people):
    with_button = {name for name, client in people.items() if NEW in shown(client.get("/"))}
    assert with_button == {"ines"}


def test_lecturers_without_a_course_are_led_to_their_first(school, people):
    Group.objects.get(name="Lecturers").user_set.add(school.zoe)
    page = shown(people["zoe"].get("/"))
    assert "No courses yet" in page
    assert NEW in page
    assert NEW not in shown(people["ada"].get("/"))


def test_a_title_makes_a_course_and_leads_to_it(ines):
    answer = ines.post(NEW, {"title": "Общая физика", "slug": ""})
    assert (answer.status_code, answer.url) == (302, "/courses/obshchaya-fizika/instructor/")
    assert "Общая физика" in shown(ines.get(answer.url))


def test_what_was_typed_is_still_there(ines):
    page = shown(ines.post(NEW, {"title": "Physics <2>", "slug": "physics"}))
    assert "Another course has this address." in page
    assert 'value="Physics &lt;2&gt;"' in page
    assert 'value="physics"' in page
    assert '<details class="folded" open>' in page
    page = shown(ines.post(NEW, {"title": "\u200b", "slug": "a b"}))
    assert "A course needs a title that can be seen." in page
    assert "An address has only the letters" in page
    assert Course.objects.count() == 2


def test_sentences_are_in_the_language_of_the_page(ines):
    ines.cookies["django_language"] = "de"
    assert "Another course" not in shown(ines.post(NEW, {"title": "P", "slug": "physics"}))


def test_a_course_is_renamed(ines):
    form = {"do": "rename", "rename-title": "Mechanics", "rename-slug": "mechanics"}
    answer = ines.post(SETTINGS, form, follow=True)
    assert answer.redirect_chain == [("/courses/mechanics/settings/", 302)]
    assert "Saved." in shown(answer)
    assert ines.get(SETTINGS).url == "/courses/mechanics/settings/"
    page = shown(ines.post("/courses/mechanics/settings/", {**form, "rename-slug": "chemistry"}))
    assert "Another course has this address." in page
    assert 'value="chemistry"' in page
    assert "/courses/mechanics/settings/" in page


def test_people_lead_and_no_longer_lead(school, ines):
    def do(**form):
        return shown(ines.post(SETTINGS, form, follow=True))

    add = {"do": "add", "add-role": "assistant"}
    assert "No account has this username" in do(**add, **{"add-person": "nobody"})
    assert "Zoe leads the course now." in do(**add, **{"add-person": "zoe"})
    do(do="role", username="zoe", role="instructor")
    assert roles() == {"zoe": "instructor", "tess": "assistant", "ines": "instructor"}
    assert "tess is no longer in the course." in do(do="remove", username="tess")
    do(do="remove", username="zoe")
    assert "A course needs an instructor." in do(do="remove", username="ines")
    assert roles() == {"ines": "instructor"}


@pytest.mark.parametrize(
    ("then", "path", "left"),
    [("stay", SETTINGS, {"ines": "assistant"}), ("leave", "/", {})],
)
def test_a_course_is_handed_over(ines, then, path, left):
    form = {"do": "hand_over", "hand_over-then": then}
    page = shown(ines.post(SETTINGS, {**form, "hand_over-person": "ines"}))
    assert "Name somebody else." in page
    answer = ines.post(SETTINGS, {**form, "hand_over-person": "zoe"})
    assert (answer.status_code, answer.url) == (302, path)
    assert roles() == {"zoe": "instructor", "tess": "assistant", **left}
    shown(ines.get(path))


def test_a_course_is_copied(school, ines):
    make_question(school.course, "force")
    page = shown(ines.get(SETTINGS))
    # The address is proposed.
    assert 'name="copy-slug" value="physics-2"' in page
    form = {"do": "copy", "copy-title": "Physics", "copy-slug": "physics-2"}
    answer = ines.post(SETTINGS, form)
    assert answer.url == "/courses/physics-2/settings/"
    assert Course.objects.get(slug="physics-2").questions.count() == 1
    # Those who may not make courses are not asked.
    Group.objects.get(name="Lecturers").user_set.clear()
    assert "copy-slug" not in shown(ines.get(SETTINGS))
    assert ines.post(SETTINGS, {**form, "copy-slug": "physics-3"}).status_code == 404


def test_a_course_is_archived_after_a_confirmation_and_used_again(people):
    ines = people["ines"]
    assert "Tick the box" in shown(ines.post(SETTINGS, {"do": "archive"}))
    page = shown(ines.post(SETTINGS, {"do": "archive", "sure": "1"}, follow=True))
    assert "The course is archived." in page
    assert 'value="rename"' not in page
    for name in ("ada", "ines"):
        page = shown(people[name].get("/"))
        assert "1 archived course" in page
        assert "/courses/physics/instructor/" not in page
    for path in ("/courses/physics/", "/courses/physics/instructor/"):
        assert 'data-testid="archived">' in shown(ines.get(path))
    page = shown(
        ines.post(SETTINGS, {"do": "rename", "rename-title": "P", "rename-slug": "physics"})
    )
    assert Course.objects.get(slug="physics").title == "Physics"
    assert "in use again" in shown(ines.post(SETTINGS, {"do": "restore"}, follow=True))
    assert 'data-testid="archived" hidden>' in shown(ines.get("/courses/physics/"))


def test_assistants_see_the_settings_and_change_none(people):
    page = shown(people["tess"].get(SETTINGS))
    assert "You are an assistant" in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0]


def test_one_who_lost_the_role_meanwhile_gets_nothing(school, people):
    assert people["ines"].post(SETTINGS, {"do": "nothing"}).status_code == 404
    school.enrollment(school.ines).delete()
    assert people["ines"].post(SETTINGS, {"do": "restore"}).status_code == 404


def test_pages_link_each_other(school, ines):
    for path in (SETTINGS, "/courses/physics/instructor/"):
        page = shown(ines.get(path))
        assert 'class="lead-nav"' in page
        assert 'aria-current="page"' in page
    archive_course(user=school.ines, course="physics")
    assert SETTINGS in shown(ines.get("/"))
