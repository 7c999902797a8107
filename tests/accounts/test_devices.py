"""Browsers that a user has logged in with: guesses of others do not lock them out."""

from datetime import timedelta

import pytest
from django.conf import settings as site
from django.core import signing
from django.test import AsyncClient, Client, RequestFactory
from django.utils import timezone

from accounts import devices, hashing, lockout
from accounts.models import FailedLogin, User

PASSWORD = "correct horse"
CAMPUS, HOME = "192.0.2.1", "198.51.100.7"
PAGES = ["/accounts/login/", "/admin/login/"]
API = "/api/tokens/"
COOKIE = "peerchat_device"


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


def post(client, username, password, page=PAGES[0]):
    kind = {"content_type": "application/json"} if page == API else {}
    return client.post(page, {"username": username, "password": password}, **kind)


def got_in(response):
    return response.status_code in (201, 302)


def known(username="root", *, at=CAMPUS, page=PAGES[0]):
    """Return a browser in which the user has logged in, and out again."""
    browser = Client(REMOTE_ADDR=at)
    assert got_in(post(browser, username, PASSWORD, page))
    del browser.cookies["sessionid"]
    return browser


def guess(username="root", times=3, *, at=CAMPUS, page=PAGES[0]):
    """A stranger's guesses, each from a new browser."""
    return [post(Client(REMOTE_ADDR=at), username, "wrong", page).status_code for _ in range(times)]


def with_cookie(value, *, at=CAMPUS):
    browser = Client(REMOTE_ADDR=at)
    browser.cookies[COOKIE] = value
    return browser


@pytest.mark.parametrize("page", PAGES)
def test_each_page_to_log_in_makes_the_browser_known(root, page, settings):
    settings.SESSION_COOKIE_PATH = "/somewhere/"
    browser = Client()
    assert COOKIE not in post(browser, "root", "wrong", page).cookies
    cookie = post(browser, "root", PASSWORD, page).cookies[COOKIE]
    assert cookie["max-age"] == 365 * 86_400
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/somewhere/"
    assert not cookie["secure"]
    assert not cookie["domain"]
    settings.SESSION_COOKIE_SECURE = True
    assert post(Client(), "root", PASSWORD, page).cookies[COOKIE]["secure"] is True


@pytest.mark.parametrize("key", ["f3b0c442-98fc-1c14-9afb-f4c8996fb924", None, ["1"], 2**70, -1])
def test_a_cookie_of_the_time_before_the_site_changed_its_users_lets_them_log_in(root, key):
    cookie = known().cookies[COOKIE].value
    _, device, proof = signing.loads(cookie, salt="accounts.devices")
    browser = with_cookie(signing.dumps([key, device, proof], salt="accounts.devices"))
    guess(times=2)
    assert got_in(post(browser, "root", PASSWORD))


def test_the_api_sets_no_cookie(root):
    assert not post(Client(), "root", PASSWORD, API).cookies


def test_whoever_is_let_in_without_a_password_is_not_remembered(root):
    browser = Client()
    browser.force_login(root)
    assert COOKIE not in browser.cookies


async def test_it_works_the_same_in_an_async_server(root):
    browser = AsyncClient()
    given = {"username": "root", "password": PASSWORD}
    assert COOKIE in (await browser.post(PAGES[0], given)).cookies


@pytest.mark.parametrize("page", [*PAGES, API])
def test_guesses_of_strangers_do_not_lock_a_known_browser_out(root, page):
    """This holds for guesses at its own address and from many others."""
    browser = known()
    for host in range(4):
        guess(at=f"203.0.113.{host}", page=page)
    assert guess(page=page)[-1] == 429
    # A stranger is locked out at that address and everywhere else.
    for address in (CAMPUS, HOME):
        assert post(Client(REMOTE_ADDR=address), "root", PASSWORD, page).status_code == 429
    assert post(browser, "root", "wrong", page).status_code in (200, 401)
    assert got_in(post(browser, "root", PASSWORD, page))


def test_it_is_known_by_any_way_to_write_the_name_that_logs_in(root, monkeypatch):
    browser = known()
    guess()
    assert post(browser, "ROOT", PASSWORD).status_code == 429
    by_any_case = lambda self, name: self.get(username__iexact=name)  # noqa: E731
    monkeypatch.setattr(type(User.objects), "get_by_natural_key", by_any_case)
    assert got_in(post(browser, "ROOT", PASSWORD))
    assert post(Client(REMOTE_ADDR=CAMPUS), "ROOT", PASSWORD).status_code == 429


@pytest.mark.parametrize("page", [*PAGES, API])
def test_its_own_failures_lock_a_known_browser_and_nobody_else(root, page):
    browser = known()
    statuses = [post(browser, "root", "wrong", page).status_code for _ in range(3)]
    assert statuses[-1] == 429
    # The browser stays locked out at any address, even if the process remembers nothing.
    lockout.guesses.cache_clear()
    assert post(browser, "root", PASSWORD, page).status_code == 429
    elsewhere = with_cookie(browser.cookies[COOKIE].value, at=HOME)
    assert post(elsewhere, "root", PASSWORD, page).status_code == 429
    assert got_in(post(Client(REMOTE_ADDR=CAMPUS), "root", PASSWORD, page))


