"""People at browsers: what they see and do on the pages of the site."""

import asyncio
import contextlib
import itertools
import json
import math
import os
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Response,
    ViewportSize,
    WebSocket,
    expect,
)

from tests.pace import patient

PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
WITHIN = patient(15.0)
"""Seconds that anything may take to appear."""
SHOTS = os.environ.get("E2E_SHOTS", "")
"""A folder to keep a screenshot of every phase in, for people to look at."""

TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sample }) => {
  console.error(`CSP: ${effectiveDirective} ${blockedURI} ${sample}`);
});
"""

MESSAGES = """
(chat) => [...chat.querySelectorAll("[data-testid=message]")].map((row) => ({
  seq: row.dataset.seq ? Number(row.dataset.seq) : null,
  kind: row.dataset.kind ?? null,
  state: row.dataset.state,
  own: row.dataset.own === "true",
  text: (row.querySelector(".text") ?? row).textContent,
}))
"""

# Everything that a student sees and that does not change by itself.
VIEW = """
() => {
  const one = (id, root = document) => root.querySelector(`[data-testid="${id}"]`);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const shown = (element) => Boolean(element?.checkVisibility());
  const text = (element) => (shown(element) ? element.textContent : null);
  const chosen = (name) => document.querySelector(`input[name=${name}]:checked`)?.value ?? null;
  const messages = MESSAGES;
  const partners = document.querySelector("peer-partners");
  return {
    phase: one("phase").dataset.phase,
    phaseName: text(one("phase-name")),
    announcement: text(one("announcement")?.querySelector("[data-part=banner-text]")),
    prompt: one("prompt")?.textContent ?? null,
    form: all("form.vote").length,
    choice: chosen("choice"),
    confidence: chosen("confidence"),
    rationale: one("rationale")?.value ?? null,
    status: one("vote-status")?.textContent ?? null,
    firstVote: text(one("first-vote")),
    tags: all("peer-question .choice.still").map((choice) => [
      choice.dataset.testid,
      ...all(".tag", choice).map((tag) => tag.textContent),
    ]),
    note: one("vote-note")?.textContent ?? null,
    verdict: text(one("verdict")),
    bars: all("peer-question .bar").map((bar) => bar.textContent),
    counting: shown(one("countdown")),
    partners: partners.hidden ? null : {
      heading: one("partner-names", partners).textContent,
      chose: all("li.partner", partners).map((partner) => [
        partner.dataset.testid,
        partner.querySelector(".tag").textContent,
      ]),
      chat: messages(one("partner-chat", partners)),
    },
    courseChat: messages(one("course-chat")),
  };
}
""".replace("MESSAGES", MESSAGES.strip())

TOO_WIDE = """
() => {
  const wide = (element) => element.scrollWidth > element.clientWidth;
  // Long lines of code and long formulas scroll by themselves.
  const scrolls = (element) =>
    ["auto", "scroll"].includes(getComputedStyle(element).overflowX) && !element.closest(".rich");
  const root = document.documentElement;
  const inside = [...document.body.querySelectorAll("*")].filter(
    (element) => element.checkVisibility() && scrolls(element) && wide(element),
  );
  return [...(wide(root) ? [root] : []), ...inside].map(
    (element) => `${element.tagName}.${element.className}: ${element.scrollWidth}`,
  );
}
"""

ACTIVE = "() => document.activeElement.dataset.testid ?? document.activeElement.textContent"
STATE = re.compile(r"/api/courses/[^/]+/state/$")
INPUTS = {"button", "checkbox", "combobox", "link", "listbox", "radio", "spinbutton", "textbox"}
# Words that would give the answer away in a frame or a page before the reveal.
TELLING = re.compile(r"correct|histogram|transitions|\bgain\b", re.IGNORECASE)

Seen = TypeVar("Seen")


async def eventually(look: Callable[[], Awaitable[Seen]], expected: Seen) -> None:
    """Waits until what `look` sees equals `expected`."""
    deadline = time.monotonic() + WITHIN
    while (seen := await look()) != expected:
        if time.monotonic() > deadline:
            assert seen == expected
        await asyncio.sleep(0.05)


# A classic scroll bar takes a few pixels of the width.
LAID_OUT = """
(width) => {
  const seen = document.documentElement.clientWidth;
  return seen <= width && seen > width - 30;
}
"""
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


async def resize(page: Page, size: ViewportSize) -> None:
    """Give a page another size, and wait until it is laid out and drawn in it."""
    await page.set_viewport_size(size)
    await page.wait_for_function(LAID_OUT.strip(), arg=size["width"])
    await page.evaluate(DRAWN)


class Chat:
    """One of the chats of a page."""

    def __init__(self, root: Locator) -> None:
        self.root = root
        self.field = root.get_by_test_id("chat-input")
        self.waiting = root.get_by_test_id("chat-outbox").get_by_test_id("message")

    async def send(self, text: str) -> None:
        await self.field.fill(text)
        await self.root.get_by_test_id("chat-send").click()

    async def messages(self) -> list[dict[str, Any]]:
        """Everything in it, those on their way last."""
        return await self.root.evaluate(MESSAGES.strip())

    async def said(self, kind: str = "text") -> list[str]:
        """The stored messages of a kind, as they stand one below the other."""
        return [one["text"] for one in await self.messages() if one["kind"] == kind]

    async def sent_by_me(self) -> list[str]:
        """One's own messages that are marked as sent."""
        return [
            one["text"] for one in await self.messages() if one["own"] and one["state"] == "sent"
        ]

    async def shows(self, *texts: str) -> None:
        """Waits until these are its messages, in this order and nothing else."""
        await eventually(self.said, list(texts))


