"""The page from which a course is downloaded."""

import io
import re
import zipfile

import pytest

from rooms.ratelimit import exports as limit
from tests.rooms.the_class import make_the_class

PAGE = "/courses/statics/exports/"


@pytest.fixture
def made(db):
    limit.reset()
    return make_the_class()


def test_a_lecturer_downloads_the_course(made, client):
    client.force_login(made.ines)
    page = client.get(PAGE).content.decode()
    assert "0 students have consented." in page
    answer = client.post(f"{PAGE}download/", {"format": "csv", "names": "real"})
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer)))
    assert "ada" in archive.read("people.csv").decode()
    assert client.get(f"{PAGE}download/").status_code == 302


def test_an_assistant_has_codes_and_students_nothing(made, client):
    made.course.enrollments.filter(user=made.students["ada"]).update(role="assistant")
    client.force_login(made.students["ada"])
    assert 'value="real"' not in client.get(PAGE).content.decode()
    wrong = client.post(f"{PAGE}download/", {"format": "csv", "names": "real"})
    assert wrong.status_code == 400
    assert client.post(f"{PAGE}download/", {"format": "csv", "names": "codes"}).status_code == 200
    client.force_login(made.students["ben"])
    assert client.get(PAGE).status_code == 404
    assert client.post(f"{PAGE}download/", {"format": "csv", "names": "codes"}).status_code == 404


def test_who_downloads_without_end_has_to_wait(made, client, settings):
    settings.PEERCHAT = {"EXPORT_BURST": 1, "EXPORT_RATE": 0.001}
    limit.reset()
    client.force_login(made.ines)
    chosen = {"format": "jsonl", "names": "codes"}
    assert client.post(f"{PAGE}download/", chosen).status_code == 200
    answer = client.post(f"{PAGE}download/", chosen)
    assert answer.status_code == 429
    # What was chosen is still there.
    assert re.search('<input[^>]* value="jsonl"[^>]* checked', answer.content.decode())
    limit.reset()
