"""Joining by a code: the pages of students and guests, and the page of the people."""

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import hashing
from accounts.models import Token, User, WrongCodes
from accounts.tokens import issue
from rooms import qr
from rooms.actions import guesses, guests, joining, merging
from rooms.actions.enrollment import unenroll
from rooms.models import (
    Course,
    Enrollment,
    Guest,
    JoinCode,
    Membership,
    Message,
    UseLog,
)
from rooms.queries.joining import normalised
from rooms.wire.errors import PermissionDenied
from tests.rooms.school import post

PEOPLE = "/courses/physics/people/"


@pytest.fixture
def code(school):
    """The code of the course, which is open."""
    return joining.open_joining(user=school.ines, course="physics")


def logged_in(user):
    client = Client()
    client.force_login(user)
    return client


def join_as(code, name, client=None):
    """Join as a guest in a browser of their own, which is returned with the user."""
    client = client or Client()
    answer = client.post(f"/join/{code.code}/", {"name": name})
    assert (answer.status_code, answer.url) == (302, "/courses/physics/?welcome")
    return client, User.objects.get(pk=client.session["_auth_user_id"])


def text_of(answer):
    return answer.content.decode()


# --- codes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("ABCDEF", "ABCDEF"),
        (" abc-def ", "ABCDEF"),
        ("\uff21\uff22\uff23 def", "ABCDEF"),
        ("u2588g", "VZSBBG"),
        ("ABCDE", None),
        ("ABCDEFG", None),
        ("ABCDE1", None),
        ("ABCDEO", None),
        ("ÄBCDEF", None),
        ("", None),
        ("A" * 1000, None),
    ],
)
def test_codes_are_read_as_people_type_them(typed, read):
    assert normalised(typed) == read


def test_a_qr_code_is_of_shapes_alone():
    drawn = qr.svg("https://peer.example.edu/join/ABCDEF/?<b>&\"'")
    assert drawn.startswith("<svg")
    assert "style" not in drawn
    assert "example" not in drawn
    assert drawn != qr.svg("https://peer.example.edu/join/ABCDEG/")
    with pytest.raises(ValueError, match="too long"):
        qr.svg("x" * 1001)


# --- the way in ----------------------------------------------------------------------------------


def test_a_guest_needs_a_name_and_one_click(school, code):
    client = Client()
    assert client.get("/join/").status_code == 200
    answer = client.post("/join/", {"code": code.code.lower()})
    assert (answer.status_code, answer.url) == (302, f"/join/{code.code}/")
    page = text_of(client.get(answer.url))
    assert "Physics" in page
    assert page.count('<input id="name"') == 1
    assert Guest.objects.count() == 0, "to look makes nobody"
    client, guest = join_as(code, "  Lola   Löwe ", client)
    assert guest.shown_name == "Lola Löwe"
    assert re.fullmatch("guest-[0-9a-f]{12}", guest.username)
    assert not guest.has_usable_password()
    assert client.session.get_expiry_age() > 100 * 86_400
    page = text_of(client.get("/courses/physics/?welcome"))
    assert "Lola Löwe" in page
    assert 'data-testid="welcome"' in page
    assert 'data-testid="my-place"' in page
    assert Enrollment.objects.get(course=school.course, user=guest).role == "student"
    assert Membership.objects.filter(room=school.room, user=guest).exists()
    assert UseLog.objects.filter(user=guest, event="join", in_course=school.course).exists()


def test_a_device_has_one_guest(school, code):
    client = Client()
    client.get(f"/join/{code.code}/")
    client, guest = join_as(code, "Lola", client)
    assert client.get(f"/join/{code.code}/").url == "/courses/physics/"
    # The answer to a first click was lost: the browser has the device's cookie and no session.
    del client.cookies["sessionid"]
    assert "On this device you were here as" in text_of(client.get(f"/join/{code.code}/"))
    again, same = join_as(code, "Lola", client)
    assert same == guest
    assert Guest.objects.count() == 1
    # Who logs out leaves the device to others.
    again.post("/accounts/logout/")
    assert "Your name" in text_of(again.get(f"/join/{code.code}/"))
    _, other = join_as(code, "Lola", again)
    assert other != guest