class Person:
    """A user at a browser of their own."""

    def __init__(
        self,
        username: str,
        context: BrowserContext,
        page: Page,
        *,
        url: str,
        password: str,
        new_session: Callable[[str], str] | None = None,
    ) -> None:
        self.username = username
        self.context = context
        self.page = page
        self.url = url
        self.problems: list[str] = []
        """Complaints of the browser."""
        self.frames: list[str] = []
        """The frames of WebSockets, and the states of the class by HTTP, in order of arrival."""
        self._password = password
        self._new_session = new_session
        self._tolerated: list[re.Pattern[str]] = []
        self._shots = itertools.count(1)
        self.phase = page.get_by_test_id("phase")
        self.countdown = page.get_by_test_id("countdown")
        self.chat = Chat(page.get_by_test_id("course-chat"))
        self.announcement = page.get_by_test_id("announcement")
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"{username}: {error.stack}"))
        page.on("websocket", self._socket)
        page.on("request", lambda request: self._asked(request.url))
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if not any(pattern.search(message.text) for pattern in self._tolerated):
            self.problems.append(f"{self.username} at {self.page.url}: {message.text}")

    def _asked(self, url: str) -> None:
        """Note a request for an address outside the path of the site as a problem."""
        asked = urlsplit(url)
        if asked.netloc and not asked.path.startswith(urlsplit(self.url).path):
            self.problems.append(f"{self.username} asked for {url}")

    def _socket(self, socket: WebSocket) -> None:
        self._asked(socket.url)
        socket.on("framereceived", lambda data: self.frames.append(str(data)))

    async def _response(self, response: Response) -> None:
        if response.ok and STATE.search(response.url):
            # There is no body if the page aborted the request.
            with contextlib.suppress(Error):
                self.frames.append(await response.text())

    def tolerate(self, pattern: str) -> None:
        """Do not count messages that match as problems: the test expects them."""
        self._tolerated.append(re.compile(pattern))

    async def give_credentials(self, password: str) -> None:
        """Fills the login page in; anybody who comes without a session lands on it."""
        await self.page.goto(self.url)
        await self.page.get_by_label("Username").fill(self.username)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Log in").click()

    async def log_in(self) -> None:
        await self.give_credentials(self._password)
        await expect(self.page.get_by_test_id("courses")).to_be_visible()

    async def come_back(self) -> None:
        """Open the list of courses in a browser in which the person has logged in before."""
        assert self._new_session is not None, "log in at this site"
        session = self._new_session(self.username)
        await self.context.add_cookies([{"name": "sessionid", "value": session, "url": self.url}])
        await self.page.goto(self.url)
        await expect(self.page.get_by_test_id("courses")).to_be_visible()

    async def enter(self) -> None:
        """Go from the list of courses to the class."""
        raise NotImplementedError

    async def connected(self) -> None:
        await expect(self.page.get_by_test_id("connection")).to_have_attribute(
            "data-state", "connected"
        )
        await expect(self.phase).not_to_have_attribute("data-phase", "loading")

    async def sees(self, phase: str) -> None:
        await expect(self.phase).to_have_attribute("data-phase", phase)

    async def look(self, name: str) -> None:
        """Check the whole page: nothing is too wide, and every control has a name."""
        if SHOTS:
            file = f"{self.username}-{next(self._shots):02}-{name}.png"
            await self.page.screenshot(path=Path(SHOTS) / file)
        await eventually(lambda: self.page.evaluate(TOO_WIDE.strip()), [])
        assert await self.unnamed() == []

    async def tab_to(self, place: str) -> None:
        """Presses Tab until the focus is there: a data-testid, or the text of a link or button."""
        reached = []
        for _ in range(100):
            await self.page.keyboard.press("Tab")
            reached.append(await self.page.evaluate(ACTIVE))
            if reached[-1] == place:
                return
        raise AssertionError(f"Tab leads only to {reached}")

    async def unnamed(self) -> list[str]:
        """Return the controls without a name for screen readers."""
        session = await self.context.new_cdp_session(self.page)
        tree = await session.send("Accessibility.getFullAXTree")
        await session.detach()
        return [
            f"{node['role']['value']} {node.get('backendDOMNodeId')}"
            for node in tree["nodes"]
            if not node["ignored"]
            and node["role"]["value"] in INPUTS
            and not node.get("name", {}).get("value", "").strip()
        ]

    def heard(self) -> list[dict[str, Any] | None]:
        """The frames that came, in order."""
        return [json.loads(frame) for frame in self.frames]

    def session(self) -> dict[str, Any]:
        """Return the last frame with a state of the class, announcements aside."""
        return next(
            frame
            for frame in reversed(self.heard())
            if frame and "deadline" in frame and frame["message"] != "announce"
        )


