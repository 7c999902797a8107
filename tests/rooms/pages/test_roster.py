"""The page of the roster, its links, and how people come in by them."""

import re
from html import unescape

import pytest
from django.core import mail as django_mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts import mail
from accounts.models import User
from rooms import ratelimit
from rooms.models import Enrollment, Invitation
from tests.rooms.school import EVERYBODY, make_school

PAGE = "/courses/physics/roster/"
PRINT = "/courses/physics/roster/print/"
LINK = re.compile(r"http://testserver(/invitation/[\w-]+/)")
LIST = "Name;E-Mail;Login\nEve Poe;eve@example.org;\nFay Wu;fay@example.org;\nGus;;gus"


@pytest.fixture
def school(transactional_db):
    return make_school()


@pytest.fixture
def ines(school):
    client = Client()
    client.force_login(school.ines)
    return client


def sent() -> list:
    """Wait until all e-mail is sent, and return it."""
    mail.outbox().join()
    return django_mail.outbox


def load(client, text=LIST, **fields):
    return client.post(PAGE, {"do": "apply", "text": text, **fields}, follow=True)


def test_lists_have_a_rate(ines, settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "ROSTER_BURST": 1}
    ratelimit.rosters.reset()
    assert (
        'data-testid="preview"' in ines.post(PAGE, {"do": "preview", "text": LIST}).content.decode()
    )
    page = ines.post(PAGE, {"do": "preview", "text": LIST}).content.decode()
    assert 'data-testid="preview"' not in page
    assert "That was too fast" in page
    assert LIST.splitlines()[1] in unescape(page), "what was typed is still there"


@pytest.mark.parametrize("path", [PAGE, PRINT])
def test_the_page_is_for_those_who_lead(school, path):
    seen = set()
    for name in EVERYBODY:
        client = Client()
        client.force_login(school.person(name))
        status = client.get(path).status_code
        assert client.post(path, {"do": "preview", "text": LIST}).status_code == status
        seen |= {name} if status == 200 else set()
    assert seen == {"tess", "ines"}
    assert Client().post(path, {"do": "apply", "text": LIST}).url.startswith("/accounts/login/")