def test_somebody_else_at_the_same_device(school, code):
    client, guest = join_as(code, "Lola")
    del client.cookies["sessionid"]
    assert client.post(f"/join/{code.code}/", {"other": "1"}).status_code == 302
    _, other = join_as(code, "Otto", client)
    assert other != guest


def test_who_has_an_account_needs_one_click(school, code):
    zoe = logged_in(school.zoe)
    page = text_of(zoe.get(f"/join/{code.code}/"))
    assert '<input id="name"' not in page
    assert zoe.post(f"/join/{code.code}/").url == "/courses/physics/"
    assert school.enrollment(school.zoe).role == "student"
    # Nobody loses a role, nor joins twice.
    for user in (school.ines, school.zoe):
        assert logged_in(user).get(f"/join/{code.code}/").url == "/courses/physics/"
        assert logged_in(user).post(f"/join/{code.code}/").url == "/courses/physics/"
    assert school.enrollment(school.ines).role == "instructor"
    assert f"/accounts/login/?next=/join/{code.code}/" in text_of(
        Client().get(f"/join/{code.code}/")
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "Type your name."),
        (" \u200b\u2060 ", "Type your name."),
        ("An\u200bna", "invisible characters"),
        ("An\u200dna", "invisible characters"),
        ("An\u3164na", "invisible characters"),
        ("\u202eannA", "direction of text"),
        ("x" * 61, "60 characters at most"),
    ],
)
def test_a_name_that_cannot_be_one_stays_in_its_field(school, code, name, told):
    answer = Client().post(f"/join/{code.code}/", {"name": name})
    page = text_of(answer)
    assert answer.status_code == 400
    assert told in page
    assert f'value="{name}"' in page
    assert not Guest.objects.exists()
    assert User.objects.filter(username__startswith="guest-").count() == 0


