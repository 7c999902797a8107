"""Signing up, new passwords by e-mail, and one's name and language."""

import re
import threading

import pytest
from django.core import mail as django_mail
from django.core import signing
from django.db.models.signals import pre_save
from django.test import Client

from accounts import lockout, mail, newcomers
from accounts.models import User

PASSWORD = "correct horse"
NEW = "battery staple 7"
LINK = re.compile(r"http://testserver(/\S+)")
SIGN_UP, RESET = "/accounts/sign-up/", "/accounts/reset/"


@pytest.fixture(autouse=True)
def open_site(settings, transactional_db):
    settings.PEERCHAT = {**settings.PEERCHAT, "SIGN_UP": True}
    mail.allowed.cache_clear()
    yield
    # The next test must not find an e-mail of this one.
    mail.outbox().join()


def sent() -> list:
    """Wait until all e-mail is sent, and return it."""
    mail.outbox().join()
    return django_mail.outbox


def ask(page: str, address: str):
    return Client().post(page, {"email": address})


def link_to_sign_up(address="eve@example.org") -> str:
    assert ask(SIGN_UP, address).url == "/accounts/sign-up/sent/"
    return str(LINK.findall(sent()[-1].body)[0])


def account(**changes):
    return {"display_name": "Eve Poe", "username": "eve", "password": NEW, **changes}


def test_an_account_comes_to_be_when_the_address_is_confirmed(client):
    link = link_to_sign_up("Eve@Example.org")
    assert sent()[0].to == ["eve@example.org"]
    assert not User.objects.exists()
    for _ in range(2):
        page = client.get(link)
        assert page.context["form"]["username"].value() == "eve"
    page = client.post(link, account(username="e ve", password="eve"))
    assert page.status_code == 400
    assert set(page.context["form"].errors) == {"username", "password"}
    assert 'value="Eve Poe"' in page.content.decode()
    refused = client.post(link, account(username="boss@example.org"))
    assert set(refused.context["form"].errors) == {"username"}, "lecturers name people so"
    assert client.post(link, account()).url == "/"
    user = User.objects.get()
    assert (user.username, user.email, user.shown_name) == ("eve", "eve@example.org", "Eve Poe")
    assert client.get("/").status_code == 200
    assert client.login(username="eve", password=NEW)
    assert Client().get(link).status_code == 410
    assert Client().post(link, account(username="eve2")).status_code == 410
    assert User.objects.count() == 1


def test_nobody_signs_up_where_the_site_does_not_offer_it(client, settings):
    link = link_to_sign_up()
    login = client.get("/accounts/login/").content.decode()
    assert SIGN_UP in login
    assert RESET in login
    settings.PEERCHAT = {**settings.PEERCHAT, "SIGN_UP": False}
    for page in (SIGN_UP, "/accounts/sign-up/sent/", link):
        assert client.get(page).status_code == client.post(page, account()).status_code == 404 or (
            client.get(page).status_code == 404
        )
    assert SIGN_UP not in client.get("/accounts/login/").content.decode()
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert client.get(RESET).status_code == 404
    assert RESET not in client.get("/accounts/login/").content.decode()


@pytest.mark.parametrize("taken", ["Ada", "ada", "ADA"])
def test_a_username_that_looks_like_another_is_told(client, ada, taken):
    page = client.post(link_to_sign_up(), account(username=taken))
    assert page.status_code == 400
    assert list(page.context["form"].errors) == ["username"]


def test_a_password_is_reset_by_mail(client, ada):
    User.objects.filter(pk=ada.pk).update(email="ada@example.org", language="de")
    before = Client()
    before.force_login(ada)
    assert ask(RESET, "ADA@example.org").url == "/accounts/reset/sent/"
    (one,) = sent()
    assert one.to == ["ada@example.org"]
    path = LINK.findall(one.body)[0]
    page = client.get(path, follow=True)
    hidden = page.redirect_chain[-1][0]
    assert hidden.endswith("/set-password/")
    wrong = client.post(hidden, {"new_password1": "7", "new_password2": "8"})
    assert wrong.context["form"].errors
    assert client.post(hidden, {"new_password1": NEW, "new_password2": NEW}).url == "/"
    assert client.get("/").status_code == 200
    assert Client().login(username="ada", password=NEW)
    assert before.get("/").status_code == 302
    assert Client().get(path).status_code == 410


