"""The screen of the hall in a browser: nothing leaks, and everything is legible."""

import json
from pathlib import Path

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import SHOTS, TELLING, come, eventually, resize

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

SIZES: tuple[ViewportSize, ...] = (
    {"width": 1920, "height": 1080},
    {"width": 1024, "height": 768},
    {"width": 1280, "height": 720},
    {"width": 360, "height": 740},
)
SHORT = "coin-at-the-top"
LONG = "lift-at-constant-speed"
LONG_PROMPT = (
    "A lift moves upwards at a constant speed, and so on. " * 37
).strip()  # nearly 2,000 characters

# What is cut off or needs scrolling: nothing on a projector.
CUT = """
() => [...document.querySelectorAll(
  "[data-part=box], [data-part=announcement], [data-part=groups], .screen, html"
)].filter((one) => one.checkVisibility() && (
  one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1
)).map((one) => `${one.className}: ${one.scrollWidth}x${one.scrollHeight}`)
"""
SIZE = "() => parseFloat(getComputedStyle(document.querySelector('[data-part=content]')).fontSize)"


class Screen:
    """A projector: its page, the frames that it got and the sources of its pages."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[str] = []
        self._number = 0
        page.on(
            "websocket",
            lambda socket: socket.on("framereceived", lambda data: self.frames.append(str(data))),
        )

    async def sees(self, phase: str) -> None:
        await expect(self.page.locator("peer-screen")).to_have_attribute("data-phase", phase)

    async def look(self, name: str, *, least: float = 20) -> None:
        """Check every size, and that nothing was told before its time."""
        self._number += 1
        for size in SIZES:
            await resize(self.page, size)
            await self.page.wait_for_timeout(150)  # until the sizes are found
            if SHOTS:
                file = f"screen-{self._number:02}-{name}-{size['width']}.png"
                await self.page.screenshot(path=Path(SHOTS) / file)
            if size["width"] > 1000:
                await eventually(lambda: self.page.evaluate(CUT.strip()), [])
                assert await self.page.evaluate(SIZE) >= least * size["width"] / 1920
        await resize(self.page, SIZES[0])

    async def knows_nothing(self, *, bars: bool = False) -> None:
        """Check that neither the page nor any frame told of the answer, or of the votes."""
        assert TELLING.findall(await self.page.content()) == []
        heard = [frame for frame in self.frames if TELLING.search(frame)]
        assert bool(heard) is bars
        assert all("correct" not in json.loads(frame) for frame in heard)


@pytest.mark.long
async def test_a_class_on_the_projector(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    students = [await classroom.student(1), await classroom.student(2)]
    await come(instructor, *students)
    page = await instructor.context.new_page()
    await page.goto(f"{instructor.page.url.removesuffix('instructor/')}screen/")
    menu = page.get_by_test_id("screen-menu")
    await menu.locator("summary").click()
    await page.get_by_test_id("make-link").click()
    link = await page.get_by_test_id("screen-link").input_value()
    async with page.expect_response("**/screen/change/"):
        await page.get_by_test_id("shows-partners").check()
    await page.close()

    hall = await classroom.visitor("nobody")
    screen = Screen(hall.page)
    await hall.page.goto(link)
    await screen.sees("idle")
    await expect(hall.page.locator(".screen-idle")).to_contain_text("2 students are here")
    await screen.look("idle")

    await instructor.start(SHORT)
    await screen.sees("vote")
    await students[0].vote("A", confidence=2, rationale="")
    await students[1].vote("B", confidence=2, rationale="")
    await expect(hall.page.get_by_test_id("screen-votes")).to_have_text("2 of 2 voted")
    await instructor.announce("The exercise class on Friday is in room 2.14 instead of 2.13.")
    await expect(hall.page.get_by_test_id("screen-announcement")).to_be_visible()
    await instructor.press("count-down-30")
    await expect(hall.page.get_by_test_id("screen-clock")).to_be_visible()
    await screen.look("vote")
    await screen.knows_nothing()
    await instructor.press("stop-vote")
    await screen.sees("vote_closed")
    await screen.knows_nothing()

    await instructor.press("show-bars")
    bars = hall.page.locator(".screen-bar")
    await expect(bars).to_have_count(await hall.page.locator(".screen-choice").count())
    await screen.look("bars")
    await screen.knows_nothing(bars=True)
    await instructor.press("show-bars")
    await expect(bars).to_have_count(0)
    await instructor.make_partners(1)
    await instructor.press("enable-face-chat")
    await screen.sees("discuss")
    await expect(hall.page.get_by_test_id("screen-partners")).to_contain_text("1")
    await screen.look("discuss")
    await instructor.press("start-revote")
    await screen.sees("revote")
    await students[0].vote("B", confidence=2, rationale="")
    await instructor.press("stop-vote")
    await screen.sees("revote_closed")
    await instructor.press("reveal")
    await screen.sees("revealed")
    await expect(hall.page.locator(".screen-choice[data-correct]")).to_have_count(1)
    await screen.look("revealed")

    # Even the longest question is there as a whole.
    classroom.site.store.rows(
        f"UPDATE peerchat_rooms_question SET prompt = '{LONG_PROMPT}' "
        f"WHERE slug = '{LONG}' RETURNING 1"
    )
    await instructor.start(LONG)
    await screen.sees("vote")
    await expect(hall.page.get_by_test_id("screen-prompt")).to_have_text(LONG_PROMPT)
    await screen.look("long", least=18)
    await instructor.press("stop-vote")
    await instructor.press("reveal")
    await screen.sees("revealed")
    await screen.look("long-revealed", least=16)

    # Where no socket can be opened, requests bring the same.
    network = await classroom.network(upgrades=False)
    over_http = await hall.context.new_page()
    await over_http.goto(link.replace(classroom.url, network.url))
    shown = over_http.locator("peer-screen")
    await expect(shown).to_have_attribute("data-phase", "revealed")
    await instructor.press("next-question")
    await expect(shown).to_have_attribute("data-phase", "idle")

    # The link ends, and with it the screens.
    await hall.page.reload()
    await screen.sees("idle")
    page = await instructor.context.new_page()
    await page.goto(f"{instructor.page.url.removesuffix('instructor/')}screen/?menu")
    await page.get_by_test_id("end-link").click()
    for ended in (hall.page, over_http):
        await expect(ended.get_by_test_id("screen-over")).to_be_visible()
    await page.close()
