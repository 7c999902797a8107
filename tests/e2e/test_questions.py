"""Lecturers write questions on the pages of the course, also while a class is asked one."""

import asyncio
import re

import pytest
from playwright.async_api import FrameLocator, Locator, Page, Route, expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import DESKTOP, PHONE, SHOTS, Person, come, resize

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

PROMPT = "A lift goes up at $v = 2$ m/s.\n\nWhich force is larger?"
ARABIC = "أي قوة أكبر؟"


async def look_from_everywhere(person: Person, name: str) -> None:
    """Look at a page on a desktop and a phone, and for people in light and dark."""
    for size, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
        await resize(person.page, viewport)
        for scheme in ("light", "dark") if SHOTS else ("light",):
            await person.page.emulate_media(color_scheme=scheme)
            await person.look(f"{name}-{size}-{scheme}")
    await person.page.emulate_media(color_scheme="light")
    await resize(person.page, DESKTOP)


def part(page: Page, name: str) -> Locator:
    return page.get_by_test_id(name)


async def is_saved(page: Page) -> None:
    await expect(part(page, "save-state")).to_have_attribute("data-state", "saved")


async def write(page: Page, name: str, text: str) -> None:
    await part(page, name).fill(text)


async def preview(page: Page, view: str, phase: str) -> FrameLocator:
    """Choose what the preview shows, and return its frame."""
    await page.locator("label", has=part(page, f"view-{view}")).click()
    await page.locator("label", has=part(page, f"phase-{phase}")).click()
    return page.frame_locator(f"[data-testid=frame-{view}]")


async def write_the_lift(page: Page) -> None:
    await page.get_by_test_id("new-question").click()
    await expect(page).to_have_url(re.compile("/questions/question/$"))
    await write(page, "title", "The lift")
    await write(page, "prompt", PROMPT)
    await write(page, "text-A", "the pull of the **rope**")
    await write(page, "text-B", ARABIC)
    await part(page, "add-choice").click()
    await write(page, "text-C", "neither")
    await page.locator("label", has=part(page, "is-ready")).click()
    await expect(part(page, "draft-words")).to_contain_text("1 thing is missing")
    await expect(page.get_by_text("Mark which choice is right.")).to_be_visible()
    await part(page, "correct-C").check()
    await write(page, "explanation", "It does not accelerate: $F_1 = F_2$.")
    await write(page, "tags", "forces, week 3")
    await is_saved(page)
    await expect(part(page, "draft-words")).to_have_text("A class can be asked this question.")
    # It has a name now.
    await expect(page).to_have_url(re.compile("/questions/the-lift/$"))


