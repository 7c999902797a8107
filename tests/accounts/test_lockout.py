"""Wrong passwords: the people they lock out, where and for how long, and above all the others."""

import re
import threading
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth import aauthenticate, authenticate
from django.db import connection
from django.db.models import F
from django.test import AsyncClient, AsyncRequestFactory, Client

from accounts import hashing, lockout
from accounts.models import FailedLogin, User

PASSWORD = "correct horse"
CAMPUS, HOME = "192.0.2.1", "198.51.100.7"
PAGES = ["/accounts/login/", "/admin/login/"]


@pytest.fixture(autouse=True)
def few(settings):
    settings.PEERCHAT = {
        **settings.PEERCHAT,
        "LOGIN_FAILURES": 3,
        "LOGIN_FAILURES_ANYWHERE": 8,
        "LOGIN_COOLOFF": 600,
    }


@pytest.fixture
def root(transactional_db):
    return User.objects.create_superuser("root", password=PASSWORD)


def log_in(username, password=PASSWORD, *, at=CAMPUS, page=PAGES[0], **headers):
    """Log in by a browser or a program that the site has never seen; return the answer."""
    given = {"username": username, "password": password}
    if page == "/api/tokens/":
        return Client(REMOTE_ADDR=at).post(page, given, content_type="application/json")
    return Client(REMOTE_ADDR=at, headers=headers).post(page, given)


def got_in(response):
    return response.status_code in (201, 302)


def fail(username, times=3, **where):
    return [log_in(username, "wrong", **where).status_code for _ in range(times)]


def pass_by(seconds):
    """Make the failures so many seconds older."""
    FailedLogin.objects.update(last_at=F("last_at") - timedelta(seconds=seconds))
    lockout.guesses.cache_clear()


DOORS = [*PAGES, "/api/tokens/"]


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("root", ["ROOT", "Root", "rOOT"]),
        ("nobody@example.org", ["Nobody@example.org", "nobody@EXAMPLE.org", "NOBODY@EXAMPLE.ORG"]),
    ],
)
def test_all_ways_to_write_a_username_count_as_one(root, name, ways):
    assert [fail(way, 1)[0] for way in ways] == [200, 200, 429]
    assert log_in(name).status_code == 429
    assert FailedLogin.objects.get().times == 3
    assert lockout.unlock(ways[0]) == 1


async def test_a_log_in_that_awaits_counts_as_well(root):
    def attempt(username, password):
        request = AsyncRequestFactory().get("/")
        return aauthenticate(request, username=username, password=password)

    assert await attempt("root", PASSWORD) == root
    for name in ("root", "nobody"):
        for _ in range(3):
            assert await attempt(name, "wrong") is None
        assert await attempt(name, PASSWORD) is None
    assert await database_sync_to_async(FailedLogin.objects.count)() == 2


@pytest.mark.parametrize("page", DOORS)
def test_after_too_many_even_the_right_password_is_refused(root, page):
    assert fail("root", 2, page=page)[-1] in (200, 401)
    refused = log_in("root", "wrong", page=page)
    assert refused.status_code == 429
    refused = log_in("root", page=page)
    assert refused.status_code == 429
    assert 595 <= int(refused["Retry-After"]) <= 600


@pytest.mark.parametrize("page", DOORS)
@pytest.mark.parametrize("other", DOORS)
def test_all_doors_count_together(root, page, other):
    fail("root", 3, page=page)
    assert log_in("root", page=other).status_code == 429


def test_the_page_says_when_to_try_again(ada):
    fail("ada")
    response = log_in("ada")
    page = response.content.decode()
    assert 'role="alert">Too many failed log-in attempts. Try again in 10 minutes.' in page
    assert 'name="csrfmiddlewaretoken"' in page
    assert 'value="ada"' in page
    assert "no-store" in response["Cache-Control"]
    pass_by(575)
    assert "Try again in 25 seconds." in log_in("ada").content.decode()


