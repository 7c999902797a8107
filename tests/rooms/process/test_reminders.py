"""Reminders of released questions by e-mail."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from rooms.actions import reminders
from rooms.models import Enrollment, Guest, Release, Reminder
from rooms.process.reminders import send_all
from rooms.queries.reminders import secret
from rooms.wire.errors import PermissionDenied
from tests.rooms.cast import make_question
from tests.rooms.outside import DAY, answer, release

SITE = "https://peerchat.example.edu"


@pytest.fixture
def asked(school):
    """Ada and Bea asked for reminders long ago; two questions opened since."""
    for user in (school.ada, school.bea):
        user.email = f"{user.username}@example.org"
        user.save()
    Enrollment.objects.filter(user__in=[school.ada, school.bea]).update(
        reminded_since=timezone.now() - 9 * DAY
    )
    for slug in ("force", "work"):
        make_question(school.course, slug)
    return [
        release(school, slug, opens=timedelta(hours=-1), due=3 * DAY) for slug in ("force", "work")
    ]


def test_one_mail_tells_of_all_that_is_new_and_once(school, asked):
    assert send_all(SITE) == (2, 0)
    assert send_all(SITE) == (0, 0)
    one = next(sent for sent in mail.outbox if sent.to == [school.ada.email])
    assert "What is force?" in one.body
    assert "What is work?" in one.body
    assert f"{SITE}/courses/physics/outside/{asked[0].pk}/" in one.body
    assert one.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert Reminder.objects.filter(kind="opened").exclude(sent_at=None).count() == 4


def test_before_the_end_those_who_have_not_answered_are_reminded(school, asked):
    send_all(SITE)
    answer(school, "ada", asked[0], "A", "B")
    Release.objects.filter(pk=asked[0].pk).update(due_at=timezone.now() + timedelta(hours=5))
    Release.objects.update(opens_at=timezone.now() - 5 * DAY)
    mail.outbox.clear()
    assert send_all(SITE) == (1, 0)
    assert mail.outbox[0].to == [school.bea.email]
    assert "What is work?" not in mail.outbox[0].body


@pytest.mark.parametrize("why", ["guest", "address", "inactive", "archived", "withdrawn", "new"])
def test_who_gets_none(school, asked, why):
    Enrollment.objects.filter(user=school.bea).update(reminded_since=None)
    match why:
        case "guest":
            Guest.objects.create(user=school.ada, made_at=timezone.now())
        case "address":
            type(school.ada).objects.update(email="")
        case "inactive":
            type(school.ada).objects.update(is_active=False)
        case "archived":
            school.course.archived_at = timezone.now()
            school.course.save()
        case "withdrawn":
            Release.objects.update(withdrawn_at=timezone.now())
        case "new":
            Enrollment.objects.filter(user=school.ada).update(reminded_since=timezone.now())
    assert send_all(SITE) == (0, 0)


def test_a_link_in_the_mail_ends_them_without_a_log_in(school, asked):
    send_all(SITE)
    one = next(sent for sent in mail.outbox if sent.to == [school.ada.email])
    link = urlsplit(re.fullmatch("<(.*)>", one.extra_headers["List-Unsubscribe"])[1]).path
    client = Client(enforce_csrf_checks=True)
    assert client.get(link).status_code == 200
    assert school.enrollment(school.ada).reminded_since is not None, "reading changes nothing"
    assert client.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert school.enrollment(school.ada).reminded_since is None
    assert school.enrollment(school.bea).reminded_since is not None
    assert client.post("/reminders/forged/").status_code == 404
    assert secret(school.enrollment(school.bea)) not in link


def test_students_with_an_address_ask_for_them(school, asked):
    with pytest.raises(PermissionDenied):
        reminders.set_reminders(user=school.carl, course="physics", wanted=True)
    for user in (school.tess, school.zoe):
        user.email = "somebody@example.org"
        user.save()
        with pytest.raises(PermissionDenied):
            reminders.set_reminders(user=user, course="physics", wanted=True)


def test_a_failure_is_noted_and_the_command_fails(school, asked, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(CommandError, match="2 reminders"):
        call_command("send_reminders", SITE)
    assert Reminder.objects.exclude(failure="").count() == 4
    with pytest.raises(CommandError, match="address"):
        call_command("send_reminders", "peerchat.example.edu")
