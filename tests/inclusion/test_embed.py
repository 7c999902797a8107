"""The signed link that opens a course in a frame."""

import re
import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import links, people, tokens
from accounts.models import Token, UsedLink
from rooms.embed import sign_embed_link
from rooms.models import Enrollment
from rooms.wire.errors import PermissionDenied
from tests.rooms.school import School, make_school

ANCESTORS = ["https://courses.example.edu", "https://*.example.org"]


@pytest.fixture(autouse=True)
def ancestors(settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "EMBED_ANCESTORS": ANCESTORS}


@pytest.fixture
def school(db) -> School:
    return make_school()


def test_it_opens_the_course_with_a_token_of_its_own(client, school):
    response = client.get(sign_embed_link(school.ada, school.course))
    assert response.status_code == 200
    token = Token.objects.get()
    assert (token.user, token.name) == (school.ada, "embed")
    assert timedelta(hours=5) < token.expires_at - timezone.now() < timedelta(hours=7)
    raw = response.content.decode().partition('data-token="')[2].partition('"')[0]
    assert tokens.verify(raw) == token
    assert f'data-username="{people.sample_name("ada")}"' in response.content.decode()
    # The page sets no cookie that a browser would send by itself, and stays in no cache.
    assert response.cookies == {}
    assert "no-store" in response["Cache-Control"]


def test_only_the_sites_that_are_named_may_have_it_in_a_frame(client, school):
    link = sign_embed_link(school.ada, school.course)
    for status in (200, 403):
        response = client.get(link)
        assert response.status_code == status
        policy = dict(
            part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";")
        )
        assert policy["frame-ancestors"] == " ".join(ANCESTORS)
        assert policy["default-src"] == "'none'"
        assert policy["form-action"] == "'none'"
        assert "X-Frame-Options" not in response


def test_it_opens_once(client, school):
    link = sign_embed_link(school.ada, school.course)
    assert client.head(link).status_code == 405
    assert client.get(link).status_code == 200
    again = client.get(link)
    assert again.status_code == 403
    assert b"data-token" not in again.content
    assert client.get(sign_embed_link(school.ada, school.course)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_it_at_once_one_gets_in():
    school = make_school()
    link = sign_embed_link(school.ada, school.course)
    together = threading.Barrier(4)
    statuses = []

    def open_it() -> None:
        client = Client()
        together.wait()
        statuses.append(client.get(link).status_code)
        connection.close()

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 403, 403, 403]
    assert Token.objects.count() == 1


def test_it_is_for_ten_minutes(client, school, monkeypatch):
    link = sign_embed_link(school.ada, school.course)
    monkeypatch.setattr(links, "LIFETIME", timedelta(seconds=-1))
    assert client.get(link).status_code == 403
    monkeypatch.undo()
    assert timedelta(minutes=10) == links.LIFETIME
    assert client.get(link).status_code == 200


def test_it_is_for_one_course(client, school):
    Enrollment.objects.create(course=school.other_course, user=school.ada)
    link = sign_embed_link(school.ada, school.course)
    assert client.get(link.replace("physics", "chemistry")).status_code == 403
    assert client.get(link).status_code == 200


def test_it_is_for_who_is_in_the_course(client, school):
    with pytest.raises(PermissionDenied):
        sign_embed_link(school.zoe, school.course)
    link = sign_embed_link(school.ada, school.course)
    school.enrollment(school.ada).delete()
    assert client.get(link).status_code == 403
    link = sign_embed_link(school.bea, school.course)
    school.bea.is_active = False
    school.bea.save()
    assert client.get(link).status_code == 403
    assert Token.objects.count() == 0


@pytest.mark.parametrize("link", ["", "?link=", "?link=a:b:c", "?link=%00"])
def test_a_link_that_was_never_made(client, school, link):
    assert client.get(f"/embed/physics/{link}").status_code == 403


def test_a_link_that_was_changed(client, school):
    link = sign_embed_link(school.ada, school.course)
    assert client.get(link[:-1] + ("A" if link[-1] != "A" else "B")).status_code == 403


def test_who_is_logged_in_as_somebody_else_is_not_asked(client, school):
    client.force_login(school.bea)
    response = client.get(sign_embed_link(school.ada, school.course))
    assert f'data-username="{people.sample_name("ada")}"' in response.content.decode()
    # The same letters may be in the hash of a file.
    assert not re.search(rb"\bbea\b", response.content, re.IGNORECASE)
    assert response.cookies == {}


def test_without_sites_there_is_nothing(client, school, settings):
    link = sign_embed_link(school.ada, school.course)
    settings.PEERCHAT = {}
    assert client.get(link).status_code == 404


def test_used_links_are_forgotten_when_they_are_too_old_to_matter(client, school):
    client.get(sign_embed_link(school.ada, school.course))
    UsedLink.objects.update(used_at=timezone.now() - timedelta(minutes=21))
    client.get(sign_embed_link(school.bea, school.course))
    assert UsedLink.objects.count() == 1


def test_the_command(client, school, capsys, settings):
    ada = people.username(school.ada)
    call_command("embed_link", ada, "physics")
    assert client.get(capsys.readouterr().out.strip()).status_code == 200
    for wrong in (("zoe", "physics"), ("nobody", "physics"), (ada, "nowhere")):
        with pytest.raises(CommandError, match=r"No user .* is enrolled"):
            call_command("embed_link", *wrong)
    settings.PEERCHAT = {}
    with pytest.raises(CommandError, match="EMBED_ANCESTORS"):
        call_command("embed_link", ada, "physics")
