"""Choices that nobody has sent, two devices of one student, and classes that are small."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import WITHIN, Instructor, Person, Student, come, eventually
from tests.pace import patient
from tests.running import manage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

QUESTION = "lift-at-constant-speed"  # the correct choice is B
COUNTS = "Your choice counts when the vote closes."


async def all_see(phase: str, *people: Person) -> None:
    await asyncio.gather(*(person.sees(phase) for person in people))


def stored(classroom: Classroom, username: str) -> list[tuple[str, int | None, str]]:
    """(choice, confidence, rationale) of the votes of a student, those of the first round first."""
    return [
        (choice, confidence, rationale)
        for choice, confidence, rationale in classroom.site.store.rows(
            "SELECT v.choice, v.confidence, v.rationale FROM peerchat_rooms_vote v "
            "JOIN peerchat_rooms_round r ON r.id = v.round_id "
            "JOIN peerchat_accounts_user u ON u.id = v.user_id "
            f"WHERE u.username = '{username}' ORDER BY r.number"
        )
    ]


async def shows_vote(student: Student, tag: str, choice: str) -> None:
    """Waits until this choice is marked as one's vote, and no other."""
    marked = student.page.locator("peer-question .choice.still").filter(
        has=student.page.locator(".tag", has_text=tag)
    )
    await expect(marked).to_have_attribute("data-testid", f"shown-{choice}")


async def chosen(student: Student, choice: str) -> None:
    await expect(student.page.get_by_test_id(f"choice-{choice}")).to_be_checked()


async def put_away(student: Student) -> None:
    """Tell the page that it is hidden, in which case it may be stopped before the close."""
    await student.page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )


async def explain(student: Student, confidence: int, rationale: str) -> None:
    """Enter the confidence and the reason, without a vote."""
    page = student.page
    step = page.locator("label.step").filter(has=page.get_by_test_id(f"confidence-{confidence}"))
    await step.click()
    await page.get_by_test_id("rationale").fill(rationale)


@pytest.mark.also_on
@pytest.mark.long
async def test_two_devices_of_one_student(classroom: Classroom) -> None:
    """One of the devices uses HTTP. Both always show the choice that counts."""
    network = await classroom.network(upgrades=False)
    instructor = await classroom.instructor()
    phone = await classroom.student(1, url=network.url)
    laptop = await classroom.student(1, phone=False)
    other = await classroom.student(2)
    devices = (phone, laptop)
    everybody: list[Person] = [instructor, *devices, other]
    phone.tolerate("WebSocket connection to")
    # A request may be under way for a room that the class leaves at this moment.
    phone.tolerate(r"404 \(Not Found\)")
    await come(*everybody)
    await expect(phone.page.get_by_test_id("connection")).to_contain_text("Connected over HTTP")

    await instructor.start(QUESTION)
    await all_see("vote", *everybody)
    await laptop.vote("A", confidence=2, rationale="First thought.")
    await phone.voted("A")
    await chosen(phone, "A")
    await phone.vote("C", confidence=3, rationale="Second thought.")
    await laptop.voted("C")
    await chosen(laptop, "C")
    await expect(laptop.page.get_by_test_id("rationale")).to_have_value("Second thought.")
    await other.vote("B", confidence=5, rationale="")

    # Both choose something else, and a page is reloaded: only the device itself shows it.
    await phone.choose("D")
    await laptop.choose("B")
    for device, choice in ((phone, "D"), (laptop, "B")):
        await expect(device.vote_status).to_contain_text(
            f"Your vote: C. You chose {choice} but have not sent it yet. {COUNTS}"
        )
    laptop.cast[0] = phone.cast[0]
    await laptop.reload()
    await chosen(laptop, "B")
    await instructor.figure("votes-1", "2 of 2")

    # Both devices send their choice; the one that the server got last counts, and both show it.
    await instructor.press("stop-vote")
    await all_see("vote_closed", *everybody)
    ((counts, _, rationale),) = stored(classroom, "student1")
    assert counts in ("B", "D")
    assert rationale == "Second thought."
    for device in devices:
        await shows_vote(device, "Your vote", counts)
    phone.cast[0] = laptop.cast[0] = {
        "choice": counts,
        "confidence": 3,
        "rationale": "Second thought.",
    }
    await phone.reload()

    await instructor.make_partners(1)
    await instructor.press("enable-chat")
    await all_see("discuss", *everybody)
    await other.has_partners("student1")
    await expect(other.page.get_by_test_id("partner-student1")).to_contain_text(f"chose {counts}")
    for device in devices:
        await device.has_partners("student2")

    # The other device shows a draft, also after a reload. A later vote there takes its place.
    await instructor.press("start-revote")
    await all_see("revote", *everybody)
    await laptop.choose("A")
    await put_away(laptop)
    await chosen(phone, "A")
    drafted = f"You chose A but have not sent it yet. {COUNTS}"
    for device in devices:
        await expect(device.vote_status).to_have_text(drafted)
    await phone.reload()
    await chosen(phone, "A")
    await phone.vote("B", confidence=5, rationale="Convinced.")
    await laptop.voted("B")
    await chosen(laptop, "B")
    await instructor.press("count-down")
    await all_see("revote_closed", *everybody)
    assert stored(classroom, "student1") == [
        (counts, 3, "Second thought."),
        ("B", 5, "Convinced."),
    ]
    for device in devices:
        await shows_vote(device, "Your second vote", "B")
        await device.knows_no_answer()
    await instructor.press("reveal")
    await all_see("revealed", *everybody)
    for device in devices:
        verdict = device.page.get_by_test_id("verdict")
        await expect(verdict).to_contain_text("The correct answer is B.")
        await expect(verdict).to_contain_text("got it right.")
    bars = [(await device.view())["bars"] for device in devices]
    assert bars[0] == bars[1]