class Student(Person):
    """A student of the demo course."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.cast: list[dict[str, Any] | None] = [None, None]
        """The votes of the question that runs, as the server should have them."""
        self.partners = Chat(self.page.get_by_test_id("partner-chat"))
        self.vote_status = self.page.get_by_test_id("vote-status")

    @property
    def narrow(self) -> bool:
        assert self.page.viewport_size
        return self.page.viewport_size["width"] < 900

    async def enter(self) -> None:
        await self.page.get_by_role("link", name="Go to class").click()
        await self.connected()

    async def choose(self, choice: str) -> None:
        await (
            self.page.locator("label.choice")
            .filter(has=self.page.get_by_test_id(f"choice-{choice}"))
            .click()
        )

    async def vote(self, choice: str, *, confidence: int, rationale: str) -> None:
        await self.choose(choice)
        await (
            self.page.locator("label.step")
            .filter(has=self.page.get_by_test_id(f"confidence-{confidence}"))
            .click()
        )
        await self.page.get_by_test_id("rationale").fill(rationale)
        await self.page.get_by_test_id("vote-button").click()
        await self.voted(choice)
        self.cast[self.session()["round"] - 1] = {
            "choice": choice,
            "confidence": confidence,
            "rationale": rationale,
        }

    async def voted(self, choice: str) -> None:
        await expect(self.vote_status).to_have_attribute("data-state", "saved")
        await expect(self.vote_status).to_contain_text(f"Your vote: {choice}")

    async def has_partners(self, *usernames: str) -> None:
        partners = self.page.locator("peer-partners li.partner")
        await expect(partners).to_have_count(len(usernames))
        for username in usernames:
            await expect(self.page.get_by_test_id(f"partner-{username}")).to_be_visible()

    async def sees_partners_online(self) -> None:
        partners = self.page.locator("peer-partners li.partner")
        states = ["online"] * await partners.count()
        await expect(partners.locator(".partner-state")).to_have_text(states)

    async def open_course_chat(self) -> None:
        if self.narrow:
            await self.page.get_by_test_id("tab-chat").click()

    async def open_class(self) -> None:
        if self.narrow:
            await self.page.get_by_test_id("tab-class").click()

    async def view(self) -> dict[str, Any]:
        return await self.page.evaluate(VIEW.strip())

    async def counts_down(self) -> None:
        """The seconds shown are those left until the deadline."""
        await expect(self.countdown).to_be_visible()
        text, now = await self.page.evaluate(
            "() => [document.querySelector('peer-countdown').textContent, Date.now() / 1000]"
        )
        minutes, seconds = text.split(":")
        left = self.session()["deadline"] - now
        assert abs(int(minutes) * 60 + int(seconds) - math.ceil(left)) <= 1

    async def reload(self) -> None:
        """Reloads the page and finds everything as it was."""
        before, session = await self.view(), self.session()
        self.frames.append("null")  # so that what comes now is not taken for what came before
        response = await self.page.reload()
        assert response is not None
        if session["phase"] != "revealed":
            assert TELLING.findall(await response.text()) == []
        await self.connected()
        await eventually(self.view, before)
        after = self.session()
        for field in ("phase", "epoch", "question", "round", "deadline", "message"):
            assert after[field] == session[field], field
        votes = [vote and {**vote, "cast_at": None} for vote in after["votes"]]
        assert votes == [vote and {**vote, "cast_at": None} for vote in self.cast]
        if before["counting"]:
            await self.counts_down()

    async def knows_no_answer(self) -> None:
        """Check that neither the page nor any frame before the reveal gives the answer away."""
        assert TELLING.findall(await self.page.content()) == []
        assert self.leaks() == []

    def leaks(self) -> list[str]:
        """Frames that told of the answer or of others' votes while it was not revealed."""
        found, revealed = [], False
        for text in self.frames:
            frame = json.loads(text)
            if frame and "phase" in frame:
                revealed = frame["phase"] == "revealed"
            if not revealed and TELLING.search(text):
                found.append(text)
        return found


