"""A class of which half is in the hall and half elsewhere."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import DESKTOP, PHONE, SHOTS, Student, come, resize

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

QUESTION = "lift-at-constant-speed"
ASK = """
async () => {
  const { api, course, csrf } = document.querySelector("peer-dashboard").dataset;
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrf };
  const body = JSON.stringify({ place: true, seat: true });
  const url = `${api}courses/${course}/class-settings/`;
  return (await fetch(url, { method: "PATCH", headers, body })).status;
}
"""
ARGUMENT = (
    "At constant speed nothing accelerates, so the forces on the lift cancel: the cable pulls "
    "exactly as much as the weight does. It only pulls more while the lift gets faster, and less "
    "while it slows down, which is what one feels in the stomach. In between it is as if it stood."
)


async def look_from_everywhere(student: Student, name: str) -> None:
    for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)) if SHOTS else ():
        await resize(student.page, viewport)
        for scheme in ("light", "dark"):
            await student.page.emulate_media(color_scheme=scheme)
            await student.look(f"{name}-{size}-{scheme}")
    await student.page.emulate_media(color_scheme="light")
    await resize(student.page, PHONE)
    await student.look(name)


@pytest.mark.long
async def test_two_in_the_hall_and_two_elsewhere(classroom: Classroom) -> None:
    lecturer = await classroom.instructor()
    one, two, three, four = students = [await classroom.student(n) for n in (1, 2, 3, 4)]
    await come(lecturer, *students)
    await expect(one.page.get_by_test_id("place-card")).to_be_hidden()
    # The pages that are open ask at once.
    assert await lecturer.page.evaluate(ASK.strip()) == 200
    await expect(one.page.get_by_test_id("place-card")).to_be_visible()
    await look_from_everywhere(one, "where")
    for student in (one, two):
        await student.page.get_by_test_id("place-hall").click()
    await expect(one.page.get_by_test_id("seat")).to_be_focused()
    await one.page.keyboard.type("row 5, left")
    await one.page.keyboard.press("Enter")
    await two.page.get_by_test_id("skip-seat").click()
    for student in (three, four):
        await student.page.get_by_test_id("place-elsewhere").click()
    hall, elsewhere = "You are in the hall", "You are not in the hall."
    lines = (f"{hall}: row 5, left.", f"{hall}.", elsewhere, elsewhere)
    for student, said in zip(students, lines, strict=True):
        await expect(student.page.get_by_test_id("place")).to_have_text(said)
        await expect(student.page.get_by_test_id("place-card")).to_be_hidden()
    await lecturer.figure("places", "2 / 2")

    await lecturer.start(QUESTION)
    await three.page.get_by_test_id("share-reasons").check()
    await look_from_everywhere(three, "consent")
    await one.vote("A", confidence=2, rationale="It has to beat the weight.")
    await two.vote("A", confidence=5, rationale="Up is up.")
    await three.vote("B", confidence=5, rationale=ARGUMENT)
    await four.vote("C", confidence=1, rationale="")
    # What was consented to stays so, also on a page that is loaded anew.
    await three.page.reload()
    await expect(three.page.get_by_test_id("share-reasons")).to_be_checked()
    await lecturer.press("stop-vote")
    await lecturer.make_partners(2)
    await lecturer.look("partners-made")
    await lecturer.press("enable-discussion")
    await asyncio.gather(*(student.sees("discuss") for student in students))

    # In the hall they find each other by a number, and chat all the same.
    number = one.page.get_by_test_id("group-sign")
    await expect(number).to_be_visible()
    text = await number.inner_text()
    await expect(two.page.get_by_test_id("group-sign")).to_have_text(text.replace("\n", ""))
    await expect(one.page.get_by_test_id("partner-names")).to_contain_text("Find")
    await expect(two.page.get_by_test_id("partner-seat")).to_have_text("row 5, left")
    row = two.page.get_by_test_id("partner-student1")
    await expect(row.get_by_test_id("reason")).to_have_text("It has to beat the weight.")
    await expect(row.get_by_test_id("partner-confidence")).to_have_text("confidence 2 of 5")
    # Nobody of them has another answer.
    offered = one.page.get_by_test_id("offered")
    await expect(offered).to_contain_text("chose B")
    await expect(offered.get_by_test_id("reason")).to_have_text(ARGUMENT)
    assert "student3" not in await one.page.locator("peer-partners").inner_html()
    await look_from_everywhere(one, "in-the-hall")
    await offered.get_by_test_id("whole-reason").click()
    await expect(offered.get_by_test_id("whole-reason")).to_have_text("Show less")
    await look_from_everywhere(one, "whole-reason")
    await one.partners.send("I am at the door")
    await two.partners.shows("I am at the door")

    # Elsewhere they chat, and begin with what they said.
    await expect(three.page.get_by_test_id("group-sign")).to_be_hidden()
    await three.has_partners("student4")
    await expect(four.page.get_by_test_id("reason")).to_have_text(ARGUMENT)
    await expect(three.page.get_by_test_id("offered")).to_have_count(0)
    await three.partners.send("Why C?")
    await four.partners.shows("Why C?")
    await look_from_everywhere(four, "elsewhere")

    # Who leaves the hall has a group that is not there any more, which is told so.
    await two.page.get_by_test_id("change-place").click()
    await two.page.get_by_test_id("place-elsewhere").click()
    for student in (one, two):
        await expect(student.page.get_by_test_id("group-sign")).to_be_hidden()
        hint = student.page.get_by_test_id("partner-hint")
        await expect(hint).to_contain_text("Not all of your group are in the hall")
    await look_from_everywhere(one, "both")
    await lecturer.figure("places", "1 / 3")