@pytest.mark.long
async def test_a_choice_that_was_not_sent_counts(classroom: Classroom) -> None:
    """A student stays, one is offline for a while before the close, and one leaves the page."""
    network = await classroom.network()
    instructor = await classroom.instructor()
    stays, away = await classroom.student(1), await classroom.student(3)
    cut = await classroom.student(2, url=network.url)
    cut.tolerate("WebSocket connection to|net::ERR_")
    students = (stays, cut, away)
    await come(instructor, *students)
    seconds = round(patient(20))
    await instructor.start(QUESTION, seconds=seconds)
    await all_see("vote", instructor, *students)
    for student, choice in zip(students, "ACD", strict=True):
        await student.choose(choice)
        status = f"You chose {choice} but have not sent it yet. {COUNTS}"
        await expect(student.vote_status).to_have_text(status)
    await explain(stays, 4, "Because.")
    await network.cut()
    await cut.choose("B")
    await explain(cut, 2, "Offline.")
    await expect(cut.vote_status).to_have_text(
        "You chose B but have not sent it yet. "
        "Your choice counts if you are back online before the vote closes."
    )
    await put_away(away)

    async def drafts() -> list[tuple[str]]:
        return classroom.site.store.rows("SELECT choice FROM peerchat_rooms_draft")

    await eventually(drafts, [("D",)])
    await away.page.close()
    await network.restore()
    await cut.connected()
    await instructor.figure("votes-1", "0 of 2")
    within = (seconds + WITHIN) * 1000
    await expect(instructor.phase).to_have_attribute("data-phase", "vote_closed", timeout=within)
    await all_see("vote_closed", stays, cut)
    assert stored(classroom, "student1") == [("A", 4, "Because.")]
    assert stored(classroom, "student2") == [("B", 2, "Offline.")]
    assert stored(classroom, "student3") == [("D", None, "")]
    await shows_vote(stays, "Your vote", "A")
    await shows_vote(cut, "Your vote", "B")
    await expect(stays.page.get_by_test_id("vote-note")).to_be_hidden()

    # A student who comes back after the close is told that the choice came too late.
    await instructor.press("start-revote")
    await all_see("revote", stays, cut)
    await cut.choose("D")
    await network.cut()
    await instructor.press("stop-vote")
    await instructor.sees("revote_closed")
    await network.restore()
    await cut.sees("revote_closed")
    await expect(cut.page.get_by_test_id("vote-note")).to_have_text(
        "Your choice D did not arrive before the vote closed."
    )


ADD = """
from rooms.models import Choice, Course, Question
question = Question.objects.create(
    course=Course.objects.get(slug="physics101"), slug="added", prompt="Was it added?"
)
for letter in "AB":
    Choice.objects.create(question=question, letter=letter, text=letter, is_correct=letter == "A")
"""


EDIT = """
from rooms.models import Question
question = Question.objects.get(slug="added")
question.prompt = "Was it edited?"
question.save()
question.choices.update(is_correct=False)
question.choices.filter(letter="B").update(is_correct=True)
"""

MUTED = re.compile(r"You are muted until \d\d:\d\d")
MUTE = """
from accounts.models import User
from rooms.actions.moderation import mute, unmute
fields = {"user": User.objects.get(username="instructor"), "course": "physics101"}
"""


@pytest.mark.long
async def test_a_small_class(classroom: Classroom) -> None:
    """Two questions of one class, since a site, and each page, takes seconds to start."""
    instructor, student = await classroom.instructor(), await classroom.student(1)
    await come(instructor, student)
    await questions_are_added_and_edited_meanwhile(classroom, instructor, student)
    late = await a_class_of_one_is_told_that_nobody_else_is_here(classroom, instructor, student)
    for step in ("start-revote", "stop-vote", "next-question"):
        await instructor.press(step)
    await all_see("idle", instructor, student, late)
    await the_student_view_says_that_instructors_do_not_vote(classroom, instructor, student)
    await a_mute_is_shown_on_all_devices(classroom, student)


