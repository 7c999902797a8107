"""Courses and who leads them over HTTP."""

import pytest
from django.contrib.auth.models import Group

from rooms.models import Course, Enrollment
from tests.rooms.api.conftest import refusal


@pytest.fixture
def school(school):
    Group.objects.get(name="Lecturers").user_set.add(school.ines)
    return school


def test_a_course_from_the_first_title_to_the_next_term(school, api):
    ines = api(school.ines)
    status, made = ines.post("courses/", {"title": "Optics & light"})
    assert status == 201
    room = made.pop("room")
    assert made == {"course": "optics-light", "title": "Optics & light", "role": "instructor"}
    changed = {"course": "optics", "title": "Optics", "role": "instructor", "room": room}
    assert ines.patch("courses/optics-light/", {"title": "Optics", "course": "optics"}) == (
        200,
        changed,
    )
    assert ines.patch("courses/optics/", {"archived": True}) == (200, {**changed, "archived": True})
    assert ines.get("courses/optics-light/") == (200, {**changed, "archived": True})
    assert refusal(*ines.patch("courses/optics/", {"title": "Light"})) == (403, "course_archived")
    status, copy = ines.post("courses/optics/copy/", {"title": "Optics", "course": "optics-27"})
    assert (status, copy["course"]) == (201, "optics-27")
    # What is archived, changed and archived again in one request is so as a whole.
    wrong = {"archived": False, "course": "optics-27"}
    assert refusal(*ines.patch("courses/optics/", wrong)) == (400, "invalid_message_format")
    assert Course.objects.get(slug="optics").archived_at is not None
    assert ines.patch("courses/optics/", {"archived": False}) == (200, changed)


@pytest.mark.parametrize(
    "body",
    [{}, {"title": ""}, {"title": "\u200b"}, {"title": "P", "course": "physics"}, {"slug": "p"}],
)
def test_what_makes_no_course(school, api, body):
    assert api(school.ines).refused("courses/", body) == (400, "invalid_message_format")


def test_those_who_lead(school, api):
    ines = api(school.ines)
    leaders = "courses/physics/leaders/"
    assert ines.get(leaders)[1]["results"] == [
        {"username": "ines", "display_name": "Ines", "role": "instructor"},
        {"username": "tess", "display_name": "Tess", "role": "assistant"},
    ]
    zoe = {"username": "zoe", "display_name": "Zoe", "role": "assistant"}
    assert ines.post(leaders, {"person": "zoe", "role": "assistant"}) == (201, zoe)
    assert ines.patch(f"{leaders}zoe/", {"role": "instructor"}) == (
        200,
        {**zoe, "role": "instructor"},
    )
    assert ines.delete(f"{leaders}tess/") == (204, None)
    answer = ines.post("courses/physics/hand-over/", {"person": "zoe", "leave": True})
    assert answer == (200, {**zoe, "role": "instructor"})
    assert refusal(*ines.get(leaders)) == (403, "permission_denied")
    assert refusal(*api(school.zoe).delete(f"{leaders}zoe/")) == (400, "invalid_message_format")


# Who may: the student, the assistant, the instructor, one of another course and a stranger.
CALLS = {
    ("get", "courses/physics/", None): (200, 200, 200, 403, 403),
    ("post", "courses/", "title"): (403, 403, 201, 403, 403),
    ("patch", "courses/physics/", "title"): (403, 403, 200, 403, 403),
    ("post", "courses/physics/copy/", "title"): (403, 403, 201, 403, 403),
    ("get", "courses/physics/leaders/", None): (403, 200, 200, 403, 403),
    ("post", "courses/physics/leaders/", "leader"): (403, 403, 201, 403, 403),
    ("patch", "courses/physics/leaders/tess/", "role"): (403, 403, 200, 403, 403),
    ("delete", "courses/physics/leaders/tess/", None): (403, 403, 204, 403, 403),
    ("post", "courses/physics/hand-over/", "person"): (403, 403, 200, 403, 403),
}
BODIES = {
    "title": {"title": "Optics"},
    "leader": {"person": "carl", "role": "assistant"},
    "role": {"role": "instructor"},
    "person": {"person": "carl"},
}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: " ".join(call[:2]))
def test_who_may(school, api, call):
    method, path, body = call
    before = list(Enrollment.objects.order_by("pk").values_list("user", "course", "role"))
    statuses = dict(zip(("ada", "tess", "ines", "ivan", "zoe"), CALLS[call], strict=True))
    # The instructor, who changes something, comes last.
    statuses["ines"] = statuses.pop("ines")
    for name, status in statuses.items():
        caller = api(school.person(name))
        answer = (
            getattr(caller, method)(path, BODIES[body]) if body else getattr(caller, method)(path)
        )
        assert answer[0] == status, (name, answer)
        if status == 403:
            assert answer[1]["error_code"] == "permission_denied"
            now = list(Enrollment.objects.order_by("pk").values_list("user", "course", "role"))
            assert now == before
