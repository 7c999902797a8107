"""The table of failed log-ins: its rows, their lifetime, and the ways to see and delete them."""

import io
import threading
import time
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import authenticate
from django.contrib.auth.models import Permission
from django.contrib.auth.signals import user_login_failed
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts import lockout
from accounts.models import USERNAME_LENGTH, FailedLogin, User
from tests.pace import patient

PASSWORD = "correct horse"
CAMPUS, UNKNOWN = "192.0.2.1", ""
LIST = "admin:peerchat_accounts_failedlogin_changelist"
PAGE = "/accounts/login/"


@pytest.fixture(autouse=True)
def few(settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "LOGIN_FAILURES": 3, "LOGIN_COOLOFF": 600}


def log_in(username, password=PASSWORD, *, at=CAMPUS, **headers):
    given = {"username": username, "password": password}
    return Client(REMOTE_ADDR=at, headers=headers).post(PAGE, given)


def fail(username, times=3, *, at=CAMPUS):
    return [log_in(username, "wrong", at=at).status_code for _ in range(times)]


def long_ago(number=1, *, minutes=11):
    """Store rows of other users that no longer count."""
    last_at = timezone.now() - timedelta(minutes=minutes)
    FailedLogin.objects.bulk_create(
        FailedLogin(username=f"old{minutes}-{n}", address=CAMPUS, times=1, last_at=last_at)
        for n in range(number)
    )


def soon_got_in(username):
    """Retry until a log-in succeeds: a process waits a second after the failures that lock."""
    until = time.monotonic() + patient(5)
    while (response := log_in(username)).status_code != 302 and time.monotonic() < until:
        assert int(response["Retry-After"]) <= 1
        time.sleep(0.05)
    return response.status_code == 302


# --- what is kept ------------------------------------------------------------------------------


def test_little_is_kept(ada):
    log_in("ada", "my secret", **{"User-Agent": "Browser", "Accept": "text/html"})
    kept = FailedLogin.objects.values("username", "address", "device", "times").get()
    assert kept == {"username": "ada", "address": CAMPUS, "device": "", "times": 1}
    assert {field.name for field in FailedLogin._meta.get_fields()} == {*kept, "id", "last_at"}


@pytest.mark.parametrize("address", [CAMPUS, UNKNOWN])
def test_failures_that_come_together_all_count(ada, settings, address):
    settings.PEERCHAT |= {"LOGIN_FAILURES": 100}
    begin = threading.Barrier(12)

    def guess():
        begin.wait()
        log_in("ada", "wrong", at=address)
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert FailedLogin.objects.get().times == 12


@pytest.mark.parametrize("address", [CAMPUS, None])
def test_the_database_holds_one_row_for_each_source(db, address):
    row = {"username": "ada", "address": address, "times": 1, "last_at": timezone.now()}
    FailedLogin.objects.create(**row)
    FailedLogin.objects.create(**row, device="a browser")
    for device in ("", "a browser"):
        with pytest.raises(IntegrityError), transaction.atomic():
            FailedLogin.objects.create(**row, device=device)


def test_an_unknown_address_is_locked_like_a_known_one(ada):
    assert fail("ada", at=UNKNOWN)[-1] == 429
    lockout.guesses.cache_clear()
    assert log_in("ada", at=UNKNOWN).status_code == 429
    assert log_in("ada", at=CAMPUS).status_code == 302


def test_a_username_that_is_too_long_counts_as_far_as_one_can_be(db):
    """No form of peerchat accepts such a username, but one of the site may."""
    longest = "x" * USERNAME_LENGTH
    for number in range(4):
        request = RequestFactory().post("/")
        assert authenticate(request, username=f"{longest}{number}", password="wrong") is None
    assert request.try_again_in > 0
    kept = FailedLogin.objects.get()
    assert (kept.username, kept.times) == (longest, 3)


def test_a_failure_that_never_came_to_the_backend_is_not_ours(db):
    """Other authentication backends send the signal as well."""
    for request in (None, RequestFactory().post("/")):
        user_login_failed.send(sender=None, credentials={"username": "ada"}, request=request)
    request = RequestFactory().post("/")
    authenticate(request, username="ada", password="wrong")
    authenticate(request, ticket="wrong")
    assert FailedLogin.objects.get().times == 1


# --- how long ----------------------------------------------------------------------------------