class Instructor(Person):
    """The instructor of the demo course."""

    async def enter(self) -> None:
        await self.page.get_by_role("link", name="Lead the class").click()
        await self.connected()

    async def press(self, step: str) -> None:
        """Press the button of a step of the class."""
        await self.page.get_by_test_id(step).click()

    async def start(self, question: str, *, seconds: int | None = None) -> None:
        await self.page.get_by_test_id("question-select").select_option(question)
        if seconds is not None:
            await self.page.get_by_test_id("seconds").fill(str(seconds))
        await self.press("start-question")
        await self.sees("vote")

    async def make_partners(self, groups: int) -> None:
        await self.press("make-partners")
        await expect(self.page.get_by_test_id("toast")).to_contain_text(
            f"{groups} group formed" if groups == 1 else f"{groups} groups formed"
        )

    async def announce(self, text: str) -> None:
        await self.page.get_by_test_id("announce-text").fill(text)
        await self.page.get_by_test_id("announce-send").click()
        await expect(self.page.get_by_test_id("announce-text")).to_have_value("")

    async def figure(self, name: str, text: str) -> None:
        """Waits until one of the live figures says so."""
        await expect(self.page.get_by_test_id(name)).to_have_text(text)


async def come(*people: Person, log_in: bool = False) -> None:
    """Have people come to the site and go to the class, all at the same time.

    Most have logged in before, as the log-in page and the hash of a password cost a second each.
    """

    async def one(person: Person) -> None:
        await (person.log_in() if log_in else person.come_back())
        await person.look("courses")
        await person.enter()

    await asyncio.gather(*map(one, people))
