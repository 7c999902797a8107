"""A class logs in at once, on a real site with two workers; and again with a flood of guesses."""

import asyncio
import re
import time

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.hashers import Argon2Hasher
from accounts.models import FailedLogin, User
from peerchat.rehearsal.discussion import SLOWEST_PAGE
from peerchat.rehearsal.logins import Browser, Rush
from tests.pace import patient
from tests.running import Site, environment, manage, read_figures

PASSWORD = "correct horse"

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def running(django_db_setup, django_db_blocker, tmp_path_factory):
    """A site with the password hashes of production."""
    env = environment(DJANGO_SETTINGS_MODULE="peerchat.settings")
    with django_db_blocker.unblock():
        with Site(tmp_path_factory.mktemp("rush"), workers=2, env=env) as site:
            yield site
        connection.close()


def slowness():
    """Return how many times longer than on an idle machine a hash takes here now."""
    began, used = time.perf_counter(), time.thread_time()
    for _ in range(10):
        Argon2Hasher().encode(PASSWORD, "abcdefghijklmnopqrstuv")
    return max((time.perf_counter() - began) / (time.thread_time() - used), 1.0)


def test_a_hundred_at_once_while_a_class_discusses(running):
    slow = slowness()
    done = manage(
        "rehearse",
        *("--log-in", "--students=100", "--log-in-within=0", "--beside=20", "--vote-within=1"),
        *("--timeout=300", f"--url={running.url}"),
        env=running.env,
        within=330,
        measured=True,
    )
    slow = max(slow, slowness())
    found = re.findall(r"^  (ok|FAILED) +(.+?): (.+)$", done.stdout, re.MULTILINE)
    # The class that discusses beside it votes first.
    beside = ("no page", "nothing was taken after the close")
    assert [(word, claim, how) for word, claim, how in found if not claim.startswith(beside)] == [
        ("ok", "every student logged in", "100 of 100"),
        ("ok", "no log-in caused an error", "none"),
        ("ok", "the other class lost no message", "0 lost"),
    ], done.stdout + done.stderr
    slowest = re.search(r"no page took longer than 10 s: the slowest ([0-9.]+) s", done.stdout)
    assert slowest is not None
    assert float(slowest[1]) <= SLOWEST_PAGE * slow
    figures = read_figures(running)
    assert figures[("peerchat_password_hash_seconds_count",)] >= 100
    assert figures[("peerchat_password_queue",)] == 0


async def guess_and_log_in(url, names, answers):
    """Log in while others guess; return the visits, and the number of guesses during them."""
    flows, over = asyncio.Barrier(21), asyncio.Event()

    async def guess(number):
        browser, count = Browser(url), 0
        await browser.get("/accounts/login/")
        while not over.is_set():
            count += 1
            # Also at usernames that there are, but not so often that they are locked.
            username = names[number] if count == 1 else f"nobody{number}-{count}"
            form = {"username": username, "password": "a guess"}
            answers.append((await browser.post("/accounts/login/", form)).status)
            if count == 1:
                await flows.wait()

    flood = [asyncio.create_task(guess(number)) for number in range(20)]
    try:
        async with asyncio.timeout(patient(120)):
            await flows.wait()
        before = len(answers)
        visits = await Rush(url, names, PASSWORD, 0).run()
        return visits, len(answers) - before
    finally:
        # Who is cancelled in a request may leave its connection open.
        over.set()
        await flows.abort()
        await asyncio.gather(*flood, return_exceptions=True)


def test_a_flood_at_the_address_of_the_class_keeps_nobody_out(running):
    hashed = make_password(PASSWORD, hasher=Argon2Hasher())
    names = [f"rushing{number}" for number in range(1, 31)]
    User.objects.bulk_create(User(username=name, password=hashed) for name in names)
    answers: list[int] = []
    visits, during = asyncio.run(guess_and_log_in(running.origin, names, answers))
    assert [visit.error for visit in visits if not visit.is_in] == []
    assert during > 0
    # A guess waits for its turn like any log-in, and may be told to come back.
    assert {200} <= set(answers) <= {200, 503}
    assert not FailedLogin.objects.filter(username__in=names).exists()
