"""Try-outs at a running site with two workers, over HTTP, and their pages."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from rooms.models import ClassSession, Course, Message, TryOut, Vote
from rooms.queries.presence import online_students
from tests.pace import patient
from tests.rooms.actions.test_tryouts import everything
from tests.rooms.api.wire import Wire
from tests.rooms.cast import eventually
from tests.rooms.school import EVERYBODY

STUDENTS = 12
"""The number of simulated students that the sites of the tests have."""


@pytest.fixture
def alone(cast):
    """Let no class that another test has left close a vote, which its course is told of."""
    ClassSession.objects.exclude(course=cast.course).update(deadline=None)


async def test_a_class_over_http(cast, alone):
    wire = Wire(cast.hall)
    before = everything()
    address = f"courses/{cast.course.slug}/try/"
    assert (await wire.post(address, cast.ada)).status == 403
    assert (await wire.get(address, cast.ines)).status == 403
    # The worker that starts it plays it at once, though nobody has a socket there.
    answer = await wire.post(address, cast.ines, worker=0)
    assert answer.status == 201, answer.raw
    made = TryOut.objects.get(of=cast.course)
    assert answer.body == {
        "course": made.course.slug,
        "title": "Try-out: Physics",
        "copy_of": cast.course.slug,
        "students": STUDENTS,
        "started_at": made.started_at.timestamp(),
        "ends_at": made.ends_at.timestamp(),
    }
    assert (await wire.post(address, cast.ines)).body == answer.body
    assert (await wire.get(address, cast.ines)).body == answer.body
    await eventually(lambda: len(online_students(made.course)) == STUDENTS)

    path = f"courses/{made.course.slug}"
    for action in ("start_question", "make_partners", "enable_chat"):
        command = {"action": action}
        if action == "start_question":
            command |= {"question": "force", "seconds": 4}
        answer = await wire.post(f"{path}/control/", cast.ines, command)
        assert answer.status == 200, answer.raw
        if action == "start_question":
            # They hurry as the end comes near.
            votes = Vote.objects.filter(round__session__course=made.course)
            await eventually(lambda votes=votes: votes.count() == STUDENTS)
            await eventually(lambda: made.course.class_sessions.get().phase == "vote_closed")
    texts = Message.objects.filter(room__course=made.course, room__kind="partners")
    await eventually(lambda: texts.count() >= 3)
    mine = (await wire.get("courses/", cast.ines)).body["results"]
    assert [one["course"] for one in mine] == [cast.course.slug, made.course.slug]
    theirs = (await wire.get("courses/", cast.ada)).body["results"]
    assert [one["course"] for one in theirs] == [cast.course.slug]
    assert (await wire.get(f"{path}/state/", cast.ada)).status == 403

    assert (await wire.request("DELETE", address, cast.tess)).status == 403
    # Through the worker that does not play it.
    assert (await wire.request("DELETE", address, cast.ines, worker=1)).status == 204
    assert everything() == before
    assert (await wire.request("DELETE", address, cast.ines)).status == 403
    assert everything() == before


async def test_the_end_comes_also_if_its_worker_is_gone(cast, alone):
    wire = Wire(cast.hall)
    before = everything()
    await wire.post(f"courses/{cast.course.slug}/try/", cast.ines, worker=0)
    made = TryOut.objects.get(of=cast.course)
    await eventually(lambda: len(online_students(made.course)) == STUDENTS)
    # Somebody at the other worker, so that it is awake.
    dashboard = await cast.dashboard(worker=1)
    async with cast.hall.only(1):
        TryOut.objects.filter(pk=made.pk).update(ends_at=timezone.now())
        await eventually(lambda: not Course.objects.filter(pk=made.course_id).exists())
    await dashboard.close()
    await eventually(lambda: everything() == before, within=patient(20.0))


# --- The pages -----------------------------------------------------------------------------------


@pytest.fixture
def clients(school):
    made = {name: Client() for name in EVERYBODY}
    for name, client in made.items():
        client.force_login(school.person(name))
    return made


def test_the_page_explains_and_starts_it(school, clients):
    ines = clients["ines"]
    page = ines.get("/courses/physics/try/")
    assert page.status_code == 200
    assert "30 simulated students" in page.content.decode()
    assert TryOut.objects.count() == 0
    answer = ines.post("/courses/physics/try/")
    made = TryOut.objects.get()
    slug = made.course.slug
    assert (answer.status_code, answer.url) == (302, f"/courses/{slug}/instructor/")
    dashboard = ines.get(answer.url).content.decode()
    assert 'data-testid="try-bar"' in dashboard
    assert 'data-testid="try-physics' not in dashboard
    assert ines.get(f"/courses/{slug}/try/").url == answer.url
    assert 'data-testid="try-resume"' in ines.get("/courses/physics/try/").content.decode()
    ended = ines.post(f"/courses/{slug}/try/end/")
    assert (ended.status_code, ended.url) == (302, "/courses/physics/try/?ended")
    assert 'data-testid="try-ended"' in ines.get(ended.url).content.decode()
    assert TryOut.objects.count() == 0


@pytest.mark.parametrize("path", ["try/", "try/end/", "try/student/"])
def test_for_others_there_is_no_such_page(school, clients, path):
    for name in ("ada", "ivan", "zoe"):
        assert clients[name].post(f"/courses/physics/{path}").status_code == 404
        assert clients[name].get("/courses/physics/try/").status_code == 404
    assert Client().post(f"/courses/physics/{path}").url.startswith("/accounts/login/")
    clients["ines"].post("/courses/physics/try/")
    slug = TryOut.objects.get().course.slug
    # Neither does another one who leads the course get into the copy.
    for name in ("ada", "tess", "ivan", "zoe"):
        assert clients[name].post(f"/courses/{slug}/{path}").status_code == 404
    assert TryOut.objects.count() == 1


def test_the_reason_why_not_is_on_the_page(school, clients, settings):
    settings.PEERCHAT = {"TRY_OUTS": 1}
    clients["tess"].post("/courses/physics/try/")
    answer = clients["ines"].post("/courses/physics/try/")
    assert answer.status_code == 409
    assert "Too many courses" in answer.content.decode()
    settings.PEERCHAT = {"TRY_OUTS": 0}
    assert "try-physics" not in clients["ines"].get("/courses/physics/instructor/").content.decode()
    assert "switched try-outs off" in clients["ines"].get("/courses/physics/try/").content.decode()


def test_the_lists_of_courses(school, clients):
    ines = clients["ines"]
    assert 'data-testid="try-physics"' in ines.get("/").content.decode()
    assert 'data-testid="try-physics"' not in clients["ada"].get("/").content.decode()
    ines.post("/courses/physics/try/")
    assert "Try-out: Physics" in ines.get("/").content.decode()
    for name in ("ada", "tess", "ivan", "zoe"):
        assert "Try-out" not in clients[name].get("/").content.decode()


def test_a_student_in_a_tab_and_the_lecturer_in_the_browser(school, clients):
    ines = clients["ines"]
    ines.post("/courses/physics/try/")
    slug = TryOut.objects.get().course.slug
    assert ines.get(f"/courses/{slug}/try/student/").url == f"/courses/{slug}/try/"
    page = ines.post(f"/courses/{slug}/try/student/").content.decode()
    (token,) = re.findall(r'data-token="([^"]+)"', page)
    asked = Client(headers={"Authorization": f"Bearer {token}"})
    assert asked.get(f"/api/courses/{slug}/state/").status_code == 200
    command = {"action": "start_question", "question": "force"}
    refused = asked.post(f"/api/courses/{slug}/control/", command, "application/json")
    assert refused.status_code == 403
    assert [one["course"] for one in asked.get("/api/courses/").json()["results"]] == [slug]
    assert ines.get("/api/courses/").json()["results"][0]["role"] == "instructor"
    ines.post(f"/courses/{slug}/try/end/")
    assert asked.get("/api/courses/").status_code == 401
