"""peerchat in pages that are not its own: the example site, and frames on another origin."""

import contextlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.people import DESKTOP, PHONE, TELL_VIOLATIONS, WITHIN, Chat, Instructor, resize
from tests.e2e.proxy import Proxy
from tests.e2e.sites import OURS, Store
from tests.running import Site, manage, unmeasured
from tests.servers import ROOT

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

EXAMPLE = ROOT / "docs" / "example-site"
PASSWORD = "peerchat"


@pytest_asyncio.fixture(loop_scope="session")
async def people(browser: Browser) -> AsyncIterator["People"]:
    """Yield a source of new people at browsers. Any complaint of a browser fails the test."""
    async with contextlib.AsyncExitStack() as leaving:
        made = People(browser, leaving)
        yield made
    assert made.problems == []


class People:
    def __init__(self, browser: Browser, leaving: contextlib.AsyncExitStack) -> None:
        self._browser = browser
        self._leaving = leaving
        self.problems: list[str] = []
        self.tolerated: list[str] = []

    async def page(self) -> Page:
        context = await self._browser.new_context(
            viewport=DESKTOP, locale="en-GB", ignore_https_errors=True
        )
        self._leaving.push_async_callback(context.close)
        await context.add_init_script(TELL_VIOLATIONS)
        context.set_default_timeout(WITHIN * 1000)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error.stack)))
        page.on("console", lambda message: self._said(message.type, message.text))
        return page

    def _said(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not any(one in text for one in self.tolerated):
            self.problems.append(text)


# --- the example site ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example site's own database, with the demo course."""
    path = tmp_path_factory.mktemp("example") / "db.sqlite3"
    for command in (("check",), ("migrate", "--verbosity=0"), ("create_demo",)):
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=EXAMPLE,
            env=example_environment(path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return path


def example_environment(database: Path) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key not in OURS}
    return {
        **unmeasured(inherited),
        "DJANGO_SETTINGS_MODULE": "coursesite.settings",
        "EXAMPLE_DATABASE": str(database),
        "PYTHONPATH": f"{ROOT}:{EXAMPLE}",
    }


@pytest.fixture
def example(example_database: Path, tmp_path: Path) -> Iterator[Site]:
    """The example site, on a fresh copy of its database."""
    database = tmp_path / "db.sqlite3"
    shutil.copy(example_database, database)
    with Site(tmp_path, env=example_environment(database)) as site:
        yield site
    assert "Traceback" not in site.log.read_text()


async def log_in(page: Page, site: Site, username: str, then: str) -> None:
    await page.goto(f"{site.url}login/?next=/{then}")
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("main").get_by_role("button", name="Log in").click()
    await page.wait_for_url(f"{site.url}{then}")


LESSON = "lessons/physics101/"


class Lecturer:
    """The instructor of the course, on the lesson's page with the dashboard in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel = page.locator("peer-panel[data-kind=lecturer]")

    async def connected(self) -> None:
        await expect(self.panel.get_by_test_id("connection")).to_have_attribute(
            "data-state", "connected"
        )
        await self.sees("idle")

    async def press(self, step: str) -> None:
        await self.panel.get_by_test_id(step).click()

    async def sees(self, phase: str) -> None:
        await expect(self.panel.get_by_test_id("phase")).to_have_attribute("data-phase", phase)

    async def start(self, question: str) -> None:
        await self.panel.get_by_test_id("question-select").select_option(question)
        await self.press("start-question")
        await self.sees("vote")

    async def make_partners(self) -> None:
        await self.press("make-partners")
        await expect(self.panel.get_by_test_id("toast")).to_contain_text("1 group formed")


async def is_as_wide_as(page: Page, width: int) -> None:
    await resize(page, {"width": width, "height": DESKTOP["height"]})
    assert await page.evaluate("document.documentElement.scrollWidth") == width


class Student:
    """A student on the lesson's page, with the panel of the course and that of one question."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sockets: list[Any] = []
        page.on("websocket", self._opened)
        self.course = page.locator("peer-panel[data-kind=course]")
        self.question = page.locator("peer-panel[data-kind=question]")
        self.chat = Chat(self.course.get_by_test_id("course-chat"))
        self.partners = Chat(self.question.get_by_test_id("partner-chat"))

    def _opened(self, socket: Any) -> None:
        self.sockets.append(socket)

    async def connected(self) -> None:
        for panel in (self.course, self.question):
            await expect(panel.get_by_test_id("connection")).to_have_attribute(
                "data-state", "connected"
            )

    async def vote(self, choice: str) -> None:
        await (
            self.question.locator("label.choice")
            .filter(has=self.page.get_by_test_id(f"choice-{choice}"))
            .click()
        )
        await self.question.get_by_test_id("vote-button").click()
        for panel in (self.question, self.course):
            await expect(panel.get_by_test_id("vote-status")).to_contain_text(
                f"Your vote: {choice}"
            )


@pytest.mark.long
async def test_the_class_in_a_course_site_of_its_own(example: Site, people: People) -> None:
    visitor = await people.page()
    await visitor.goto(example.url + LESSON)
    await expect(visitor.locator(".peerchat-login")).to_have_count(2)
    await expect(visitor.locator("peer-panel")).to_have_count(0)
    await visitor.locator(".peerchat-login a").first.click()
    await expect(visitor).to_have_url(f"{example.url}login/?next=/{LESSON}")

    leader = Lecturer(await people.page())
    await log_in(leader.page, example, "instructor", LESSON)
    await leader.connected()
    one, two = Student(await people.page()), Student(await people.page())
    for student, name in ((one, "student1"), (two, "student2")):
        await log_in(student.page, example, name, LESSON)
        await student.connected()
        await expect(student.question.get_by_test_id("closed")).to_be_visible()
        await expect(student.question.get_by_test_id("phase")).to_be_hidden()
        assert len(student.sockets) == 1
        assert await student.page.locator("peer-panel[data-kind=lecturer]").count() == 0

    await one.chat.send("Hello from the lesson")
    await two.chat.shows("Hello from the lesson")

    slug = await one.question.get_attribute("data-testid")
    assert slug
    await leader.start(slug.removeprefix("peerchat-"))
    await one.vote("A")
    await two.vote("B")
    await leader.press("stop-vote")
    await leader.sees("vote_closed")
    await leader.make_partners()
    await leader.press("enable-chat")
    await leader.sees("discuss")
    await one.partners.send("Why B?")
    await two.partners.shows("Why B?")
    await expect(two.course.get_by_test_id("partner-chat")).to_contain_text("Why B?")
    await leader.press("start-revote")
    await two.vote("A")
    await leader.press("stop-vote")
    await leader.press("reveal")
    await leader.sees("revealed")
    for student in (one, two):
        await expect(student.question.get_by_test_id("verdict")).to_be_visible()

    # The keys of the class work in its panel, and the page around it keeps its own.
    keys = leader.panel.get_by_test_id("keys-dialog")
    await leader.page.evaluate("document.activeElement.blur()")
    await leader.page.keyboard.press("?")
    assert not await keys.is_visible()
    await leader.panel.get_by_test_id("phase-name").click()
    await leader.page.keyboard.press("?")
    await expect(keys).to_be_visible()
    await leader.page.keyboard.press("PageUp")
    await expect(keys).to_be_hidden()

    # The next question is not the one of the lesson: its result stays where it is.
    await leader.press("next-question")
    await leader.sees("idle")
    await expect(one.course.get_by_test_id("phase")).to_have_attribute("data-phase", "idle")
    await expect(one.question.get_by_test_id("verdict")).to_be_visible()
    # From now on the page shows the votes at this place.
    await one.page.reload()
    results = one.page.locator("peer-panel[data-kind=results]")
    await expect(results.get_by_test_id("bar-B").get_by_text("Correct")).to_be_visible()
    bars = await results.locator(".bar").evaluate_all("(all) => all.map((b) => b.dataset.count)")
    assert bars == ["1", "1", "1", "0", "0", "0", "0", "0"]
    await expect(one.page.locator(".solution")).to_contain_text("The lift keeps its velocity")
    await expect(one.page.locator(".diary li")).to_have_count(2)

    # On a phone the chat is out of sight, and the link counts new messages.
    link = two.page.locator("peer-unread")
    await expect(link).to_have_text("Course chat", use_inner_text=True)
    await resize(two.page, PHONE)
    await expect(two.course.get_by_test_id("tab-chat")).to_be_visible()
    await one.chat.send("Who comes along?")
    await expect(link).to_have_text("Course chat 1 unread", use_inner_text=True)
    await two.course.get_by_test_id("tab-chat").click()
    await expect(link).to_have_text("Course chat", use_inner_text=True)
    for page in (one.page, two.page, leader.page):
        for width in (PHONE["width"], DESKTOP["width"]):
            await is_as_wide_as(page, width)


@pytest.mark.long
async def test_neither_page_restyles_the_other(example: Site, people: People) -> None:
    page = await people.page()
    await page.goto(example.url + LESSON)
    look = """(selectors) => selectors.map((selector) => {
      const style = getComputedStyle(document.querySelector(selector));
      return [style.font, style.color, style.background, style.margin, style.padding, style.border];
    })"""
    without = ["body", "header", "h1", "h2", "article > p.prompt", "main > p:last-child"]
    before = await page.evaluate(look, without)
    await log_in(page, example, "student1", LESSON)
    student = Student(page)
    await student.connected()
    assert await page.evaluate(look, without) == before
    assert await page.evaluate("document.title") == "Physics 101"
    # The site hides text areas and frames what has the class `prompt`; the panel has both.
    await expect(student.chat.field).to_be_visible()
    inside = student.course.locator(".panel-head h2")
    assert await inside.evaluate("(head) => getComputedStyle(head).fontVariantCaps") == "normal"
    assert await page.evaluate("document.documentElement.scrollWidth") <= DESKTOP["width"]
    scripts = await page.locator("script[src*=peer-panel]").count()
    assert scripts == 1
    scheme = """(panel) => ["light", "auto"].map((scheme) => {
      panel.dataset.scheme = scheme;
      return getComputedStyle(panel).colorScheme;
    })"""
    # Else radio buttons and scroll bars of a dark panel stay bright.
    assert await student.course.evaluate(scheme) == ["normal", "light dark"]


@pytest.mark.long
async def test_a_panel_goes_by_the_width_it_has(example: Site, people: People) -> None:
    page = await people.page()
    await log_in(page, example, "student1", LESSON)
    student = Student(page)
    await student.connected()
    # The site's column is as wide as a phone in landscape, in a window that is not.
    await page.evaluate("document.querySelector('main').style.maxWidth = '30rem'")
    tab = student.course.get_by_test_id("tab-chat")
    await expect(tab).to_be_visible()
    await expect(student.chat.field).to_be_hidden()
    await tab.click()
    await expect(student.chat.field).to_be_visible()


@pytest.mark.long
async def test_a_session_that_ends_asks_to_log_in_again(example: Site, people: People) -> None:
    page = await people.page()
    people.tolerated.append("401")
    await log_in(page, example, "student1", LESSON)
    student = Student(page)
    await student.connected()
    other = await page.context.new_page()
    await other.goto(example.url)
    await other.get_by_role("button", name="Log out").click()
    again = student.course.get_by_test_id("logged-out")
    await expect(again).to_be_visible()
    assert page.url == example.url + LESSON
    await again.get_by_role("link").click()
    await expect(page).to_have_url(f"{example.url}login/?next=/{LESSON}")


# --- a site with names and a policy of its own ---------------------------------------------------


@pytest.fixture
def oldsite(example_database: Path, tmp_path: Path) -> Iterator[Site]:
    """A site that was there before, with peerchat below /a/b/."""
    database = tmp_path / "db.sqlite3"
    shutil.copy(example_database, database)
    settings = "tests.inclusion.oldsite.settings"
    env = {**example_environment(database), "DJANGO_SETTINGS_MODULE": settings}
    with Site(tmp_path, env=env) as site:
        yield site
    assert "Traceback" not in site.log.read_text()


class Panel:
    """A user on the site's page of the course, which has the panel of the course."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sockets: list[str] = []
        page.on("websocket", lambda socket: self.sockets.append(socket.url))
        self.root = page.locator("peer-panel")
        self.chat = Chat(self.root.get_by_test_id("course-chat"))

    async def arrive(self, url: str, username: str) -> None:
        await sign_in(self.page, url, username, "courses/physics101/")
        connection = self.root.get_by_test_id("connection")
        await expect(connection).to_have_attribute("data-state", "connected")

    async def vote(self, choice: str) -> None:
        button = self.page.get_by_test_id(f"choice-{choice}")
        await self.root.locator("label.choice").filter(has=button).click()
        await self.root.get_by_test_id("vote-button").click()
        status = self.root.get_by_test_id("vote-status")
        await expect(status).to_contain_text(f"Your vote: {choice}")


async def sign_in(page: Page, url: str, username: str, then: str) -> None:
    await page.goto(f"{url}sign-in/?next=/{then}")
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(url + then)


@pytest.mark.long
async def test_below_a_path_of_a_site_with_a_strict_policy(oldsite: Site, people: People) -> None:
    # One of two students has a network that lets no WebSockets through; TLS ends before the site.
    people.tolerated.append("WebSocket connection to")
    async with (
        Proxy(oldsite.url, tls=True) as network,
        Proxy(oldsite.url, tls=True, upgrades=False) as narrow,
    ):
        pages = [await people.page() for _ in range(3)]
        await sign_in(pages[0], network.url, "instructor", "a/b/courses/physics101/instructor/")
        leader = Instructor(
            "instructor", pages[0].context, pages[0], url=network.url, password=PASSWORD
        )
        await leader.connected()
        one, two = students = [Panel(page) for page in pages[1:]]
        await one.arrive(network.url, "student1")
        await two.arrive(narrow.url, "student2")
        connection = two.root.get_by_test_id("connection")
        await expect(connection).to_contain_text("Connected over HTTP")
        assert one.sockets == [f"{network.url.replace('https', 'wss')}a/b/ws/chat/"]
        assert narrow.refused

        await one.chat.send("Over a socket")
        await two.chat.shows("Over a socket")
        await two.chat.send("Over HTTP")
        await one.chat.shows("Over a socket", "Over HTTP")
        await leader.start("lift-at-constant-speed")
        await one.vote("A")
        await two.vote("B")
        await leader.figure("votes-1", "2 of 2")
        await leader.press("stop-vote")
        await leader.sees("vote_closed")
        await leader.press("reveal")
        for student in students:
            await expect(student.root.get_by_test_id("verdict")).to_be_visible()
        for page in pages:
            await page.context.close()  # before the networks, whose end they would report


# --- a frame on another origin -------------------------------------------------------------------


class Elsewhere(http.server.ThreadingHTTPServer):
    """A site that has nothing to do with peerchat; `page` is all it has."""

    page = ""


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Elsewhere)
        found = self.path == "/"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        if found:
            self.wfile.write(self.server.page.encode())

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with Elsewhere(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


LISTEN = """
addEventListener("message", ({ data, origin, source }) => {
  const frame = document.querySelector("iframe").contentWindow;
  if (origin !== PEER || source !== frame || data.type !== "peerchat:link-wanted") return;
  const link = data.course === "physics101" && window.links?.shift();
  if (link) frame.postMessage({ type: "peerchat:link", link }, PEER);
});
"""


@pytest.mark.long
async def test_the_class_in_a_frame_of_another_site(
    one_process: tuple[Store, str], elsewhere: Elsewhere, people: People, tmp_path: Path
) -> None:
    # localhost and 127.0.0.1 are two sites to a browser.
    host = f"http://localhost:{elsewhere.server_port}"
    store = one_process[0].copy()
    env = {**store.environment(), "EMBED_ANCESTORS": host}

    def link(username: str) -> str:
        done = manage("embed_link", username, "physics101", env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    with Site(tmp_path, env=env) as site:

        async def visit(username: str, where: str) -> Page:
            page = await people.page()
            source = site.origin + link(username)
            elsewhere.page = (
                "<!doctype html><title>A course</title><link rel='icon' href='data:,'>"
                f"<iframe src='{source}' width='1000' height='700'></iframe>"
                f"<script>const PEER = '{site.origin}';{LISTEN}</script>"
            )
            await page.goto(where)
            return page

        pages = [await visit(name, host) for name in ("student1", "student2")]
        frames = [page.frame_locator("iframe") for page in pages]
        for frame in frames:
            await expect(frame.get_by_test_id("connection")).to_have_attribute(
                "data-state", "connected"
            )
        one, two = (Chat(frame.get_by_test_id("course-chat")) for frame in frames)
        await one.send("Hello from the frame")
        await two.shows("Hello from the frame")
        for page in pages:
            assert await page.context.cookies() == []
        # Only the script of the page has the token.
        assert await pages[0].frames[1].locator("[data-token]").count() == 0

        people.tolerated += ["403", "frame-ancestors"]
        await renews_its_link(pages[0], [link("student1") for _ in range(2)])

        await pages[0].reload()  # the same page, with the link of the second student, used by now
        refused = frames[0].get_by_test_id("embed-refused")
        await expect(refused).to_be_visible()

        stranger = await visit("student3", f"http://127.0.0.1:{elsewhere.server_port}")
        await stranger.wait_for_load_state("networkidle")
        assert await stranger.frames[1].locator("peer-app").count() == 0
        told = frames[0].get_by_test_id("embed-status")
        await expect(told).to_contain_text("did not answer. Reload your course page")
        for page in (*pages, stranger):
            await page.context.close()  # before the site, whose end they would report
    store.remove()


async def renews_its_link(page: Page, links: list[str]) -> None:
    """Reload the frame, which asks the page around it for a new link."""
    frame = page.frame_locator("iframe")
    online = frame.get_by_test_id("connection")
    told = frame.get_by_test_id("embed-status")
    give = "(links) => { window.links = links; }"
    await page.evaluate(give, links[:1])
    await page.frames[1].evaluate("location.reload()")
    # Until then it may be the page before the reload that is connected.
    await page.frames[1].wait_for_url("**#renewed")
    await expect(frame.get_by_text("Hello from the frame")).to_be_visible()
    await expect(online).to_have_attribute("data-state", "connected")

    await page.frames[1].evaluate("location.reload()")
    await expect(told).to_contain_text("Asking your course page")
    strange = """(link) => {
      const data = { type: "peerchat:link", link };
      const { ancestors } = document.querySelector("[data-ancestors]").dataset;
      for (const [origin, source] of [["https://evil.example", parent], [ancestors, window]]) {
        dispatchEvent(new MessageEvent("message", { data, origin, source }));
      }
    }"""
    await page.frames[1].evaluate(strange, "/accounts/login/")
    await expect(told).to_contain_text("Asking your course page")
    await page.evaluate(give, ["/accounts/login/"])
    await expect(told).to_contain_text("not a new one for this class")
    await page.evaluate(give, links[1:])
    await frame.get_by_test_id("embed-again").click()
    await expect(online).to_have_attribute("data-state", "connected")
