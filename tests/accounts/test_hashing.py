"""The queue of password hashes: its order, its waits, and its refusals."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    PBKDF2PasswordHasher,
    identify_hasher,
    make_password,
)
from django.db import connection
from django.test import Client

from accounts import hashing, lockout
from accounts.hashing import _INSIDE, _LAST, Busy, Door, Queue
from accounts.models import FailedLogin, User
from tests.pace import patient
from tests.running import until

PASSWORD = "correct horse"
CAMPUS, HOME = "192.0.2.1", "198.51.100.7"
DOORS = ["/accounts/login/", "/admin/login/", "/api/tokens/"]


class Held:
    """A queue of one thread, which is busy until `let_go`; notes the order of its jobs."""

    def __init__(self):
        self.queue = Queue(1)
        self.order = []
        self._threads = ThreadPoolExecutor(400)
        self._go = threading.Event()
        began = threading.Event()

        def hold():
            began.set()
            assert self._go.wait(60)

        self._threads.submit(self.queue.run, hold, None, _INSIDE)
        assert began.wait(60)

    def add(self, name, *, address=CAMPUS, rank=0, device=None, nobody=False):
        """Queue a job, or a turn for an unknown username; return once it waits or was refused."""

        def job():
            self.order.append(f"{name} in {device}" if device else name)

        def waits():
            return any(entry.door is door for entry in list(self.queue._entries))

        door = None if rank == _INSIDE else Door(name, address, rank, device)
        future = self._threads.submit(self.queue.run, None if nobody else job, door, rank)
        until(lambda: future.done() or waits(), within=patient(60))
        return future

    def let_go(self):
        """Let all jobs run; return their order."""
        self._go.set()
        self._threads.shutdown()
        return self.order


@pytest.fixture
def held(monkeypatch):
    # So that nothing is refused for how busy this machine is.
    monkeypatch.setattr(hashing, "LONGEST_WAIT", 60.0)
    made = Held()
    yield made
    made.let_go()


def test_usernames_without_failures_come_first_and_those_of_nobody_last(held):
    held.add("nobody", rank=_LAST)
    held.add("failed", rank=2)
    held.add("mistyped", rank=1)
    held.add("new")
    held.add("logged in already", rank=_INSIDE)
    assert held.let_go() == ["logged in already", "new", "mistyped", "failed", "nobody"]


def test_addresses_take_turns(held):
    for number in range(4):
        held.add(f"campus {number}")
    held.add("home", address=HOME)
    held.add("home again", address=HOME)
    assert held.let_go() == [
        *("campus 0", "home", "campus 1", "home again", "campus 2", "campus 3")
    ]


def test_many_guesses_at_one_username_at_once_come_after_the_others(held):
    for _ in range(3):
        held.add("ada")
    held.add("bea")
    assert held.let_go() == ["ada", "bea", "ada", "ada"]


def test_a_flood_of_names_that_nobody_has_pushes_nobody_out(held):
    for number in range(hashing.WAITING):
        held.add(f"nobody {number}", rank=_LAST)
    assert isinstance(held.add("one too many", rank=_LAST).exception(60), Busy)
    for number in range(5):
        held.add(f"student {number}")
    order = held.let_go()
    assert order[:5] == [f"student {number}" for number in range(5)]
    assert len(order) == hashing.WAITING


def test_the_turns_of_nobody_come_in_order_and_make_nobody_wait(held):
    """A flood of unknown usernames takes no place and no time from a class."""
    flood = [held.add(f"nobody {number}", nobody=True) for number in range(hashing.WAITING)]
    held.queue._seconds = 3.0
    students = [held.add(f"student {number}", address=HOME) for number in range(3)]
    # The last of them would begin too late by its own class alone.
    assert [student.done() for student in students] == [False] * 3
    late = held.add("nobody", nobody=True, rank=1)
    assert not late.done()
    held.let_go()
    assert [one.result(60) for one in (*flood, late)] == [None] * (hashing.WAITING + 1)
    assert held.order == ["student 0", "student 1", "student 2"]


def test_a_turn_of_nobody_is_refused_where_a_job_would_be(held):
    held.add("student 0")
    held.queue._seconds = 100.0
    assert isinstance(held.add("student 1").exception(60), Busy)
    for number in range(10):
        told = held.add(f"nobody {number}", nobody=True).exception(60)
        assert isinstance(told, Busy)
        assert 1 <= told.seconds <= hashing.LATEST_RETURN


def test_refusing_nobody_puts_off_nobody(held, monkeypatch):
    monkeypatch.setattr(hashing, "LATEST_RETURN", 1_000_000.0)
    held.queue._seconds = 1000.0
    held.add("student 0")
    before = held.add("student 1").exception(60).seconds
    for number in range(10):
        assert isinstance(held.add(f"nobody {number}", nobody=True).exception(60), Busy)
    assert held.add("student 2").exception(60).seconds <= before + 1000.0


def test_guesses_from_elsewhere_do_not_push_back_a_known_browser(held):
    """The guesses are for the same username, and come from the same address."""
    for _ in range(3):
        held.add("ada")
    held.add("bea")
    held.add("ada", device="known")
    assert held.let_go() == ["ada", "bea", "ada in known", "ada", "ada"]


def test_what_would_wait_too_long_is_told_when_to_come_back(held, monkeypatch):
    monkeypatch.setattr(hashing, "LONGEST_WAIT", 2.0)
    held.queue._seconds = 0.5
    began = time.monotonic()
    added = [held.add(f"student {number}") for number in range(20)]
    waits = [one.exception().seconds for one in added if one.done()]
    assert len(waits) >= 15
    # The clients shall come back one after the other, as fast as they can be served.
    assert len(set(waits)) == len(waits)
    assert max(waits) + time.monotonic() - began >= len(waits) * 0.5
    assert max(waits) < 20


def test_nobody_is_sent_away_for_longer_than_a_minute(held, monkeypatch):
    monkeypatch.setattr(hashing, "LONGEST_WAIT", 2.0)
    held.queue._seconds = 30.0
    assert not held.add("first").done()
    waits = [held.add(f"student {number}").exception(60).seconds for number in range(20)]
    assert max(waits) <= hashing.LATEST_RETURN
    assert len(set(waits)) == len(waits)


def test_who_waited_too_long_gives_up(held, monkeypatch):
    monkeypatch.setattr(hashing, "LONGEST_WAIT", 0.2)
    assert isinstance(held.add("ada").exception(60), Busy)
    assert held.queue.waiting == 0
    assert held.let_go() == []


def test_what_a_job_raises_is_raised_and_the_thread_goes_on():
    queue = Queue(1)
    with pytest.raises(ZeroDivisionError):
        queue.run(lambda: 1 // 0, None, _INSIDE)
    assert queue.run(lambda: 1, None, _INSIDE) == 1


# --- at the doors ----------------------------------------------------------------------------


@pytest.fixture
def real_hashes(settings):
    from peerchat import host  # the tests' own settings have cheaper ones

    settings.PASSWORD_HASHERS = host.PASSWORD_HASHERS


@pytest.fixture
def root(transactional_db, real_hashes):
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def busy(held, monkeypatch):
    """The queue of this process, whose only thread does nothing until `let_go`."""
    monkeypatch.setattr(hashing, "queue", lambda: held.queue)
    return held


def log_in(username, password=PASSWORD, *, page=DOORS[0]):
    given = {"username": username, "password": password}
    kind = {"content_type": "application/json"} if page.startswith("/api/") else {}
    return Client(REMOTE_ADDR=CAMPUS).post(page, given, **kind)


def got_in(response):
    return response.status_code in (201, 302)


@pytest.mark.parametrize("page", DOORS)
@pytest.mark.parametrize("username", ["root", "nobody"])
def test_no_connection_is_held_while_a_hash_waits(root, busy, page, username):
    def visit():
        try:
            return log_in(username, page=page)
        finally:
            connection.close()

    pool = connection.pool
    connection.close()
    before = pool.get_stats()["pool_available"]
    with ThreadPoolExecutor(30) as threads:
        visits = [threads.submit(visit) for _ in range(12)]
        until(lambda: busy.queue.waiting >= 10, within=patient(60))
        until(lambda: pool.get_stats()["pool_available"] >= before, within=patient(60))
        assert pool.get_stats().get("requests_waiting", 0) == 0
        busy.let_go()
        assert {visit.result().status_code for visit in visits} <= {200, 201, 302, 401, 429}


@pytest.mark.parametrize("page", DOORS)
def test_where_too_many_log_in_one_is_told_to_come_back(root, busy, page, monkeypatch):
    monkeypatch.setattr(hashing, "LONGEST_WAIT", 0.05)
    response = log_in("root", page=page)
    assert response.status_code == 503
    assert 1 <= int(response["Retry-After"]) <= 60
    assert "no-store" in response["Cache-Control"]
    if page == "/api/tokens/":
        told = response.json()
        assert told["error_code"] == "unavailable"
        assert told["error_message"].startswith("Too many people are logging in: try again in ")
        assert 1 <= told["retry_after"] <= 60
    else:
        text = response.content.decode()
        assert "Many people are logging in right now." in text
        assert 'value="root"' in text
        assert PASSWORD not in text
    # The refused log-in does not count as a guess.
    assert not FailedLogin.objects.exists()
    assert lockout.guesses().at_once.take(("root", CAMPUS)) == 0.0
    busy.let_go()
    monkeypatch.setattr(hashing, "LONGEST_WAIT", 60.0)
    assert got_in(log_in("root", page=page))


@pytest.mark.parametrize("page", DOORS)
@pytest.mark.parametrize("username", ["root", "nobody"])
def test_a_username_that_nobody_has_is_sent_away_like_any_other(
    root, busy, page, username, monkeypatch
):
    """Otherwise a full queue would tell which usernames exist."""
    for number in range(hashing.WAITING):
        busy.add(f"student {number}")
    refused = log_in(username, "wrong", page=page)
    assert refused.status_code == 503
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert not FailedLogin.objects.exists()


@pytest.mark.parametrize("page", DOORS)
@pytest.mark.parametrize("username", ["root", "nobody"])
def test_in_a_flood_of_guesses_whoever_guesses_is_told_that_it_was_wrong(
    root, page, username, monkeypatch
):
    """The answer comes late, as all threads are busy, and the guess counts like any other."""
    monkeypatch.setattr(hashing, "LONGEST_WAIT", 0.3)
    slept = []
    monkeypatch.setattr(hashing.time, "sleep", slept.append)
    queue = Queue(1)
    monkeypatch.setattr(hashing, "queue", lambda: queue)
    monkeypatch.setattr(Queue, "waiting", 1)
    plain = queue.run

    def run(job, door, rank):
        if rank == _LAST:
            raise Busy(1.0)
        return plain(job, door, rank)

    monkeypatch.setattr(queue, "run", run)
    assert log_in(username, "wrong", page=page).status_code in (200, 401)
    assert len(slept) == 1
    assert FailedLogin.objects.get().times == 1


def test_in_a_flood_a_wrong_password_waits_as_long_as_a_username_that_nobody_has(root, monkeypatch):
    """Otherwise the flood would tell which usernames exist."""
    ran = []
    queue = Queue(1)
    plain = queue.run
    monkeypatch.setattr(
        queue,
        "run",
        lambda job, door, rank: ran.append((door.username, rank)) or plain(job, door, rank),
    )
    monkeypatch.setattr(hashing, "queue", lambda: queue)
    monkeypatch.setattr(Queue, "waiting", 1)
    assert log_in("root", "wrong").status_code == 200
    assert got_in(log_in("root"))
    assert ran == [("root", 0), ("root", _LAST), ("root", 1)]


def test_what_is_set_and_checked_elsewhere_is_not_sent_away(ada, busy, monkeypatch):
    monkeypatch.setattr(hashing, "LONGEST_WAIT", 0.05)
    with ThreadPoolExecutor(1) as threads:
        changed = threads.submit(ada.set_password, "another horse")
        time.sleep(0.2)
        assert not changed.done()
        busy.let_go()
        changed.result(60)
    assert ada.check_password("another horse")


# --- hashes ----------------------------------------------------------------------------------


def test_passwords_are_hashed_by_argon2id_with_bounded_memory(root):
    assert root.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


class SmallerArgon2(Argon2PasswordHasher):
    """Has other parameters than ours."""

    memory_cost, parallelism = 1024, 1


def old_hash(algorithm):
    """Return a hash of the password that is to be replaced, and takes little time to check."""
    salt = "abcdefghijklmnopqrstuv"
    if algorithm == "argon2":
        return SmallerArgon2().encode(PASSWORD, salt)
    return PBKDF2PasswordHasher().encode(PASSWORD, salt, iterations=1000)


@pytest.mark.parametrize("hasher", ["pbkdf2_sha256", "argon2"])
def test_an_old_hash_is_renewed_at_a_log_in(root, hasher):
    old = old_hash(hasher)
    for page in DOORS:
        User.objects.update(password=old)
        assert not got_in(log_in("root", "wrong", page=page)), page
        assert User.objects.get().password == old, page
        assert got_in(log_in("root", page=page)), page
        renewed = User.objects.get().password
        assert renewed.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$"), page
        assert identify_hasher(renewed).verify(PASSWORD, renewed), page
        assert got_in(log_in("root", page=page)), page
        assert User.objects.get().password == renewed, page


@pytest.mark.parametrize("old", ["argon2", "pbkdf2_sha256"])
def test_a_password_that_was_replaced_while_the_old_one_waited_opens_nothing(root, busy, old):
    hashed = make_password(PASSWORD) if old == "argon2" else old_hash(old)
    User.objects.update(password=hashed)
    other = make_password("another horse")

    def visit():
        try:
            return log_in("root")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(visit)
        until(lambda: busy.queue.waiting == 1, within=patient(60))
        User.objects.update(password=other)
        busy.let_go()
        assert answer.result(60).status_code == 200
    assert User.objects.get().password == other


def test_a_password_that_is_not_saved_yet_can_be_checked(root):
    root.set_password("another horse")
    assert root.check_password("another horse")
    assert not root.check_password(PASSWORD)
    root.set_password(None)
    assert not root.has_usable_password()
