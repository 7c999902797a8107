"""A roster by the command and over HTTP: the same lines as on the page."""

import io

import pytest
from django.core import mail as django_mail
from django.core.management import CommandError, call_command

from accounts import mail
from accounts.models import User
from rooms.models import Enrollment
from tests.rooms.api.conftest import Caller
from tests.rooms.school import make_school

LIST = "Name;E-Mail;Login\nEve Poe;eve@example.org;\n;;zoe\n;;ada\n"


@pytest.fixture
def school(transactional_db):
    return make_school()


@pytest.fixture
def command(school, tmp_path):
    """A function that imports a list, and returns the lines that the command prints."""

    def run(text, *options):
        file = tmp_path / "list.csv"
        file.write_bytes(text.encode("utf-16"))
        out = io.StringIO()
        try:
            call_command("import_roster", "physics", str(file), *options, stdout=out)
        finally:
            run.printed = out.getvalue().splitlines()
        return run.printed

    return run


def test_the_command_prints_each_line_and_does_it(school, command):
    lines = [
        "2: Eve Poe: Gets a new account, is enrolled and can be invited.",
        "3: zoe: Is enrolled.",
        "4: Ada: Is in the course already.",
    ]
    assert command(LIST, "--dry-run") == [*lines, "Nothing was changed (--dry-run)."]
    assert not User.objects.filter(email="eve@example.org").exists()
    assert command(LIST)[:-1] == lines
    printed = command("Login\nzoe", "--remove-missing", "--invite", "https://peer.example.edu/")
    assert printed[:2] == ["2: Zoe: Is in the course already.", "-: Eve Poe: Is removed."]
    assert printed[2:] == ["Invitations sent: 0."]
    printed = command("Gus;gus@example.org", "--invite", "https://peer.example.edu")
    assert printed[-1] == "Invitations sent: 1."
    assert "https://peer.example.edu/invitation/" in django_mail.outbox[0].body
    found = Enrollment.objects.filter(course=school.course, role="student")
    assert {one.user.username for one in found} == {"ada", "bea", "carl", "zoe", "gus"}


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        (LIST + "Bea;bea@\n", (), "1 lines cannot be imported"),
        ("Name\n", (), "names nobody"),
        (LIST, ("--invite", "peer.example.edu"), "must be like https"),
        ("a@example.org\n" * 2_001, (), "has 2001 lines"),
        ("a@b.de " * 2_001, (), "has 2001 lines"),
    ],
)
def test_the_command_fails_and_changes_nothing(command, text, options, why):
    with pytest.raises(CommandError, match=why):
        command(text, *options)
    assert User.objects.count() == 7


def test_the_command_names_a_course_or_a_file_that_is_not_there(school):
    with pytest.raises(CommandError, match="no course nothing"):
        call_command("import_roster", "nothing", "-")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_roster", "physics", "/nowhere/list.csv")


def test_over_http(school):
    path = "courses/physics/roster/"
    ines = Caller(school.ines)
    for name, status in (("ada", 403), ("zoe", 403), ("ivan", 403), ("tess", 200)):
        assert Caller(school.person(name)).post(path, {"text": LIST})[0] == status
    status, seen = ines.post(path, {"text": LIST})
    assert (status, seen["applied"]) == (200, False)
    assert [line["outcome"] for line in seen["lines"]] == ["invite", "enrol", "here"]
    assert seen["lines"][0] == {
        "line": 2,
        "outcome": "invite",
        "message": "Gets a new account, is enrolled and can be invited.",
        "name": "Eve Poe",
        "address": "eve@example.org",
        "username": "eve",
    }
    assert not User.objects.filter(username="eve").exists()
    _, refused = ines.post(path, {"text": f"{LIST}x@", "apply": True})
    assert (refused["applied"], refused["lines"][-1]["outcome"]) == (False, "refused")
    assert not User.objects.filter(username="eve").exists()
    _, done = ines.post(path, {"text": LIST, "apply": True, "invite": True})
    assert (done["applied"], done["invited"], done["lines"]) == (True, 1, seen["lines"])
    mail.outbox().join()
    assert [one.to for one in django_mail.outbox] == [["eve@example.org"]]
    _, gone = ines.post(path, {"text": "Login\nzoe", "apply": True, "remove_missing": True})
    assert gone["removed"] == ["eve"]
    for body in ({}, {"text": ""}, {"text": "x", "what": 1}, {"text": "a@b.de\n" * 2_001}):
        assert ines.post(path, body)[0] == 400