def test_what_no_longer_counts_is_deleted(ada):
    long_ago()
    fail("ada", 1)
    assert FailedLogin.objects.get().username == "ada"
    long_ago()
    log_in("ada")
    assert not FailedLogin.objects.exists()


def test_a_row_that_was_not_deleted_yet_begins_anew(ada):
    long_ago(lockout.PURGED_AT_ONCE, minutes=30)
    last_at = timezone.now() - timedelta(minutes=11)
    FailedLogin.objects.create(username="ada", address=CAMPUS, times=2, last_at=last_at)
    assert fail("ada", 1) == [200]
    assert FailedLogin.objects.get(username="ada").times == 1


def test_a_failure_deletes_some_and_the_oldest_first(ada):
    long_ago(lockout.PURGED_AT_ONCE, minutes=20)
    long_ago(5, minutes=30)
    fail("ada", 1)
    left = FailedLogin.objects.exclude(username="ada")
    assert left.count() == 5
    assert not left.filter(username__startswith="old30").exists()
    fail("ada", 1)
    assert not left.exists()


def test_deleting_waits_for_no_row_that_is_locked(ada):
    long_ago()
    locked, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            FailedLogin.objects.select_for_update().get(username="old11-0")
            locked.set()
            done.wait(patient(60))
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(patient(60))
        assert fail("ada", 1) == [200]
        assert FailedLogin.objects.filter(username="old11-0").exists()
    finally:
        done.set()
        holder.join()
    fail("ada", 1)
    assert FailedLogin.objects.get().username == "ada"


# --- unlocking ---------------------------------------------------------------------------------


@pytest.fixture
def desk(transactional_db):
    """The browser of an administrator."""
    admin = Client()
    admin.force_login(User.objects.create_superuser("root", password=PASSWORD))
    return admin


def forget(browser, *usernames):
    chosen = FailedLogin.objects.filter(username__in=usernames).values_list("pk", flat=True)
    return browser.post(reverse(LIST), {"action": "forget", "_selected_action": list(chosen)})


def test_the_admin_forgets_the_chosen_ones(ada, bea, desk):
    fail("ada")
    fail("bea")
    assert forget(desk, "ada").status_code == 302
    assert [row.username for row in FailedLogin.objects.all()] == ["bea"]
    assert "ada from 192.0.2.1: 3" in str(LogEntry.objects.get().object_repr)
    assert soon_got_in("ada")
    assert log_in("bea").status_code == 429


def test_the_admin_finds_them_and_changes_nothing(ada, bea, desk):
    fail("ada", 1)
    fail("bea", 1, at="198.51.100.7")
    for sought, there, not_there in (("ada", b"ada", b"bea"), ("198.51", b"bea", b"ada")):
        page = desk.get(reverse(LIST), {"q": sought}).content
        assert there in page
        assert not_there not in page
    row = FailedLogin.objects.get(username="ada")
    one = reverse("admin:peerchat_accounts_failedlogin_change", args=[row.pk])
    assert desk.get(one).status_code == 200
    assert desk.post(one, {"times": 0}).status_code == 403
    assert desk.get(reverse("admin:peerchat_accounts_failedlogin_add")).status_code == 403
    delete = reverse("admin:peerchat_accounts_failedlogin_delete", args=[row.pk])
    assert desk.post(delete, {"post": "yes"}).status_code == 403
    assert FailedLogin.objects.count() == 2


def test_only_who_may_delete_them_may_forget_them(ada, bea):
    bea.is_staff = True
    bea.save()
    bea.user_permissions.add(Permission.objects.get(codename="view_failedlogin"))
    browser = Client()
    browser.force_login(bea)
    fail("ada")
    assert b"Forget the selected" not in browser.get(reverse(LIST)).content
    forget(browser, "ada")
    assert FailedLogin.objects.exists()
    bea.user_permissions.add(Permission.objects.get(codename="delete_failedlogin"))
    forget(browser, "ada")
    assert not FailedLogin.objects.exists()


def test_the_command_line_unlocks_users(ada, bea):
    fail("ada")
    fail("ada", at="198.51.100.7")
    fail("bea")
    out = io.StringIO()
    call_command("unlock_user", "ada", "nobody", stdout=out)
    assert out.getvalue().splitlines() == [
        "Wrong passwords for ada: forgotten.",
        "Wrong passwords for nobody: none.",
    ]
    assert [row.username for row in FailedLogin.objects.all()] == ["bea"]
    assert soon_got_in("ada")
