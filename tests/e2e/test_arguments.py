"""A class says what convinced it, the hall sees an argument, and a twin shows who understood."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import DESKTOP, PHONE, SHOTS, TELLING, Person, Student, come, resize

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

ORIGINAL, TWIN = "coin-at-the-top", "lift-at-constant-speed"
ARGUMENT = "Its velocity is 0 there, but $a = g$ all the time: <b>otherwise it would stay</b>."


async def look_everywhere(person: Person, name: str, part: str) -> None:
    """Look at a part of a page on a desktop and a phone, and for people in light and dark."""
    size = person.page.viewport_size
    assert size is not None
    for viewport in (DESKTOP, PHONE):
        await resize(person.page, viewport)
        await person.page.get_by_test_id(part).scroll_into_view_if_needed()
        for scheme in ("light", "dark") if SHOTS else ("light",):
            await person.page.emulate_media(color_scheme=scheme)
            await person.look(f"{name}-{viewport['width']}-{scheme}")
    await person.page.emulate_media(color_scheme="light")
    await resize(person.page, size)


async def shoot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png")


async def choose_the_twin(page: Page, course: str) -> None:
    """Make one question the twin of the other, on its page."""
    await page.goto(f"{course}questions/{TWIN}/")
    await page.get_by_test_id("twin-of").select_option(ORIGINAL)
    await expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved")
    await shoot(page, "twin-editor")
    await page.goto(f"{course}questions/")
    row = page.get_by_test_id(f"question-{TWIN}")
    await expect(row.get_by_test_id("twin-of")).to_contain_text("twin of")
    await shoot(page, "twin-list")


async def quick_vote(student: Student, choice: str) -> None:
    await student.choose(choice)
    await student.page.get_by_test_id("vote-button").click()
    await student.voted(choice)


@pytest.mark.parametrize("running", ["one_worker"], indirect=True)
@pytest.mark.long
async def test_what_convinced_and_who_understood(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    one, two = await classroom.student(1), await classroom.student(2, phone=False)
    await come(instructor, one, two)
    page, course = instructor.page, instructor.page.url.removesuffix("instructor/")
    hall = await instructor.context.new_page()
    await choose_the_twin(hall, course)
    await hall.goto(f"{course}screen/")

    await instructor.start(ORIGINAL)
    await two.page.get_by_test_id("share-reasons").check()
    await one.vote("A", confidence=2, rationale="It stops there.")
    await two.vote("D", confidence=5, rationale="Gravity does not stop.")
    await instructor.press("stop-vote")
    await instructor.make_partners(1)
    await instructor.press("enable-chat")
    await two.has_partners("student1")
    await two.partners.send(ARGUMENT)
    await one.sees("discuss")
    await instructor.press("start-revote")

    # The card comes with the vote; a line is chosen by the keyboard, and changed by a tap.
    card = one.page.get_by_test_id("convinced")
    await one.sees("revote")
    await expect(card).to_be_hidden()
    await quick_vote(one, "D")
    await expect(card).to_be_visible()
    status = card.get_by_test_id("convinced-status")
    await one.tab_to("convinced-reason")
    await one.page.keyboard.press("Enter")
    await expect(status).to_contain_text("Thank you")
    line = card.get_by_test_id("convinced-message")
    await expect(line).to_contain_text("<b>otherwise it would stay</b>")
    await line.click()
    await expect(line).to_have_attribute("aria-pressed", "true")
    await expect(card.get_by_test_id("convinced-reason")).to_have_attribute("aria-pressed", "false")
    await look_everywhere(one, "convinced", "convinced-status")
    await one.page.reload()
    await one.connected()
    await expect(line).to_have_attribute("aria-pressed", "true")
    await quick_vote(two, "D")
    await two.page.get_by_test_id("convinced-thought").click()
    await instructor.press("stop-vote")
    await instructor.sees("revote_closed")

    # The lecturer shows the argument in the hall, which tells nothing of the answer.
    found = page.get_by_test_id("arguments")
    await expect(found.get_by_test_id("argument")).to_have_count(1)
    await expect(found.get_by_test_id("argument-choice")).to_have_text("argued for D")
    await expect(found.get_by_test_id("argument-votes")).to_contain_text("convinced 1 student")
    await expect(found).not_to_contain_text("student2")
    await found.get_by_test_id("argument-show").click()
    quote = hall.get_by_test_id("screen-argument")
    await expect(quote).to_contain_text("<b>otherwise it would stay</b>")
    await expect(quote).to_contain_text("argued for D")
    assert TELLING.findall(await hall.content()) == []
    await expect(found.get_by_test_id("argument-show")).to_have_text("Hide in the hall")
    await look_everywhere(instructor, "arguments", "argument")
    await shoot(hall, "hall-argument")
    await instructor.press("reveal")
    await instructor.sees("revealed")
    await expect(hall.get_by_text("Correct", exact=True)).to_be_visible()
    await shoot(hall, "hall-argument-revealed")
    await resize(hall, PHONE)
    await shoot(hall, "hall-argument-phone")
    await page.keyboard.press("a")
    await expect(quote).to_be_hidden()
    for student in (one, two):
        assert not [frame for frame in student.frames if "became_right" in frame]

    # Everyone votes on the twin alone. One of the two fails it.
    await look_everywhere(instructor, "twin-offer", "ask-twin")
    await instructor.press("ask-twin")
    await instructor.sees("vote")
    await quick_vote(one, "B")
    await quick_vote(two, "C")
    await instructor.press("stop-vote")
    await instructor.sees("vote_closed")
    await expect(page.get_by_test_id("twin-alone")).to_be_visible()
    await expect(page.get_by_test_id("control").locator("button.primary")).to_have_text(
        "Reveal the answer"
    )
    await instructor.press("reveal")
    await instructor.sees("revealed")
    counted = {"both-right": "1", "right-then-wrong": "1"}
    for name, text in counted.items():
        await instructor.figure(f"twin-{name}", text)
    await expect(page.get_by_test_id("twin-copied")).to_contain_text("Probably copied: 1")
    await look_everywhere(instructor, "twin-result", "twin-copied")