def test_a_password_is_changed_and_guesses_at_the_old_one_are_bounded(client, ada, settings):
    client.force_login(ada)
    new = {"new_password1": NEW, "new_password2": NEW}
    settings.PEERCHAT = {**settings.PEERCHAT, "LOGIN_FAILURES": 2}
    lockout.guesses.cache_clear()
    for _ in range(2):
        page = client.post("/accounts/password/", {"old_password": "x", **new})
        assert page.context["form"].errors
    page = client.post("/accounts/password/", {"old_password": PASSWORD, **new})
    assert "too often" in page.content.decode()
    lockout.guesses.cache_clear()
    page = client.post("/accounts/password/", {"old_password": PASSWORD, **new}, follow=True)
    assert "The password is changed." in page.content.decode()
    assert Client().login(username="ada", password=NEW)


def test_ones_name_and_language(client, ada):
    client.force_login(ada)
    assert 'href="/accounts/me/"' in client.get("/").content.decode()
    page = client.post("/accounts/me/", {"display_name": "Countess\u202e", "language": "de"})
    assert page.status_code == 302
    ada.refresh_from_db()
    assert (ada.shown_name, ada.language) == ("Countess", "de")
    page = client.post("/accounts/me/", {"display_name": "\u200b", "language": "xx"})
    assert page.status_code == 400
    assert set(page.context["form"].errors) == {"display_name", "language"}
    ada.refresh_from_db()
    assert ada.shown_name == "Countess"
    assert Client().get("/accounts/me/").status_code == 302


@pytest.mark.parametrize("page", [SIGN_UP, RESET])
def test_answers_and_limits_tell_nothing_of_who_has_an_address(page, ada, settings):
    User.objects.filter(pk=ada.pk).update(email="ada@example.org")
    settings.PEERCHAT = {**settings.PEERCHAT, "MAIL_TO_BURST": 2}
    mail.allowed.cache_clear()
    seen = {}
    for address in ("ada@example.org", "eve@example.org"):
        answers = [ask(page, address) for _ in range(3)]
        texts = [
            re.sub(r'csrf\w+" value="\w+"|nonce="[^"]*"', "", one.content.decode())
            for one in answers
        ]
        seen[address] = [
            (one.status_code, one.get("Location"), text.replace(address, ""))
            for one, text in zip(answers, texts, strict=True)
        ]
    assert seen["ada@example.org"] == seen["eve@example.org"]
    assert [status for status, *_ in seen["eve@example.org"]] == [302, 302, 429]
    told = [one.to[0] for one in sent()]
    assert told.count("ada@example.org") == 2
    assert told.count("eve@example.org") == (2 if page == SIGN_UP else 0)


def test_one_source_asks_for_so_many_mails(settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "MAIL_BURST": 2, "MAIL_RATE": 0.001}
    mail.allowed.cache_clear()
    answers = [ask(RESET, f"eve{number}@example.org").status_code for number in range(3)]
    assert answers == [302, 302, 429]


def test_a_link_for_an_address_is_the_site_s_and_lasts_a_day(client):
    link = link_to_sign_up()
    raw = link.partition("link=")[2]
    given = {"mail": "root@example.org", "nonce": "n" * 22}
    forged = [
        *("", "x", "::", raw[:-1], raw.swapcase(), "x" * 5_000, "%00"),
        signing.dumps(given),
        signing.dumps(given, salt="accounts.links"),
        signing.dumps(given, salt="accounts.pages.sign_up", key="another"),
    ]
    for one in forged:
        page = client.post(f"/accounts/sign-up/confirm/?link={one}", account())
        assert page.status_code == 410, one
    assert not User.objects.exists()


def test_who_was_never_invited_opens_the_account_by_a_reset(client):
    made = [newcomers.make(name, name="Eve", mail=f"{name}@example.org") for name in ("eve", "off")]
    made[1].is_active = False
    newcomers.store(made)
    for name in ("eve", "off"):
        assert ask(RESET, f"{name}@example.org").url == "/accounts/reset/sent/"
    (letter,) = sent()
    assert letter.to == ["eve@example.org"]
    page = client.get(LINK.findall(letter.body)[0]).url
    assert client.post(page, {"new_password1": NEW, "new_password2": NEW}).url == "/"
    assert User.objects.get(username="eve").check_password(NEW)
    assert Client().get(LINK.findall(letter.body)[0]).status_code == 410


@pytest.mark.parametrize("page", [SIGN_UP, RESET])
def test_the_pages_ask_for_an_address_and_say_where_to_look_next(client, page):
    asked = client.get(page)
    assert asked.status_code == 200
    assert 'type="email"' in asked.content.decode()
    told = client.post(page, {"email": "eve@example.org"}, follow=True)
    assert told.status_code == 200
    assert "Look into your mailbox" in told.content.decode()


