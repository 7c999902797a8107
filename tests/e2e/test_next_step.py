"""A lecturer leads a class by a clicker, and by a phone."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import Instructor, come

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

TABS = 56
"""The height of the tabs at the lower edge of a phone, in pixels."""


async def click(lecturer: Instructor, step: str, why: str, *, key: str = "PageDown") -> None:
    """Take the next step by the clicker once it is this one, and says why."""
    await expect(lecturer.page.locator(".control-primary .button.primary")).to_have_attribute(
        "data-testid", step
    )
    await expect(lecturer.page.get_by_test_id("why")).to_have_text(why)
    await expect(lecturer.page.get_by_test_id(step)).to_be_enabled()
    await lecturer.look(step)
    await lecturer.page.keyboard.press(key)


async def fits(lecturer: Instructor, *names: str) -> None:
    """Check that these are on the first screen, without scrolling."""
    assert lecturer.page.viewport_size
    lowest = lecturer.page.viewport_size["height"] - TABS
    for name in names:
        box = await lecturer.page.get_by_test_id(name).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= lowest, (name, box)


@pytest.mark.long
async def test_a_clicker_and_a_phone_lead_the_class(classroom: Classroom) -> None:
    lecturer = await classroom.instructor()
    one, two = students = await asyncio.gather(classroom.student(1), classroom.student(2))
    await come(lecturer, *students)
    page = lecturer.page
    await lecturer.figure("online", "2")

    # The list of the keys covers the class: nothing moves behind it.
    await page.keyboard.press("?")
    keys = page.get_by_test_id("keys-dialog")
    await expect(keys).to_be_visible()
    await lecturer.look("keys")
    await page.keyboard.press("PageDown")
    await page.keyboard.press("PageUp")
    await expect(keys).to_be_hidden()
    # Letters that are typed are letters, and a clicker works from whatever field was used last.
    await page.get_by_test_id("announce-text").press_sequentially("vsrn?")
    await expect(page.get_by_test_id("announce-text")).to_have_value("vsrn?")
    await page.get_by_test_id("announce-text").fill("")
    await lecturer.sees("idle")
    await click(lecturer, "start-question", "Choose a question and start the vote.")
    await page.get_by_test_id("announce-text").blur()
    await lecturer.sees("vote")
    await one.vote("A", confidence=2, rationale="")
    await expect(page.get_by_test_id("turnout")).to_have_text("1 of 2 have voted")
    await two.vote("B", confidence=4, rationale="")
    await click(lecturer, "count-down", "Everyone has voted: close the vote.")
    await expect(page.get_by_test_id("extend")).to_be_enabled()
    await page.keyboard.press("+")
    await click(lecturer, "count-down", "Everyone has voted: close the vote.")
    await click(lecturer, "stop-vote", "The vote is about to close.")
    await lecturer.sees("vote_closed")
    # A letter that means nothing in this phase does nothing.
    await page.keyboard.press("v")
    await click(lecturer, "make-partners", "50 % are right: let them convince each other.")
    await click(lecturer, "enable-discussion", "1 group is formed: let the partners talk.")
    await lecturer.sees("discuss")
    # Twice at once is once.
    await click(
        lecturer,
        "start-revote",
        "Partners are discussing. Start the second vote when the discussion dies down.",
    )
    await page.keyboard.press("PageDown")
    await lecturer.sees("revote")
    await one.vote("B", confidence=4, rationale="")
    await two.vote("B", confidence=4, rationale="")
    await expect(page.get_by_test_id("turnout")).to_have_text("2 of 2 have voted")
    await page.keyboard.press("s")
    await lecturer.sees("revote_closed")
    await click(lecturer, "reveal", "50 % were right at first, 100 % are now: reveal and explain.")
    await lecturer.sees("revealed")

    phone = await classroom.instructor(phone=True)
    await come(phone)
    await phone.sees("revealed")
    await fits(phone, "phase", "start-question", "why")
    await phone.look("phone-revealed")
    await phone.page.get_by_test_id("start-question").tap()
    await phone.sees("vote")
    await phone.page.get_by_test_id("count-down-30").tap()
    await expect(phone.countdown).to_have_text(re.compile(r"0:[12]\d"))
    await phone.page.get_by_test_id("extend").tap()
    await expect(phone.countdown).to_have_text(re.compile(r"0:[345]\d"))
    await fits(phone, "phase", "countdown", "turnout", "count-down", "extend", "why")
    await phone.look("phone-vote")
    await phone.page.get_by_test_id("count-down").tap()
    await lecturer.sees("vote_closed")
    await expect(phone.page.get_by_test_id("why")).to_have_text(
        "Nobody has voted: open the vote again."
    )
    await phone.look("phone-closed")
    for student in students:
        assert student.leaks() == []
