"""An instructor chooses what a class asks for, while a student fills in the form."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import DESKTOP, PHONE, SHOTS, Person, come, resize

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

QUESTION = "lift-at-constant-speed"


async def look_from_everywhere(person: Person, name: str) -> None:
    """Look at a page on a phone and a desktop, and for people in light and dark."""
    for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
        await resize(person.page, viewport)
        for scheme in ("light", "dark") if SHOTS else ("light",):
            await person.page.emulate_media(color_scheme=scheme)
            await person.look(f"{name}-{size}-{scheme}")
    await person.page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("running", ["one_worker"], indirect=True)
@pytest.mark.long
async def test_the_form_of_a_student_follows_the_settings(classroom: Classroom) -> None:
    lecturer, student = await classroom.instructor(), await classroom.student(1)
    await come(lecturer, student)
    await lecturer.start(QUESTION)
    await student.sees("vote")
    form, status = student.page.get_by_test_id("asked"), student.page.get_by_test_id("vote-status")
    button = student.page.get_by_test_id("vote-button")
    await student.choose("A")
    await student.page.get_by_test_id("rationale").fill("I was told so.")
    await expect(button).to_be_enabled()

    site = classroom.url.rstrip("/")
    await lecturer.page.goto(f"{site}/courses/physics101/settings/")
    classes = lecturer.page.get_by_test_id("classes-form")
    await classes.get_by_label("How sure they are").select_option("required")
    await classes.get_by_test_id("save-classes").click()
    await expect(lecturer.page.get_by_test_id("said")).to_contain_text("Saved.")
    await look_from_everywhere(lecturer, "class-settings")

    # The choice counts all the same, as a draft; it is sent once nothing is missing.
    await expect(student.page.get_by_test_id("confidence-mark")).to_have_text("required")
    await expect(status).to_contain_text("Before you vote, say how sure you are.")
    await expect(status).to_contain_text("Your choice counts when the vote closes.")
    await expect(button).to_be_disabled()
    await look_from_everywhere(student, "class-settings-required")
    await form.locator("label.step", has=student.page.get_by_test_id("confidence-4")).click()
    await button.click()
    await student.voted("A")

    await classes.get_by_label("How sure they are").select_option("off")
    await classes.get_by_label("Why they answer so").select_option("off")
    await classes.get_by_test_id("save-classes").click()
    await expect(form).to_be_hidden()
    await student.voted("A")
    # A page that is read anew knows it from the start.
    await student.page.reload()
    await student.connected()
    await expect(student.page.get_by_test_id("choice-A")).to_be_checked()
    await expect(form).to_be_hidden()

    # The list below is refused, which the browser notes.
    lecturer.tolerate("status of 400")
    await lecturer.page.get_by_role("link", name="Who works with whom").click()
    people = lecturer.page.get_by_test_id("rule-form").locator("input[name=person]")
    await people.nth(0).fill("student1")
    await people.nth(1).fill("student2")
    await lecturer.page.get_by_test_id("add-rule").click()
    await expect(lecturer.page.get_by_test_id("rule")).to_have_count(1)
    await look_from_everywhere(lecturer, "pairing")
    await lecturer.page.get_by_test_id("remove-rule").click()
    await expect(lecturer.page.get_by_test_id("no-rules")).to_be_visible()
    await look_from_everywhere(lecturer, "pairing-removed")
    await lecturer.page.get_by_test_id("undo").click()
    await expect(lecturer.page.get_by_test_id("rule")).to_have_count(1)
    groups = lecturer.page.get_by_test_id("groups-form")
    await groups.locator("textarea").fill("group;username\nTeam 1;student2\nTeam 1;nobody")
    await groups.get_by_test_id("preview-groups").click()
    await expect(lecturer.page.get_by_test_id("refused")).to_be_visible()
    await look_from_everywhere(lecturer, "pairing-plan")