@pytest.mark.parametrize("page", [SIGN_UP, RESET])
@pytest.mark.parametrize(
    "wrong", ["", "eve", "eve@", "jürgen@example.org", "eve@exämple.org", "\u0435ve@example.org"]
)
def test_what_is_no_address_of_latin_letters_is_told_and_gets_no_mail(page, wrong):
    """An address with a Cyrillic letter may look like that of somebody else."""
    answer = ask(page, wrong)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["email"]
    assert not sent()


def test_who_is_logged_in_does_not_sign_up(client, ada):
    client.force_login(ada)
    assert client.get(SIGN_UP).url == client.post(SIGN_UP, {"email": "eve@example.org"}).url == "/"
    assert not sent()


def test_a_link_to_sign_up_makes_one_account_even_if_its_address_changes(client):
    link, another = link_to_sign_up(), link_to_sign_up()
    assert client.post(link, account()).url == "/"
    User.objects.update(email="new@example.org")
    page = Client().get(link)
    assert page.status_code == 200, "the address is free again"
    assert Client().post(link, account(username="eve2")).status_code == 410
    assert User.objects.count() == 1
    assert Client().post(another, account(username="eve2")).url == "/", "that one was not used"


def test_ones_own_address_may_be_the_username_and_a_password_is_needed(client):
    link = link_to_sign_up()
    page = client.post(link, account(username="eve@example.org", password=""))
    assert list(page.context["form"].errors) == ["password"]
    assert not User.objects.exists()
    assert client.post(link, account(username="eve@example.org")).url == "/"
    assert client.login(username="eve@example.org", password=NEW)


def test_a_username_that_somebody_takes_in_between_is_told(client):
    link = link_to_sign_up()

    def take(instance, **kwargs):
        User.objects.bulk_create([User(username="eve")])

    pre_save.connect(take, sender=User)
    try:
        page = client.post(link, account())
    finally:
        pre_save.disconnect(take, sender=User)
    assert page.status_code == 400
    assert page.context["form"].errors["username"] == ["Somebody else just took this username."]
    assert "_auth_user_id" not in client.session
    # Nothing of it is kept, so the link goes on working.
    assert client.post(link, account(username="eve2")).url == "/"


@pytest.mark.parametrize("page", [SIGN_UP, RESET])
def test_who_asks_while_too_much_mail_waits_is_told_to_come_back(page):
    begun, gate = threading.Event(), threading.Event()
    mail.outbox().put(lambda: (begun.set(), gate.wait()))
    begun.wait()
    try:
        for _ in range(mail.WAITING):
            mail.outbox().put(gate.wait)
        answer = ask(page, "eve@example.org")
        assert answer.status_code == 429
        assert "Try again in 1 minute." in answer.content.decode()
    finally:
        gate.set()
    assert not sent()
    assert ask(page, "eve@example.org").status_code == 302


def test_a_letter_that_cannot_be_sent_is_logged_and_keeps_no_other_back(settings, caplog):
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert ask(SIGN_UP, "eve@example.org").url == "/accounts/sign-up/sent/"
    mail.outbox().join()
    assert "An e-mail was not sent: ConnectionRefusedError" in caplog.text
    settings.EMAIL_BACKEND = "tests.accounts.test_sign_up.Missing"
    assert ask(SIGN_UP, "eve@example.org").url == "/accounts/sign-up/sent/"
    mail.outbox().join()
    assert "ImportError" in caplog.text
    settings.EMAIL_BACKEND = backend
    assert link_to_sign_up("bea@example.org")


def test_an_address_that_the_server_refuses_keeps_no_other_letter_back():
    letters = [
        django_mail.EmailMultiAlternatives("Hello", "Hello", to=[address])
        for address in ("ada@example.org", "eve@example.org\nBcc: all@example.org", "bea@x.example")
    ]
    failures = mail.send(letters)
    assert list(failures) == [1]
    assert "Error: " in failures[1]
    assert [one.to for one in django_mail.outbox] == [["ada@example.org"], ["bea@x.example"]]


def test_no_password_is_sent_where_another_system_knows_the_people(settings):
    newcomers.store([newcomers.make("eve", name="Eve", mail="eve@example.org")])
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]
    assert ask(RESET, "eve@example.org").url == "/accounts/reset/sent/"
    assert not sent()