async def test_an_async_server_answers_the_same(ada):
    for _ in range(3):
        guessed = await AsyncClient().post(PAGES[0], {"username": "ada", "password": "wrong"})
    assert guessed.status_code == 429
    assert "Try again in 10 minutes." in guessed.content.decode()


def test_the_admin_leads_on_where_one_wanted_to_go(root):
    for _ in range(3):
        response = Client(REMOTE_ADDR=CAMPUS).post(
            "/admin/login/?next=/admin/accounts/", {"username": "root", "password": "wrong"}
        )
    assert 'name="next" value="/admin/accounts/"' in response.content.decode()


@pytest.mark.parametrize("password", ["wrong", PASSWORD])
def test_the_api_says_so_in_the_words_of_the_contract(ada, password):
    fail("ada")
    response = log_in("ada", password, page="/api/tokens/")
    told = response.json()
    assert told["error_code"] == "rate_limited"
    assert 595 <= told["retry_after"] <= 600
    assert told["error_message"].startswith("Too many failed log-in attempts: ")


def test_in_time_it_is_over(ada):
    fail("ada")
    pass_by(599)
    assert log_in("ada").status_code == 429
    pass_by(1)
    assert got_in(log_in("ada"))


def test_trying_again_and_again_does_not_make_it_longer(ada):
    fail("ada")
    pass_by(300)
    fail("ada", 20)
    assert 295 <= int(log_in("ada")["Retry-After"]) <= 300


def test_the_right_password_clears_what_was_mistyped(ada):
    fail("ada", 2)
    assert got_in(log_in("ada"))
    fail("ada", 2)
    assert got_in(log_in("ada"))


def test_nobody_else_at_the_address_is_concerned(ada, bea):
    fail("ada")
    assert got_in(log_in("bea"))


def test_from_elsewhere_one_still_gets_in(ada):
    fail("ada", 20, at=CAMPUS)
    assert got_in(log_in("ada", at=HOME))


def test_who_guesses_from_many_addresses_is_stopped_as_well(ada):
    for host in range(4):
        fail("ada", 2, at=f"203.0.113.{host}")
    refused = log_in("ada", at=HOME)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) <= 600
    # A single address cannot lock out anybody at another one: see above.


def test_the_failures_elsewhere_stay_when_one_gets_in(ada):
    fail("ada", at=HOME)
    assert got_in(log_in("ada", at=CAMPUS))
    assert log_in("ada", at=HOME).status_code == 429


def test_the_addresses_of_one_subscriber_are_one(ada):
    for host in range(3):
        fail("ada", 1, at=f"2001:db8:1:2::{host}")
    assert log_in("ada", at="2001:db8:1:2::ffff").status_code == 429
    assert got_in(log_in("ada", at="2001:db8:1:3::1"))


def test_behind_a_proxy_the_address_is_the_clients(ada, settings):
    settings.PEERCHAT["TRUSTED_PROXIES"] = 1
    for _ in range(3):
        log_in("ada", "wrong", at="127.0.0.1", **{"X-Forwarded-For": f"10.9.8.7, {CAMPUS}"})
    there = {"X-Forwarded-For": f"10.1.2.3, {CAMPUS}"}
    assert log_in("ada", at="127.0.0.1", **there).status_code == 429
    assert got_in(log_in("ada", at="127.0.0.1", **{"X-Forwarded-For": HOME}))


@pytest.mark.parametrize("page", DOORS)
def test_a_username_that_nobody_has_is_answered_the_same(root, page):
    def told(username):
        answers = [log_in(username, "wrong", page=page) for _ in range(4)]
        return [
            (one.status_code, scrubbed(one.content.decode(), username), one.get("Retry-After"))
            for one in answers
        ]

    assert told("root") == told("toor")


