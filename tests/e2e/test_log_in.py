"""The log-in page in a browser, while too many people log in at once."""

import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from playwright.async_api import Browser, expect

from accounts.hashers import Argon2Hasher
from accounts.models import User
from tests.pace import patient
from tests.running import environment, read_figures, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(400)]

PASSWORD = "correct horse"


def iterations(seconds: float) -> int:
    """Return how many iterations of PBKDF2 take so many seconds here."""

    def measure() -> float:
        began = time.thread_time()
        PBKDF2PasswordHasher().encode(PASSWORD, "salt", 200_000)
        return time.thread_time() - began

    # The shortest one, as a collection of garbage may fall into others.
    return int(200_000 * seconds / min(measure() for _ in range(5)))


@pytest.fixture
def one_thread(site):
    """A site with one thread for hashes, and a user whose hash keeps it busy for longer than a
    log-in may wait."""
    User.objects.create(username="ada", password=make_password(PASSWORD, hasher=Argon2Hasher()))
    slow = f"pbkdf2_sha256${iterations(10)}$salt$AAAA"
    User.objects.create(username="slow", password=slow)
    return site(env=environment(DJANGO_SETTINGS_MODULE="peerchat.settings", HASH_THREADS="1"))


@contextmanager
def busy_hashing(running):
    """Have one log-in checked, and another one wait, when the block begins."""
    seen = threading.Event()

    def keep_busy():
        body = b'{"username": "slow", "password": "wrong"}'
        request = urllib.request.Request(
            f"{running.url}api/tokens/", body, {"Content-Type": "application/json"}
        )
        # Until the figures tell of it, which a site that has just started may do late.
        for _ in range(3):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=patient(200))
            refused.value.close()
            if seen.is_set():
                return

    with ThreadPoolExecutor(3) as threads:
        done = [threads.submit(keep_busy) for _ in range(3)]
        until(lambda: read_figures(running)[("peerchat_password_queue",)] >= 1, within=patient(60))
        seen.set()
        yield
        for one in done:
            one.result(200)


@pytest.mark.long
async def test_the_page_tries_again_by_itself_and_keeps_what_was_typed(
    one_thread, browser: Browser
) -> None:
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    try:
        # The page is complete and typed in before the hash begins, so that the hash still runs at
        # the click, however slow the browser is.
        await page.goto(f"{one_thread.url}accounts/login/")
        await page.get_by_label("Username").fill("ada")
        await page.get_by_label("Password").fill(PASSWORD)
        read_figures(one_thread)
        with busy_hashing(one_thread):
            await page.get_by_role("button", name="Log in").click()
            waits = page.get_by_test_id("log-in-waits")
            await expect(waits).to_contain_text(
                "This page will try again automatically", timeout=patient(60_000)
            )
            await expect(page.get_by_label("Username")).to_have_value("ada")
            await expect(page.get_by_label("Password")).to_have_value(PASSWORD)
            await expect(page.get_by_role("button", name="Log in")).to_be_enabled()
            await expect(page.get_by_test_id("account-name")).to_have_text(
                "ada", timeout=patient(200_000)
            )
    finally:
        await context.close()
