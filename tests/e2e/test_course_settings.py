"""A course of a lecturer's own: it is made, changed and archived while its pages are open."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import DESKTOP, PHONE, SHOTS, Person, resize

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def look_from_everywhere(person: Person, name: str) -> None:
    """Look at a page on a phone and a desktop, and for people in light and dark."""
    for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
        await resize(person.page, viewport)
        for scheme in ("light", "dark") if SHOTS else ("light",):
            await person.page.emulate_media(color_scheme=scheme)
            await person.look(f"{name}-{size}-{scheme}")
    await person.page.emulate_media(color_scheme="light")


async def saved(page: Page, text: str) -> None:
    await expect(page.get_by_test_id("said")).to_contain_text(text)


@pytest.mark.parametrize("running", ["one_worker"], indirect=True)
@pytest.mark.long
async def test_a_lecturer_makes_changes_and_archives_a_course(classroom: Classroom) -> None:
    lecturer, student = await classroom.instructor(), await classroom.student(1, phone=False)
    page, site = lecturer.page, classroom.url.rstrip("/")
    await lecturer.log_in()
    await look_from_everywhere(lecturer, "courses")

    # Two clicks and a title after the log-in, the lecturer leads a class.
    await page.get_by_test_id("new-course").click()
    await page.get_by_label("Title").fill("Physics 101")
    await page.locator("summary").click()
    await page.get_by_label("Address").fill("physics101")
    await page.get_by_test_id("make-course").click()
    await expect(page.get_by_text("Another course has this address.")).to_be_visible()
    await look_from_everywhere(lecturer, "new-course-refused")
    await page.get_by_label("Address").fill("")
    await page.get_by_test_id("make-course").click()
    await expect(page).to_have_url(re.compile("/courses/physics-101/instructor/$"))
    await look_from_everywhere(lecturer, "new-class")
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_label("Username or e-mail address").first.fill("student1")
    await page.get_by_test_id("add-leader").click()
    await saved(page, "leads the course now")
    await look_from_everywhere(lecturer, "settings")

    # The demo's course has a student, who is there, and settings that are open twice.
    await student.log_in()
    await student.page.goto(f"{site}/courses/physics101/")
    await student.connected()
    await page.goto(f"{site}/courses/physics101/settings/")
    other = await lecturer.context.new_page()
    await other.goto(f"{site}/courses/physics101/settings/")
    await other.get_by_test_id("rename-form").get_by_label("Title").fill("Mechanics <1>")
    await other.get_by_test_id("rename-form").get_by_label("Address").fill("mechanics")
    await other.get_by_test_id("save-names").click()
    await saved(other, "Saved.")
    for one in (page, student.page):
        await expect(one.locator(".course-title")).to_have_text("Mechanics <1>")
        await expect(one).to_have_title(re.compile("^Mechanics <1>"))
        await expect(one).to_have_url(re.compile("/courses/mechanics/"))
    await expect(page.get_by_test_id("rename-form").get_by_label("Title")).to_have_value(
        "Mechanics <1>"
    )

    # What somebody is typing stays.
    await page.get_by_test_id("rename-form").get_by_label("Title").fill("Statics")
    await other.get_by_test_id("add-form").get_by_label("Username").fill("student1")
    await other.get_by_test_id("add-leader").click()
    await expect(student.page.get_by_role("link", name="Lead the class")).to_be_visible()
    await expect(page.get_by_test_id("settings-stale")).to_be_visible()
    await expect(page.get_by_test_id("rename-form").get_by_label("Title")).to_have_value("Statics")
    await look_from_everywhere(lecturer, "settings-stale")

    await page.goto(f"{site}/courses/mechanics/instructor/")
    await expect(page.get_by_test_id("archived")).to_be_hidden()
    await other.get_by_test_id("sure").check()
    await other.get_by_test_id("archive").click()
    await saved(other, "The course is archived.")
    for one in (page, student.page):
        await expect(one.get_by_test_id("archived")).to_be_visible()
    await expect(student.chat.field).to_be_disabled()
    # Nothing waits for a class any more, but the way to their answers stays.
    await expect(student.page.get_by_test_id("idle-more")).to_be_visible()
    await expect(student.page.get_by_text("Keep this page open.")).to_be_hidden()
    await expect(page.get_by_test_id("questions")).to_be_visible()
    await expect(page.get_by_role("button", name="Choose")).to_have_count(0)
    await expect(page.get_by_test_id("open-joining")).to_be_hidden()
    await look_from_everywhere(lecturer, "archived-class")
    await look_from_everywhere(student, "archived-student")
    await page.goto(f"{site}/")
    await page.get_by_text("1 archived course").click()
    await look_from_everywhere(lecturer, "courses-archived")
    await page.get_by_test_id("course-mechanics").get_by_role("link", name="Settings").click()
    await look_from_everywhere(lecturer, "settings-archived")
    await page.get_by_test_id("restore").click()
    await expect(student.page.get_by_test_id("archived")).to_be_hidden()
    await expect(student.chat.field).to_be_enabled()
