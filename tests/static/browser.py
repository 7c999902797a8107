"""The modules of `static/` in a real browser, without a site: a page that has nothing but them."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, Playwright, Route

from tests.pace import patient

ROOT = Path(__file__).resolve().parent.parent.parent
PLACES = {"/static/": ROOT / "static", "/cases/": Path(__file__).parent / "cases"}
ORIGIN = "http://modules.test"
WITHIN = patient(10_000)  # milliseconds
# These keep a browser without a network quiet.
ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The system's, best first: without windows it takes less than half of the CPU."""


def executable() -> str | None:
    """The system's Chromium, or None for Playwright's own."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def can_sandbox() -> bool:
    """Return whether Chromium can build its sandbox: neither root nor some containers can."""
    if os.geteuid() == 0 or shutil.which("unshare") is None:
        return False
    tried = subprocess.run(["unshare", "--user", "true"], capture_output=True, check=False)
    return tried.returncode == 0


async def launch(playwright: Playwright) -> Browser:
    """Starts Chromium with a profile of its own."""
    return await playwright.chromium.launch(
        executable_path=executable(), chromium_sandbox=can_sandbox(), args=ARGUMENTS
    )


def file_at(path: str) -> tuple[str, str]:
    """The text at a path of the page's origin, and its content type."""
    for prefix, folder in PLACES.items():
        if path.startswith(prefix):
            return (folder / path.removeprefix(prefix)).read_text(), "text/javascript"
    return "<!doctype html><title>modules</title>", "text/html"


async def _serve(route: Route) -> None:
    text, kind = file_at(route.request.url.removeprefix(ORIGIN))
    await route.fulfill(body=text, content_type=kind)


@asynccontextmanager
async def page_of_modules(browser: Browser, origin: str = ORIGIN) -> AsyncIterator[Page]:
    """A page at `origin`; at ORIGIN, which is no real host, the browser itself is its server."""
    context = await browser.new_context()
    try:
        page = await context.new_page()
        await page.route(f"{ORIGIN}/**", _serve)
        page.set_default_timeout(WITHIN)
        await page.goto(origin)
        yield page
    finally:
        await context.close()