def scrubbed(page, username):
    """Return the page without the parts that differ every time."""
    lines = re.sub(r' nonce="[^"]*"', "", page).replace(username, "NAME").splitlines()
    if len(lines) == 1:
        return page.partition(": try again")[0]
    return [line for line in lines if "csrfmiddlewaretoken" not in line]


def test_guesses_at_the_same_time_are_no_more(ada, settings):
    settings.PEERCHAT["LOGIN_FAILURES"] = 5
    begin, answers = threading.Barrier(20), []

    def guess():
        begin.wait()
        answers.append(log_in("ada", "wrong").status_code)
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The attempt that locks the user out is told so.
    assert sorted(set(answers)) == [200, 429]
    assert FailedLogin.objects.get().times == 5


def test_a_program_of_the_site_is_not_at_a_door(ada):
    fail("ada")
    assert authenticate(username="ada", password=PASSWORD) == ada
    assert authenticate(username="ada", password="wrong") is None


# --- a class behind one address, by the limits as they are -----------------------------------


@pytest.fixture
def as_they_are(settings):
    settings.PEERCHAT = {}


def test_a_thousand_who_mistype_twice_at_once_use_up_nothing(as_they_are):
    guesses = lockout.guesses()
    for number in range(1000):
        for _ in range(2):
            assert not guesses.take(f"student{number}", CAMPUS)
            assert not guesses.take_from(CAMPUS)
    # A log-in that succeeds gives back the attempt that it took.
    guesses = lockout._Guesses()
    for number in range(3000):
        assert not guesses.take(f"student{number}", CAMPUS)
        assert not guesses.take_from(CAMPUS)
        guesses.give_back(hashing.Door(f"student{number}", CAMPUS))


def test_a_hundred_who_mistype_lock_out_nobody_at_their_address(as_they_are, transactional_db):
    people = [User(username=f"student{number}") for number in range(101)]
    for person in people:
        person.set_password(PASSWORD)
    User.objects.bulk_create(people)
    for person in people[:100]:
        fail(person.username, 2)
    assert all(got_in(log_in(person.username)) for person in (people[100], people[0], people[99]))
    assert FailedLogin.objects.count() == 98


def test_whoever_gets_in_uses_nothing_up_for_the_others_at_their_address(settings, ada, bea):
    settings.PEERCHAT = {"LOGIN_ADDRESS_BURST": 2, "LOGIN_ADDRESS_RATE": 0.001}
    for username in ("ada", "bea", "ada", "bea", "ada"):
        assert got_in(log_in(username))


def test_a_flood_from_one_address_is_slowed_down_and_not_locked_out(settings, ada, bea):
    settings.PEERCHAT = {"LOGIN_ADDRESS_BURST": 3, "LOGIN_ADDRESS_RATE": 0.01}
    assert fail("nobody", 1) == [200]
    assert fail("no one", 2) == [200, 200]
    refused = log_in("somebody", "wrong")
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) <= 100
    assert "Try again in 2 minutes." in refused.content.decode()
    # This lockout does not tell anybody which usernames exist.
    assert fail("bea", 1) == [429]
    assert got_in(log_in("ada"))
    assert got_in(log_in("bea"))
    assert got_in(log_in("ada", at=HOME))


@pytest.mark.parametrize("page", DOORS)
def test_guesses_of_a_flood_count_as_well(settings, root, page):
    settings.PEERCHAT = {
        "LOGIN_ADDRESS_BURST": 1,
        "LOGIN_ADDRESS_RATE": 0.001,
        "LOGIN_FAILURES": 3,
    }
    assert fail("root", 4, page=page)[1:] == [429] * 3
    assert FailedLogin.objects.get().times == 3
    assert log_in("root", page=page).status_code == 429


def test_what_a_flood_did_not_take_is_not_given_back(settings, ada):
    settings.PEERCHAT = {"LOGIN_ADDRESS_BURST": 1, "LOGIN_ADDRESS_RATE": 0.001}
    fail("nobody", 1)
    assert got_in(log_in("ada"))
    assert fail("no one", 1) == [429]
