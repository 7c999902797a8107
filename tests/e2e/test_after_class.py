"""After a class: its results, marks and downloads, and a question outside class up to its mark."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import (
    DESKTOP,
    PHONE,
    SHOTS,
    Instructor,
    Person,
    Student,
    come,
    eventually,
    resize,
)

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
    pytest.mark.parametrize("running", ["one_worker"], indirect=True),
]

QUESTION = "coin-at-the-top"
SAID = "Its velocity is 0 there, but $a = g$ all the time."
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def look_everywhere(person: Person, name: str) -> None:
    """Look at a page on a desktop and a phone, for people also in the dark.

    Wide tables scroll by themselves, the page does not.
    """
    page = person.page
    for viewport in (DESKTOP, PHONE):
        await resize(page, viewport)
        await eventually(lambda: page.evaluate(WIDE), 0)
        assert await person.unnamed() == []
        for scheme in ("light", "dark") if SHOTS else ():
            await page.emulate_media(color_scheme=scheme)
            file = f"{name}-{viewport['width']}-{scheme}.png"
            await page.screenshot(path=Path(SHOTS) / file, full_page=True)
    await page.emulate_media(color_scheme="light")


async def print_out(page: Page, name: str, folder: Path) -> int:
    """Print a page as PDF, and return the number of its sheets."""
    file = Path(SHOTS or folder) / f"{name}.pdf"
    await page.pdf(path=file, format="A4")
    return len(re.findall(rb"/Type\s*/Page\b", file.read_bytes()))


async def hold_class(instructor: Instructor, one: Student, two: Student) -> None:
    await instructor.start(QUESTION)
    await two.page.get_by_test_id("share-reasons").check()
    await one.vote("A", confidence=5, rationale="It stops there.")
    await two.vote("D", confidence=4, rationale="Gravity does not stop.")
    await instructor.press("stop-vote")
    await instructor.make_partners(1)
    await instructor.press("enable-chat")
    await two.has_partners("student1")
    await two.partners.send(SAID)
    await instructor.press("start-revote")
    await one.sees("revote")
    for student in (one, two):
        await student.choose("D")
        await student.page.get_by_test_id("vote-button").click()
        await student.voted("D")
    await instructor.press("stop-vote")
    await instructor.sees("revote_closed")
    await instructor.press("reveal")
    await instructor.sees("revealed")
    # What a class is at cannot be released.
    await instructor.press("next-question")
    await instructor.sees("idle")


async def look_back(student: Student, course: str) -> None:
    """Find the question of the class again: the answers, the result and the talk."""
    page = student.page
    await page.goto(f"{course}mine/")
    await expect(page.get_by_test_id("mine-row")).to_have_count(1)
    await look_everywhere(student, "mine")
    await page.get_by_test_id("mine-row").get_by_role("link").click()
    await expect(page.get_by_test_id("own-vote")).to_have_count(2)
    await expect(page.get_by_test_id("talk")).to_contain_text("Its velocity is 0 there")
    await page.get_by_test_id("bookmark").click()
    await expect(page.get_by_test_id("bookmark")).to_have_attribute("aria-pressed", "true")
    await look_everywhere(student, "mine-question")


async def answer_outside(student: Student, course: str) -> None:
    """Answer the released question, which is the only one, twice, and say what convinced."""
    page = student.page
    await page.goto(f"{course}outside/")
    await look_everywhere(student, "outside")
    await page.get_by_test_id("outside-row").get_by_role("link").click()
    take = page.get_by_test_id("take")
    await page.get_by_test_id("begin").click()
    await expect(take).to_have_attribute("data-step", "answer")
    await page.locator("label.choice", has=page.get_by_test_id("choice-A")).click()
    await page.get_by_test_id("reason").fill("It stops there.")
    await look_everywhere(student, "take-answer")
    await page.get_by_test_id("send").click()
    await expect(take).to_have_attribute("data-step", "between")
    # The reason of somebody who consented.
    await expect(page.get_by_test_id("reasons")).to_contain_text("Gravity does not stop.")
    await look_everywhere(student, "take-between")
    await page.locator("label.choice", has=page.get_by_test_id("choice-D")).click()
    await page.get_by_test_id("send").click()
    await expect(take).to_have_attribute("data-step", "pick")
    await page.get_by_test_id("pick-reason").first.check()
    await look_everywhere(student, "take-pick")
    await page.get_by_test_id("send").click()
    await expect(take).to_have_attribute("data-step", "done")
    await expect(page.get_by_test_id("second-verdict")).to_contain_text("right")
    await look_everywhere(student, "take-result")


@pytest.mark.long
async def test_what_a_class_leaves(classroom: Classroom, tmp_path: Path) -> None:
    instructor = await classroom.instructor()
    one, two = await classroom.student(1), await classroom.student(2, phone=False)
    await come(instructor, one, two)
    course = instructor.page.url.removesuffix("instructor/")
    await hold_class(instructor, one, two)
    page = instructor.page

    # What came of it: one of two was right before, both after.
    await page.goto(f"{course}results/")
    await expect(page.get_by_test_id("classes")).to_be_visible()
    await look_everywhere(instructor, "results")
    await page.goto(f"{course}results/questions/{QUESTION}/")
    await expect(page.get_by_test_id("flow-table")).to_be_attached()
    await look_everywhere(instructor, "results-question")
    await page.goto(f"{course}results/summary/")
    await look_everywhere(instructor, "results-summary")
    await resize(page, DESKTOP)
    assert await print_out(page, "summary", tmp_path) == 1
    await look_back(one, course)

    # A question is released; whoever missed the class answers it by themselves.
    await page.goto(f"{course}results/questions/{QUESTION}/")
    await page.get_by_test_id("release-link").click()
    await expect(page.get_by_label("What")).to_have_value(f"question:{QUESTION}")
    await page.get_by_test_id("release").click()
    await expect(page.get_by_text("Released.")).to_be_visible()
    await look_everywhere(instructor, "release")
    await page.goto(f"{course}releases/")
    await expect(page.get_by_test_id("release-row")).to_have_count(1)
    await look_everywhere(instructor, "releases")
    late = await classroom.student(3)
    await late.come_back()
    await answer_outside(late, course)

    # It counts once the lecturer says so, and the student sees that.
    await page.goto(f"{course}marks/")
    await page.get_by_test_id("rules").locator("summary").click()
    await page.locator("[name=released]").fill("100")
    await page.get_by_test_id("save-rules").click()
    await expect(page.get_by_test_id("said")).to_be_visible()
    await expect(page.get_by_test_id("marks")).to_be_visible()
    await look_everywhere(instructor, "marks")
    await resize(page, DESKTOP)
    assert await print_out(page, "marks", tmp_path)
    await late.page.goto(f"{course}my-marks/")
    await expect(late.page.get_by_role("main")).to_contain_text(re.compile(r"[1-9]"))
    await look_everywhere(late, "my-marks")

    # All of it in one file.
    await page.goto(f"{course}exports/")
    await look_everywhere(instructor, "exports")
    async with page.expect_download() as found:
        await page.get_by_test_id("download").click()
    download = await found.value
    path = tmp_path / "course.zip"
    await download.save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert b"Gravity does not stop." in archive.read("votes.csv")
        assert b"student3" not in archive.read("takes.csv")