async def run(classroom: Classroom, code: str) -> None:
    """Run code beside the site, in a process of its own."""
    env = classroom.site.store.environment()
    done = await asyncio.to_thread(manage, "shell", "-c", code, env=env)
    assert done.returncode == 0, done.stderr


async def questions_are_added_and_edited_meanwhile(
    classroom: Classroom, instructor: Instructor, student: Student
) -> None:
    await instructor.page.get_by_test_id("question-select").select_option(QUESTION)
    before = await instructor.page.locator(".question-item").count()
    await run(classroom, ADD)
    added = instructor.page.get_by_test_id("question-added")
    await expect(added).to_contain_text("Was it added?")
    await expect(instructor.page.locator(".question-item")).to_have_count(before + 1)
    await instructor.look("question-added")
    # The question that was chosen before stays chosen.
    select = instructor.page.get_by_test_id("question-select")
    await expect(select).to_have_value(QUESTION)
    await added.get_by_role("button", name="Choose").click()
    await expect(select).to_have_value("added")
    await instructor.press("start-question")
    await student.sees("vote")
    await expect(student.page.get_by_test_id("prompt")).to_have_text("Was it added?")
    # The class keeps the question as it was asked; the list has it as it will be asked next.
    await expect(added.locator(".edited")).to_be_hidden()
    await run(classroom, EDIT)
    await expect(added).to_contain_text("Was it edited?")
    await expect(added.locator(".edited")).to_be_visible()
    await instructor.page.get_by_test_id("show-answers").check()
    asked = instructor.page.get_by_test_id("current-question")
    await expect(asked.get_by_test_id("prompt")).to_have_text("Was it added?")
    await expect(asked.locator(".choice[data-correct] .letter")).to_have_text("A")
    await instructor.look("question-edited")
    await student.page.reload()
    await expect(student.page.get_by_test_id("prompt")).to_have_text("Was it added?")


async def a_class_of_one_is_told_that_nobody_else_is_here(
    classroom: Classroom, instructor: Instructor, student: Student
) -> Student:
    await student.vote("A", confidence=1, rationale="")
    await instructor.press("stop-vote")
    await instructor.make_partners(1)
    await instructor.press("enable-chat")
    await student.sees("discuss")
    names = student.page.get_by_test_id("partner-names")
    await expect(names).to_have_text("Nobody else is here yet")
    await expect(student.page.get_by_test_id("partner-hint")).to_have_text(
        "When somebody comes, they become your partner within a few seconds. "
        "You do not have to do anything."
    )
    await student.look("alone")
    late = await classroom.student(2)
    await come(late)
    await late.has_partners("student1")
    await student.has_partners("student2")
    await expect(names).to_contain_text("You and")
    return late


async def the_student_view_says_that_instructors_do_not_vote(
    classroom: Classroom, leads: Instructor, student: Student
) -> None:
    looks = await classroom.visitor("instructor")
    await looks.come_back()
    await looks.page.get_by_role("link", name="Lead the class").click()
    await looks.page.get_by_role("link", name="Student view").click()
    await looks.connected()
    await leads.start(QUESTION)
    await all_see("vote", looks, student)
    note = looks.page.get_by_test_id("vote-note")
    await expect(note).to_have_text(
        "Only students vote. You lead this course, so you cannot choose an answer here."
    )
    await expect(looks.page.get_by_test_id("vote-button")).to_have_count(0)
    await expect(looks.page.locator("input[name=choice]")).to_have_count(0)
    await student.vote("A", confidence=1, rationale="")
    await leads.press("stop-vote")
    await all_see("vote_closed", looks)
    await expect(note).to_be_hidden()
    await leads.make_partners(1)
    await leads.press("enable-chat")
    await all_see("discuss", looks, student)
    await expect(looks.page.locator("peer-partners")).to_be_hidden()


async def a_mute_is_shown_on_all_devices(classroom: Classroom, phone: Student) -> None:
    laptop = await classroom.student(1, phone=False)
    await come(laptop)
    devices = (phone, laptop)
    await run(classroom, MUTE + 'mute(**fields, username="student1", seconds=3600)')
    for device in devices:
        await expect(device.chat.field).to_be_disabled()
        await expect(device.chat.field).to_have_attribute("placeholder", MUTED)
    await phone.page.reload()
    await expect(phone.chat.field).to_be_disabled()
    await run(classroom, MUTE + 'unmute(**fields, username="student1")')
    for device in devices:
        await expect(device.chat.field).to_be_enabled()
