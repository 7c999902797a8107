"""A lecturer tries a class out with simulated students, with the first click after the log-in."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import DESKTOP, PHONE, Person, Student, eventually, resize

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

QUESTION = "lift-at-constant-speed"


async def look_everywhere(person: Person, name: str) -> None:
    """Look at a page on a phone and at a desk, in light and dark."""
    for width, size in (("phone", PHONE), ("desk", DESKTOP)):
        for scheme in ("light", "dark"):
            await resize(person.page, size)
            await person.page.emulate_media(color_scheme=scheme)
            await person.look(f"{name}-{width}-{scheme}")
    await person.page.emulate_media(color_scheme="light")


@pytest.mark.long
async def test_a_class_with_simulated_students(classroom: Classroom) -> None:
    lecturer = await classroom.instructor()
    page = lecturer.page
    await lecturer.come_back()
    await look_everywhere(lecturer, "courses")
    await page.get_by_role("link", name="What is this?").click()
    await look_everywhere(lecturer, "explained")
    await page.get_by_role("link", name="Back to the class").click()
    await lecturer.connected()
    await look_everywhere(lecturer, "real-class")

    await page.get_by_test_id("try-physics101").click()
    await expect(page.get_by_test_id("try-bar")).to_be_visible()
    await lecturer.connected()
    await lecturer.figure("online", "30")
    await look_everywhere(lecturer, "idle")
    async with lecturer.context.expect_page() as opened:
        await page.get_by_test_id("try-student").click()
    tab = await opened.value
    you = Student("you", lecturer.context, tab, url=classroom.url, password="")
    classroom.people.append(you)
    await you.connected()
    await lecturer.figure("online", "31")
    await look_everywhere(you, "idle")

    await lecturer.start(QUESTION)
    await you.sees("vote")
    await you.choose("A")
    await you.page.get_by_test_id("vote-button").click()
    await you.voted("A")
    await eventually(lambda: at_least(lecturer, "votes-1", 10), True)
    await look_everywhere(lecturer, "voting")
    await lecturer.press("count-down")
    await lecturer.sees("vote_closed")
    await lecturer.figure("votes-1", "29 of 31")
    await lecturer.press("make-partners")
    await expect(page.get_by_test_id("toast")).to_contain_text("groups formed")
    await lecturer.press("enable-chat")
    await you.sees("discuss")
    await expect(you.page.locator("peer-partners li.partner").first).to_be_visible()
    await you.partners.send("Why do you think so?")
    await eventually(lambda: answered(you), True)
    await look_everywhere(you, "chat")
    await look_everywhere(lecturer, "discuss")

    await lecturer.press("start-revote")
    await you.sees("revote")
    await eventually(lambda: at_least(lecturer, "votes-2", 15), True)
    await lecturer.press("count-down")
    await lecturer.sees("revote_closed")
    await lecturer.press("reveal")
    await you.sees("revealed")
    await look_everywhere(lecturer, "revealed")

    await page.get_by_test_id("try-end").click()
    await expect(page.get_by_test_id("try-ended")).to_be_visible()
    await look_everywhere(lecturer, "ended")
    await expect(you.page.get_by_test_id("logged-out")).to_be_visible()
    await look_everywhere(you, "ended")
    left = "SELECT slug FROM peerchat_rooms_course"
    assert classroom.site.store.rows(left) == [("physics101",)]


async def at_least(person: Person, figure: str, wanted: int) -> bool:
    text = await person.page.get_by_test_id(figure).inner_text()
    return text.split()[0].isdigit() and int(text.split()[0]) >= wanted


async def answered(you: Student) -> bool:
    """Return whether a partner has written after one's own message."""
    said: list[dict[str, Any]] = await you.partners.messages()
    own = [place for place, one in enumerate(said) if one["own"]]
    return bool(own) and any(not one["own"] for one in said[own[-1] + 1 :])