def test_a_preview_changes_nothing_and_what_was_typed_is_still_there(ines, school):
    page = ines.post(
        PAGE, {"do": "preview", "text": "Eve;eve@example.org\nBea <b>\n", "remove_missing": "on"}
    )
    assert page.status_code == 400
    text = page.content.decode()
    assert "The line has no e-mail address" in text or "not valid" in text
    assert "Bea &lt;b&gt;" in text
    assert 'data-testid="apply"' not in text
    assert not User.objects.filter(email="eve@example.org").exists()
    page = ines.post(PAGE, {"do": "preview", "text": LIST})
    assert (page.status_code, page.context["plan"].counts["invite"]) == (200, 3)
    assert 'data-testid="apply"' in page.content.decode()
    assert User.objects.count() == len(EVERYBODY)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("x.xlsx", b"PK\x03\x04rest", "Save it as CSV"),
        ("x.csv", b"a" * 500_001, "larger than 500 kB"),
        ("x.csv", b"", "Choose a file, or paste a list"),
        ("x.csv", b"a@example.org\n" * 2_001, "The list has 2001 lines"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(ines, name, data, told):
    page = ines.post(PAGE, {"do": "preview", "file": SimpleUploadedFile(name, data), "text": ""})
    assert page.status_code == 400
    assert told in page.content.decode()


def test_a_file_can_be_mended_where_it_is_shown(ines):
    data = "Vorname;Nachname;E-Mail\r\nÉva;Öz;eva@example.org\r\nOhne;Adresse;\r\n".encode("utf-16")
    page = ines.post(PAGE, {"do": "preview", "file": SimpleUploadedFile("x.csv", data)})
    assert page.status_code == 400
    assert "Éva;Öz;eva@example.org" in page.content.decode()
    page = load(ines, "Vorname;Nachname;E-Mail\r\nÉva;Öz;eva@example.org\r\n")
    assert User.objects.get(email="eva@example.org").display_name == "Éva Öz"
    assert "1 person is new here." in page.content.decode()


def test_people_are_invited_by_mail_and_come_in(ines, school):
    load(ines, invite="on")
    mails = sent()
    assert [one.to for one in mails] == [["eve@example.org"], ["fay@example.org"]]
    first = mails[0]
    assert first.subject == "Your account for Physics"
    assert "Ines has added you to the course “Physics”" in first.body
    (html, kind) = first.alternatives[0]
    path = LINK.findall(first.body)[0]
    assert (kind, LINK.findall(html)[0]) == ("text/html", path)
    states = re.findall(r'data-testid="state">(\w+)', ines.get(PAGE).content.decode())
    assert states == ["sent", "sent", "no"]
    # Nobody gets another one at once.
    ines.post(PAGE, {"do": "again"})
    assert len(sent()) == 2

    eve = Client()
    assert eve.head(path).status_code == 302
    for _ in range(2):
        page = eve.get(path, follow=True)
        assert page.redirect_chain == [("/invitation/", 302)]
        assert 'data-testid="name">Eve Poe</bdi>' in page.content.decode()
    page = eve.post("/invitation/", {"new_password1": "12345", "new_password2": "1234"})
    assert page.status_code == 400
    assert 'role="alert"' in page.content.decode()
    new = {"new_password1": "correct horse 9", "new_password2": "correct horse 9"}
    assert eve.post("/invitation/", new).url == "/courses/physics/"
    assert eve.get("/courses/physics/").status_code == 200
    assert Client().login(username="eve", password="correct horse 9")
    assert eve.get(path).status_code == 410
    assert Client().post("/invitation/", new).status_code == 410


def test_mails_that_fail_are_listed_and_can_be_sent_again(ines, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    load(ines, invite="on")
    sent()
    assert set(Invitation.objects.values_list("sent_at", flat=True)) == {None}
    page = ines.get(PAGE).content.decode()
    assert "was not sent:" in page
    assert "Send 2 invitations" in page
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    ines.post(PAGE, {"do": "invite"})
    assert len(sent()) == 2
    assert not Invitation.objects.filter(sent_at=None).exists()


def test_a_lecturer_sends_so_many_and_the_rest_waits(ines, settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "INVITATION_BURST": 1, "INVITATION_RATE": 0.001}
    page = load(ines, invite="on")
    assert "1 must wait" in page.content.decode()
    assert len(sent()) == 1


def test_without_a_mail_server_links_are_printed(ines, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    page = load(ines, invite="on").content.decode()
    assert "This site sends no e-mail." in page
    assert 'value="invite"' not in page
    assert not Invitation.objects.exists()
    assert 'data-testid="make-links"' in ines.get(PRINT).content.decode()
    assert not Invitation.objects.exists()
    page = ines.post(PRINT)
    text = page.content.decode()
    paths = LINK.findall(text)
    assert len(paths) == len(set(paths)) == text.count("<svg") == 3
    assert page["Cache-Control"].startswith("max-age=0") or "no-store" in page["Cache-Control"]
    gus = Client()
    gus.get(paths[2])
    new = {"new_password1": "correct horse 9", "new_password2": "correct horse 9"}
    assert gus.post("/invitation/", new).status_code == 302
    assert len(LINK.findall(ines.post(PRINT).content.decode())) == 2


def test_an_archived_course_is_told(ines, school):
    load(ines)
    school.course.archived_at = timezone.now()
    school.course.save()
    assert "This course is archived" in load(ines, "Ida;ida@example.org").content.decode()
    assert "This course is archived" in ines.post(PRINT, follow=True).content.decode()
    assert Enrollment.objects.filter(course=school.course).count() == 8