def test_its_failures_at_several_addresses_count_together(root):
    browser = known()
    for address in (CAMPUS, HOME, "203.0.113.1"):
        post(with_cookie(browser.cookies[COOKIE].value, at=address), "root", "wrong")
    assert post(browser, "root", PASSWORD).status_code == 429


def test_getting_in_forgets_its_own_failures_and_no_others(root):
    browser = known()
    guess(times=2)
    for _ in range(2):
        for _ in range(2):
            assert post(browser, "root", "wrong").status_code == 200
        assert got_in(post(browser, "root", PASSWORD))
        del browser.cookies["sessionid"]
    assert FailedLogin.objects.get().times == 2
    # A log-in by an unknown browser clears the failures of the address, but of no known browser.
    post(browser, "root", "wrong")
    assert got_in(post(Client(REMOTE_ADDR=CAMPUS), "root", PASSWORD))
    assert FailedLogin.objects.get().device != ""


def test_a_flood_from_its_address_does_not_slow_a_known_browser_down(root, settings):
    settings.PEERCHAT |= {"LOGIN_ADDRESS_BURST": 1, "LOGIN_ADDRESS_RATE": 0.001}
    browser = known()
    assert guess("nobody", 2) == [200, 429]
    assert post(browser, "root", "wrong").status_code == 200
    assert got_in(post(browser, "root", PASSWORD))
    # The log-in does not give back the attempts that the flood took either.
    assert guess("no one", 1) == [429]


def test_a_browser_is_known_for_one_username(root, bea):
    browser = known()
    guess("bea")
    assert post(browser, "bea", PASSWORD).status_code == 429


def test_it_keeps_its_id_and_two_browsers_have_different_ones(root):
    def found(browser):
        request = RequestFactory().post("/")
        request.COOKIES[COOKIE] = browser.cookies[COOKIE].value
        return devices.find(request, "root")

    browser = known()
    before = found(browser)
    assert before
    assert got_in(post(browser, "root", PASSWORD))
    assert found(browser) == before
    assert found(known()) != before


def test_the_queue_ranks_it_by_its_own_failures(root, monkeypatch):
    ranks = []
    plain = hashing.Queue.run

    def run(queue, job, door, rank):
        ranks.append(rank)
        return plain(queue, job, door, rank)

    monkeypatch.setattr(hashing.Queue, "run", run)
    browser = known()
    guess(times=2)
    post(browser, "root", "wrong")
    post(browser, "root", PASSWORD)
    assert ranks == [0, 0, 1, 0, 1]


# --- cookies that count as none ----------------------------------------------------------------


def sign(*given, salt="accounts.devices", key=None):
    return signing.dumps(list(given), salt=salt, key=key)


def proof(user):
    return devices._proof(user.get_session_auth_hash())


def test_the_forgeries_below_would_count_if_they_were_right(root):
    guess()
    assert got_in(post(with_cookie(sign(root.pk, "nonce", proof(root))), "root", PASSWORD))


@pytest.mark.parametrize(
    "make",
    [
        lambda root: sign(root.pk, "nonce", proof(root), key="another"),
        lambda root: sign(root.pk, "nonce", proof(root), salt="accounts.links"),
        lambda root: sign(root.pk, "nonce", "wrong"),
        lambda root: sign(root.pk + 1000, "nonce", proof(root)),
        lambda root: sign(root.pk, "nonce"),
        lambda root: sign(root.pk, "n" * 300, proof(root)),
        lambda root: sign(root.pk, "nonce", proof(root)) + "x",
        lambda root: sign(root.pk, "nonce", proof(root)).partition(":")[0],
        lambda root: "x" * 100_000,
        lambda root: "\u00e9:\u00e9:\u00e9",
        lambda root: "::",
    ],
)
def test_a_cookie_that_is_not_right_counts_as_none(root, make):
    guess()
    assert post(with_cookie(make(root)), "root", PASSWORD).status_code == 429


def test_a_cookie_ends_after_a_year(root, monkeypatch):
    made = timezone.now() - timedelta(days=365, seconds=5)
    with monkeypatch.context() as earlier:
        earlier.setattr(signing.time, "time", made.timestamp)
        old = sign(root.pk, "nonce", proof(root))
    guess()
    assert post(with_cookie(old), "root", PASSWORD).status_code == 429


def test_a_cookie_ends_with_the_password(root):
    browser = known()
    root.set_password("another horse")
    root.save()
    guess()
    assert post(browser, "root", "another horse").status_code == 429


def test_a_cookie_outlives_a_change_of_the_site_s_key(root, settings):
    browser = known()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [site.SECRET_KEY]
    guess()
    assert got_in(post(browser, "root", PASSWORD))