@pytest.mark.long
async def test_lecturers_write_questions_together_and_during_a_vote(classroom: Classroom) -> None:
    one, two = await classroom.instructor(), await classroom.instructor()
    student = await classroom.student(1)
    await one.come_back()
    site = classroom.url.rstrip("/")
    page = one.page
    await page.goto(f"{site}/courses/physics101/questions/")
    await look_from_everywhere(one, "questions")
    await write_the_lift(page)
    await look_from_everywhere(one, "editor")

    # Beside it stands what students and the hall will see.
    frame = await preview(page, "phone", "vote")
    await expect(frame.get_by_test_id("prompt")).to_contain_text("Which force is larger?")
    await expect(frame.locator("strong", has_text="rope")).to_be_visible()
    await frame.get_by_text("neither").click()
    await frame.get_by_test_id("vote-button").click()
    await expect(frame.get_by_test_id("vote-status")).to_contain_text("Your vote: C")
    await one.look("preview-vote")
    frame = await preview(page, "phone", "result")
    await expect(frame.get_by_test_id("verdict")).to_contain_text("C")
    await one.look("preview-result")
    frame = await preview(page, "hall", "vote")
    await expect(frame.get_by_test_id("screen-prompt")).to_contain_text("Which force is larger?")
    await expect(frame.get_by_test_id("screen-choice-C")).not_to_have_attribute("data-correct", "")
    await one.look("preview-hall")
    frame = await preview(page, "hall", "result")
    await expect(frame.get_by_test_id("screen-choice-C")).to_have_attribute("data-correct", "")
    await one.look("preview-hall-result")
    await resize(page, PHONE)
    await part(page, "tab-preview").click()
    await one.look("preview-on-a-phone")
    await part(page, "tab-write").click()
    await resize(page, DESKTOP)

    for person in (one, two):
        person.tolerate("409")
    # Two people at once, at different parts of it: both stay, without a word.
    await two.come_back()
    other = two.page
    await other.goto(page.url)
    await asyncio.gather(
        write(page, "title", "Lifts"), write(other, "explanation", "No acceleration.")
    )
    for side in (page, other):
        await is_saved(side)
        await expect(part(side, "title")).to_have_value("Lifts")
        await expect(part(side, "explanation")).to_have_value("No acceleration.")

    # At the same part: the later one chooses, and until then nothing of either is lost.
    await other.context.set_offline(True)
    two.tolerate("ERR_INTERNET_DISCONNECTED|WebSocket")
    await write(other, "prompt", "Written in the tunnel")
    await write(other, "follow-up", "And downwards?")
    await expect(part(other, "save-state")).to_have_attribute("data-state", "offline")
    await write(page, "prompt", "Written in the office")
    await is_saved(page)
    await other.context.set_offline(False)
    await expect(part(other, "conflict")).to_be_visible()
    await expect(part(other, "difference-prompt")).to_contain_text("Written in the office")
    await expect(part(other, "difference-prompt")).to_contain_text("Written in the tunnel")
    await look_from_everywhere(two, "conflict")
    # A reload in the middle of it loses nothing either.
    await other.reload()
    await expect(part(other, "conflict")).to_be_visible()
    await part(other, "theirs-prompt").check()
    await part(other, "resolve").click()
    for side in (other, page):
        await is_saved(side)
        await expect(part(side, "prompt")).to_have_value("Written in the office")
        await expect(part(side, "follow-up")).to_have_value("And downwards?")

    # A reload before anything was saved.
    async def fail(route: Route) -> None:
        await (route.abort() if route.request.method == "PUT" else route.fallback())

    one.tolerate("ERR_FAILED")
    await page.route("**/questions/the-lift/", fail)
    await write(page, "prompt", PROMPT)
    await expect(part(page, "save-state")).to_have_attribute("data-state", "offline")
    await page.reload()
    await expect(part(page, "prompt")).to_have_value(PROMPT)
    await page.unroute("**/questions/the-lift/")
    await is_saved(page)

    # The kind is switched and what was typed is still there.
    await part(page, "kind").select_option("number")
    await write(page, "number", "9,81")
    await write(page, "tolerance", "much")
    await expect(
        page.get_by_text("The tolerance must be a number, 0 or more.", exact=True)
    ).to_be_visible()
    await one.look("editor-number")
    await write(page, "tolerance", "0.1")
    await is_saved(page)
    await part(page, "kind").select_option("single")
    await expect(part(page, "text-C")).to_have_value("neither")
    await is_saved(page)

    # It is asked, and edited meanwhile: the class goes on as it was asked.
    await other.goto(f"{site}/courses/physics101/instructor/")
    await come(student)
    await other.get_by_test_id("question-the-lift").locator("[data-part=pick]").click()
    await two.press("start-question")
    await student.sees("vote")
    await expect(part(page, "asked-now")).to_be_visible()
    await write(page, "prompt", "Edited during the vote")
    await write(page, "text-A", "Edited, too")
    await page.get_by_label("Remove choice C").click()
    await part(page, "correct-A").check()
    await is_saved(page)
    await one.look("editor-asked-now")
    await student.choose("C")
    await student.page.get_by_test_id("vote-button").click()
    await student.voted("C")
    await two.press("stop-vote")
    await two.sees("vote_closed")
    await two.press("reveal")
    await student.sees("revealed")
    text = await student.page.get_by_test_id("question").inner_text()
    assert "Which force is larger?" in text
    assert "neither" in text
    assert "Edited" not in text
    await expect(student.page.get_by_test_id("verdict")).to_contain_text("You got it right.")

    # The order, by keyboard alone.
    await page.goto(f"{site}/courses/physics101/questions/")
    rows = page.locator(".question-row")
    count = await rows.count()
    await expect(rows.nth(count - 1)).to_have_attribute("data-question", "the-lift")
    await part(page, "question-the-lift").locator("[data-part=title]").focus()
    async with page.expect_response("**/questions/order/"):
        await page.keyboard.press("Alt+ArrowUp")
    await expect(page.locator("#live")).to_contain_text(f"place {count - 1} of {count}")
    # And with the mouse.
    await part(page, "question-the-lift").locator("[data-part=handle]").hover()
    target = await rows.nth(count - 4).bounding_box()
    assert target is not None
    async with page.expect_response("**/questions/order/"):
        await page.mouse.down()
        await page.mouse.move(target["x"] + 20, target["y"] + target["height"] / 2 + 4, steps=6)
        await page.mouse.move(target["x"] + 20, target["y"] + 4, steps=6)
        await page.mouse.up()
    await page.reload()
    await expect(rows.nth(count - 4)).to_have_attribute("data-question", "the-lift")
    await look_from_everywhere(one, "questions-ordered")
