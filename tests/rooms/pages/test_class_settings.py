"""The section of the settings page by which instructors say how their classes run."""

import pytest
from django.test import Client

from rooms.models import ClassSettings

PAGE = "/courses/physics/settings/"
FORM = {
    "do": "classes",
    "classes-asks_confidence": "required",
    "classes-asks_reason": "off",
    "classes-asks_place": "on",
    "classes-least_right": "25",
    "classes-most_right": "75",
}


@pytest.fixture
def clients(school):
    made = {name: Client() for name in ("ada", "tess", "ines")}
    for name, client in made.items():
        client.force_login(school.person(name))
    return made


def test_an_instructor_changes_them(school, clients):
    ines = clients["ines"]
    page = ines.get(PAGE).content.decode()
    assert 'data-part="more">' in page
    assert "/courses/physics/pairing/" in page
    answer = ines.post(PAGE, FORM, follow=True)
    assert "Saved." in answer.content.decode()
    found = ClassSettings.of(school.course)
    assert (found.asks_confidence, found.asks_reason) == ("required", "off")
    # A box that is not ticked is not sent.
    assert (found.asks_place, found.asks_convinced, found.lecturer_knows) == (True, False, False)
    # What differs from the defaults is unfolded.
    assert 'data-part="more" open>' in answer.content.decode()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"classes-least_right": "80"}, "must not be below the lower one"),
        ({"classes-most_right": "101"}, "less than or equal to 100"),
        ({"classes-most_right": ""}, "This field is required."),
        ({"classes-asks_reason": "no"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_stays(school, clients, change, told):
    page = clients["ines"].post(PAGE, FORM | change).content.decode()
    assert told in page
    assert 'name="classes-least_right" value="' + (FORM | change)["classes-least_right"] in page
    assert not ClassSettings.objects.exists()


def test_assistants_and_students_change_nothing(school, clients):
    assert "classes-form" not in clients["tess"].get(PAGE).content.decode()
    for name in ("ada", "tess"):
        assert clients[name].post(PAGE, FORM).status_code == 404
    assert not ClassSettings.objects.exists()