SCRIPTS = (
    "\u0646\u0631\u06af\u0633\u200c\u0647\u0627",  # Persian, with a joiner
    "\N{WOMAN}\u200d\N{MICROSCOPE} Ada",
    "O\N{RIGHT SINGLE QUOTATION MARK}Brien \N{HEAVY BLACK HEART}\ufe0f",
    "\u674e\u96f7",
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_names_of_all_scripts_are_welcome(school, code, name):
    _, guest = join_as(code, name)
    assert guest.shown_name == name


def test_a_guest_costs_few_queries(school, code, django_assert_max_num_queries):
    client = Client()
    client.get(f"/join/{code.code}/")
    with django_assert_max_num_queries(45):
        join_as(code, "Lola", client)


# --- codes that let nobody in --------------------------------------------------------------------


def test_unknown_closed_expired_and_archived_get_the_same_answer(school, code):
    answers = {}

    def ask(why):
        answer = Client().get(f"/join/{code.code}/")
        page = re.sub(r'csrfmiddlewaretoken[^>]*| nonce="[^"]*"', "", text_of(answer))
        answers[why] = (answer.status_code, page)

    JoinCode.objects.update(open_until=timezone.now() - timedelta(seconds=1))
    ask("expired")
    joining.close_joining(user=school.ines, course="physics")
    ask("closed")
    joining.open_joining(user=school.ines, course="physics")
    Course.objects.filter(pk=school.course.pk).update(archived_at=timezone.now())
    ask("archived")
    JoinCode.objects.all().delete()
    ask("unknown")
    assert len(set(answers.values())) == 1
    assert answers["unknown"][0] == 404
    assert f'value="{code.code}"' in answers["unknown"][1]


def test_too_many_wrong_codes_end_at_all_workers_and_keep_nobody_out(school, code, settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "WRONG_CODES_PER_ADDRESS": 3}
    here, there = {"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "192.0.2.2"}
    for _ in range(3):
        assert Client(**here).get("/join/AAAAAA/").status_code == 404
    # What can be no code is no guess.
    assert Client(**there).get("/join/1/").status_code == 404
    assert WrongCodes.objects.filter(source="192.0.2.2").count() == 0
    refused = Client(**here).get("/join/AAAAAA/")
    right = Client(**here).get(f"/join/{code.code}/")
    assert (refused.status_code, right.status_code) == (429, 429)
    assert int(refused["Retry-After"]) <= 600
    assert Client(**there).get(f"/join/{code.code}/").status_code == 200
    # Where the code is known, guesses of others change nothing.
    assert Client(**there).post(f"/join/{code.code}/", {"name": "Lola"}).status_code == 302
    for _ in range(3):
        Client(**there).get("/join/AAAAAB/")
    assert Client(**there).get("/join/AAAAAB/").status_code == 429
    assert Client(**there).get(f"/join/{code.code}/").status_code == 200
    # The lecturer is where the class is.
    joining.open_joining(user=school.ines, course="physics", address="192.0.2.1")
    assert Client(**here).get(f"/join/{code.code}/").status_code == 200
    settings.PEERCHAT = {**settings.PEERCHAT, "WRONG_CODES": 5}
    assert Client(REMOTE_ADDR="192.0.2.3").get(f"/join/{code.code}/").status_code == 429


def test_right_codes_cost_nothing(school, code, settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "WRONG_CODES_PER_ADDRESS": 1}
    for number in range(5):
        join_as(code, f"Student {number}")
    assert not WrongCodes.objects.exists()


def test_old_counts_go(school, code):
    WrongCodes.objects.create(source="192.0.2.1", span=1, times=7)
    Client().get("/join/AAAAAA/")
    assert not WrongCodes.objects.filter(span=1).exists()
    assert guesses.SPAN == 600


# --- coming back ---------------------------------------------------------------------------------


def personal_link(client):
    page = text_of(client.post("/join/place/"))
    return re.search(r'value="http://testserver(/join/back/\?place=[^"]+)"', page)[1]


def test_a_personal_link_leads_back_on_another_device(school, code):
    client, guest = join_as(code, "Lola")
    assert "Show my personal link" in text_of(client.get("/join/place/"))
    first = personal_link(client)
    secret = first.partition("place=")[2]
    assert secret not in str(Guest.objects.values())
    second = Client()
    assert "Lola" in text_of(second.get(first))
    assert "_auth_user_id" not in second.session, "to look lets nobody in"
    assert second.post("/join/back/", {"place": secret}).url == "/courses/physics/"
    assert second.session["_auth_user_id"] == str(guest.pk)
    assert second.get(f"/join/{code.code}/").url == "/courses/physics/"
    # A new link ends the one before.
    link = personal_link(second)
    assert Client().get(first).status_code == 404
    assert Client().get(link).status_code == 200
    assert Client().post("/join/back/", {"place": secret}).status_code == 404


def test_only_guests_have_a_place(school):
    for path in ("/join/place/", "/join/account/"):
        assert logged_in(school.ada).get(path).status_code == 404
        assert Client().get(path).status_code == 302
    assert logged_in(school.ada).post("/join/log-in/").status_code == 404


# --- accounts ------------------------------------------------------------------------------------


def test_a_guest_becomes_an_account(school, code):
    client, guest = join_as(code, "Lola")
    post(guest, school.room, "as a guest")
    elsewhere = Client()
    elsewhere.post("/join/back/", {"place": personal_link(client).partition("place=")[2]})
    given = {"username": "ada", "password1": "horse-42!", "password2": "horse-43!"}
    refused = client.post("/join/account/", given)
    assert refused.status_code == 400
    assert 'data-testid="username-error"' in text_of(refused)
    assert 'data-testid="password2-error"' in text_of(refused)
    assert 'value="ada"' in text_of(refused)
    assert client.session["peerchat_guest"], "nothing is half done"
    given |= {"username": "lola", "password2": "horse-42!"}
    assert client.post("/join/account/", given).url == "/"
    lola = User.objects.get(username="lola")
    assert (lola.pk, lola.shown_name) == (guest.pk, "Lola")
    assert lola.check_password("horse-42!")
    assert Message.objects.get(text="as a guest").sender == lola
    page = text_of(client.get("/courses/physics/"))
    assert 'data-testid="my-place"' not in page
    assert not Guest.objects.exists()
    # Sessions by the link ended with the change.
    assert elsewhere.get("/courses/physics/").status_code == 302


def test_nobody_gets_the_address_of_somebody_else(school, code):
    client, guest = join_as(code, "Lola")
    given = {"password1": "horse-42!", "password2": "horse-42!", "email": "boss@example.org"}
    refused = client.post("/join/account/", {**given, "username": "boss@example.org"})
    assert refused.status_code == 400
    assert "Choose a username without" in text_of(refused)
    assert client.post("/join/account/", {**given, "username": "lola"}).status_code == 302
    guest.refresh_from_db()
    assert (guest.username, guest.email) == ("lola", "")


@pytest.mark.django_db(transaction=True)
def test_the_password_of_a_new_account_waits_for_its_hash_outside_a_transaction(
    school, code, monkeypatch
):
    client, _ = join_as(code, "Lola")
    make, seen = hashing.make, []

    def look(password):
        seen.append(connection.in_atomic_block)
        return make(password)

    monkeypatch.setattr(hashing, "make", look)
    given = {"username": "lola", "password1": "horse-42!", "password2": "horse-42!"}
    assert client.post("/join/account/", given).status_code == 302
    assert seen == [False]


@pytest.mark.parametrize("password", ["short", "lola-lola", "12345678"])
def test_a_password_that_is_none(school, code, password):
    client, _ = join_as(code, "Lola")
    given = {"username": "lola-lola", "password1": password, "password2": password}
    answer = client.post("/join/account/", given)
    assert answer.status_code == 400
    assert 'data-testid="password2-error"' in text_of(answer)


def test_a_guest_who_has_an_account_is_merged_into_it(school, code):
    school.zoe.set_password("horse-42!")
    school.zoe.save()
    client, guest = join_as(code, "Lola")
    post(guest, school.room, "as a guest")
    answer = client.post("/join/log-in/")
    assert answer.url.startswith("/accounts/login/?next=%2Fjoin%2Fmerge%2F%3Flink%3D")
    # Who turns back is still the guest of this device.
    assert "On this device you were here as" in text_of(client.get(f"/join/{code.code}/"))
    login = client.get(answer.url).context["next"]
    client.post("/accounts/login/", {"username": "zoe", "password": "horse-42!", "next": login})
    assert "Lola" in text_of(client.get(login))
    assert User.objects.filter(pk=guest.pk).exists(), "to look merges nobody"
    link = unquote(login.partition("link=")[2])
    assert client.post("/join/merge/", {"link": link}).url == "/"
    assert not User.objects.filter(pk=guest.pk).exists()
    assert Message.objects.get(text="as a guest").sender == school.zoe
    assert school.enrollment(school.zoe).role == "student"
    assert client.post("/join/merge/", {"link": link}).status_code == 404
    assert client.get(f"/join/merge/?link={link}").status_code == 404
    assert client.get("/join/merge/?link=forged").status_code == 404


def test_an_account_that_was_removed_does_not_come_back_as_a_guest(school, code):
    joining.join(user=school.zoe, code=code)
    guests.remove(user=school.ines, course="physics", username="zoe")
    _, guest = join_as(code, "Lola")
    with pytest.raises(PermissionDenied):
        merging.merge_into_account(guest=guest, account=school.zoe)
    assert not Enrollment.objects.filter(course=school.course, user=school.zoe).exists()
    assert User.objects.filter(pk=guest.pk).exists()


def test_a_course_takes_so_many_guests(school, code, settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "GUESTS_PER_COURSE": 1}
    join_as(code, "Lola")
    answer = Client().post(f"/join/{code.code}/", {"name": "Otto"})
    assert answer.status_code == 403
    assert "takes no more guests" in text_of(answer)
    assert 'value="Otto"' in text_of(answer)
    assert Guest.objects.count() == 1
    body = {"code": code.code, "name": "Otto"}
    answer = Client().post("/api/join/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["error_code"]) == (403, "permission_denied")
    assert joining.join(user=school.zoe, code=code).role == "student"


# --- the page of the people ----------------------------------------------------------------------


def test_the_lecturer_opens_renews_and_closes(school):
    ines = logged_in(school.ines)
    assert "Open joining" in text_of(ines.get(PEOPLE))
    answer = ines.post(PEOPLE, {"action": "open", "from": "instructor"})
    assert answer.url == "/courses/physics/instructor/"
    code = JoinCode.objects.get(course=school.course)
    assert re.fullmatch(f"[{JoinCode.ALPHABET}]{{6}}", code.code)
    assert timedelta(hours=11) < code.open_until - timezone.now() <= timedelta(hours=12)
    for path in (PEOPLE, "/courses/physics/instructor/"):
        page = text_of(ines.get(path))
        assert f'data-testid="join-code">{code.code}<' in page
        assert 'data-testid="join-address">testserver/join/<' in page
        assert "<svg" in page
    assert ines.post(PEOPLE, {"action": "names", "names": "real"}).url.endswith("done=names")
    assert "Your first and last name" in text_of(Client().get(f"/join/{code.code}/"))
    ines.post(PEOPLE, {"action": "renew"})
    assert Client().get(f"/join/{code.code}/").status_code == 404
    code.refresh_from_db()
    assert Client().get(f"/join/{code.code}/").status_code == 200
    ines.post(PEOPLE, {"action": "close"})
    assert Client().get(f"/join/{code.code}/").status_code == 404
    assert "<svg" not in text_of(ines.get(PEOPLE))


def test_the_panel_of_joining_is_marked_until_a_course_has_students(school):
    ines = logged_in(school.ines)
    board = "/courses/physics/instructor/"
    assert " data-empty" not in text_of(ines.get(board))
    unenroll(course=school.course, users=[school.ada, school.bea, school.carl])
    assert " data-empty" in text_of(ines.get(board))


def test_only_who_leads_the_course_sees_and_changes_its_people(school, code):
    for name in ("ada", "ivan", "zoe"):
        client = logged_in(school.person(name))
        assert client.get(PEOPLE).status_code == 404
        for action in ("open", "close", "renew", "names", "remove", "merge"):
            fields = {"action": action, "username": "bea", "into": "carl", "names": "real"}
            assert client.post(PEOPLE, fields).status_code == 404
    assert Client().get(PEOPLE).status_code == 302
    found = JoinCode.objects.get()
    assert (found.code, found.names, found.is_open) == (code.code, "nickname", True)
    assert school.enrollment(school.bea)


def test_the_list_tells_people_apart_and_finds_them(school, code):
    _, first = join_as(code, "Lola")
    _, second = join_as(code, "Lola")
    tess = logged_in(school.tess)
    page = text_of(tess.get(PEOPLE))
    assert page.count("<bdi>Lola</bdi>") == 2
    for guest in (first, second):
        assert f"<bdi>{guest.username[-4:]}</bdi>" in page
    assert page.index(second.username) < page.index(first.username) < page.index('"ada"')
    page = text_of(tess.get(f"{PEOPLE}?q=lol"))
    assert page.count('data-testid="person"') == 2
    assert "Nobody in this course" in text_of(tess.get(f"{PEOPLE}?q=nobody"))
    assert tess.get(f"{PEOPLE}?q=%00&page=x&merge=%00").status_code == 200


def test_a_long_list_has_pages(school, code):
    people = User.objects.bulk_create(
        User(username=f"s{n}", username_key=f"s{n}") for n in range(60)
    )
    Enrollment.objects.bulk_create(Enrollment(course=school.course, user=one) for one in people)
    ines = logged_in(school.ines)
    page = text_of(ines.get(PEOPLE))
    assert page.count('data-testid="person"') == 50
    assert "Page 1 of 2" in page
    assert text_of(ines.get(f"{PEOPLE}?page=2")).count('data-testid="person"') == 15


def test_a_removed_guest_is_out_for_good(school, code):
    client, guest = join_as(code, "Lola")
    token = issue(guest)
    link = personal_link(client)
    ines = logged_in(school.ines)
    post(guest, school.room, "stays")
    answer = ines.post(f"{PEOPLE}?q=lola", {"action": "remove", "username": guest.username})
    assert answer.url == f"{PEOPLE}?q=lola&done=removed"
    assert client.get("/courses/physics/").status_code == 302
    assert client.get(link).status_code == 404
    assert client.post(f"/join/{code.code}/", {"name": "Lola"}).status_code == 403
    assert client.post(f"/join/{code.code}/", {"name": "Otto"}).status_code == 403
    assert Token.objects.get(user=guest).revoked_at is not None
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/courses/", headers=headers).status_code == 401
    assert Message.objects.get(text="stays").sender == guest
    # With another code they may come again, as somebody new.
    renewed = joining.renew_code(user=school.ines, course="physics")
    _, again = join_as(renewed, "Lola", client)
    assert again != guest


def test_a_removed_student_joins_by_another_code_only(school, code):
    ines, ada = logged_in(school.ines), logged_in(school.ada)
    ines.post(PEOPLE, {"action": "remove", "username": "ada"})
    assert ada.get("/courses/physics/").status_code == 404
    assert ada.get("/").status_code == 200, "the account stays"
    assert ada.post(f"/join/{code.code}/").status_code == 403
    renewed = joining.renew_code(user=school.ines, course="physics")
    assert ada.post(f"/join/{renewed.code}/").status_code == 302
    # Who leads the course is not removed here, and nobody twice.
    for name in ("tess", "nobody", "zoe", ""):
        answer = ines.post(PEOPLE, {"action": "remove", "username": name})
        assert answer.status_code == 400
        assert "no longer a student" in text_of(answer)


def test_a_guest_of_two_courses_stays_in_the_other(school, code):
    client, guest = join_as(code, "Lola")
    other = joining.open_joining(user=school.ivan, course="chemistry")
    assert client.post(f"/join/{other.code}/").url == "/courses/chemistry/"
    logged_in(school.ines).post(PEOPLE, {"action": "remove", "username": guest.username})
    assert client.get("/courses/physics/").status_code == 404
    assert client.get("/courses/chemistry/").status_code == 200
    assert client.post(f"/join/{code.code}/").status_code == 403


def test_an_archived_course_is_only_read(school, code):
    _, guest = join_as(code, "Lola")
    Course.objects.filter(pk=school.course.pk).update(archived_at=timezone.now())
    ines = logged_in(school.ines)
    page = text_of(ines.get(PEOPLE))
    assert "archived" in page
    assert 'name="action"' not in page
    for action in ("open", "close", "renew", "names", "remove", "merge"):
        fields = {"action": action, "username": guest.username, "into": "ada", "names": "real"}
        answer = ines.post(PEOPLE, fields)
        assert answer.status_code == 400
        assert "archived" in text_of(answer)
    assert Enrollment.objects.filter(user=guest).exists()
