"""A lecturer asks questions that nobody prepared."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import DESKTOP, PHONE, Instructor, Person, Student, come, resize

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def all_see(phase: str, *people: Person, look: str) -> None:
    await asyncio.gather(*(person.sees(phase) for person in people))
    for person in people:
        await person.look(look)
        if isinstance(person, Student) and phase != "revealed":
            await person.knows_no_answer()


async def quick_vote(student: Student, choice: str) -> None:
    await student.choose(choice)
    await student.page.get_by_test_id("vote-button").click()
    await student.voted(choice)


async def verdict(student: Student, text: str) -> None:
    await expect(student.page.get_by_test_id("verdict")).to_have_text(text)


async def look_on_a_phone(instructor: Instructor, name: str) -> None:
    """Look at the dashboard as it is on a phone, in the dark."""
    await resize(instructor.page, PHONE)
    await instructor.page.emulate_media(color_scheme="dark")
    await instructor.look(f"{name}-phone")
    await resize(instructor.page, DESKTOP)
    await instructor.page.emulate_media(color_scheme="light")


async def close_and_reveal(instructor: Instructor) -> None:
    await instructor.press("stop-vote")
    await instructor.sees("vote_closed")
    await instructor.press("reveal")


@pytest.mark.parametrize("running", ["one_worker"], indirect=True)
@pytest.mark.long
async def test_a_to_d_now(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    one, two = await classroom.student(1), await classroom.student(2, phone=False)
    everybody: list[Person] = [instructor, one, two]
    page = instructor.page
    await come(*everybody)
    await instructor.look("idle")

    # Two clicks.
    await instructor.press("quick-open")
    await instructor.look("quick-form")
    await instructor.press("quick-start")
    await all_see("vote", *everybody, look="bare-vote")
    await expect(page.get_by_test_id("quick")).to_be_hidden()
    await quick_vote(one, "A")
    await quick_vote(two, "B")
    await one.look("bare-voted")
    await instructor.press("stop-vote")
    await all_see("vote_closed", *everybody, look="bare-closed")
    await expect(page.get_by_test_id("no-answer")).to_be_visible()
    await instructor.make_partners(1)
    await instructor.press("enable-chat")
    await all_see("discuss", *everybody, look="bare-discuss")
    await one.has_partners("student2")
    await instructor.press("start-revote")
    await all_see("revote", *everybody, look="bare-revote")
    await quick_vote(one, "B")
    await quick_vote(two, "B")
    await instructor.press("stop-vote")
    await instructor.sees("revote_closed")
    await expect(page.get_by_test_id("reveal")).to_have_text("Show the votes")
    await instructor.press("reveal")
    await all_see("revealed", *everybody, look="bare-revealed")
    for student in (one, two):
        await verdict(student, "No right answer is marked.")
    await expect(page.get_by_test_id("gain")).to_be_hidden()

    # The right answer comes after the reveal, and the students see it at once.
    await instructor.press("mark-B")
    await verdict(one, "The correct answer is B. You changed your mind and got it right.")
    await verdict(two, "The correct answer is B. You got it right.")
    await expect(page.get_by_test_id("gain")).to_have_text("1.00")
    await expect(page.get_by_test_id("mark-B")).to_have_attribute("aria-pressed", "true")
    for person in everybody:
        await person.look("bare-answered")
    await look_on_a_phone(instructor, "bare-answered")

    # Another one has words, and its right answer is known from the start.
    await instructor.press("quick-open")
    await page.get_by_test_id("quick-3").check()
    await instructor.press("quick-more")
    await page.get_by_test_id("quick-prompt").fill("Which way does the <b>lift</b> accelerate?")
    for letter, text in zip("ABC", ("Up", "Down", "Not at all"), strict=True):
        await page.get_by_test_id(f"quick-text-{letter}").fill(text)
    await page.get_by_test_id("quick-right").select_option("C")
    await instructor.look("quick-words")
    await look_on_a_phone(instructor, "quick-words")
    await instructor.press("quick-start")
    await all_see("vote", *everybody, look="words-vote")
    await expect(page.get_by_test_id("answer-note")).to_contain_text("hidden on this screen")
    await quick_vote(one, "C")
    await quick_vote(two, "A")
    await close_and_reveal(instructor)
    await all_see("revealed", *everybody, look="words-revealed")
    await verdict(one, "The correct answer is C. You got it right.")

    # It stays with the prepared ones; the other one is still marked as quick.
    kept = page.get_by_test_id("question-quick-2")
    await kept.get_by_role("button", name="Keep").click()
    await expect(kept.get_by_text("quick", exact=True)).to_have_count(0)
    await expect(
        page.get_by_test_id("question-quick-1").get_by_text("quick", exact=True)
    ).to_be_visible()
    await instructor.look("kept")
    await look_on_a_phone(instructor, "kept")
