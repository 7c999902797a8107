"""A class in which people write from right to left, and browsers that store nothing."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import Instructor, Person, Student, come, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

QUESTION = "lift-at-constant-speed"
PROMPT = "מעלית עולה במהירות קבועה. מה נכון לגבי הכוחות?"
CHOICES = ["כלפי מטה, 9.8 m/s².", "כלפי מעלה, 9.8 m/s².", "if a > b:    return a", "אף אחד (none)"]
ONE, TWO = "עדה לבלייס", "آدا"
TEXT = "    def f():\n        return 'שלום'"


def rewrite(classroom: Classroom) -> None:
    """Give the question and two students Hebrew and Arabic texts."""
    rows = classroom.site.store.rows
    rows(
        f"UPDATE peerchat_rooms_question SET prompt = '{PROMPT}'"
        f" WHERE slug = '{QUESTION}' RETURNING id"
    )
    for letter, text in zip("ABCD", CHOICES, strict=True):
        rows(
            f"UPDATE peerchat_rooms_choice SET text = '{text}'"
            f" WHERE letter = '{letter}' AND question_id ="
            f" (SELECT id FROM peerchat_rooms_question WHERE slug = '{QUESTION}') RETURNING id"
        )
    for username, name in (("student1", ONE), ("student2", TWO)):
        rows(
            f"UPDATE peerchat_accounts_user SET display_name = '{name}'"
            f" WHERE username = '{username}' RETURNING id"
        )


async def directions(person: Person, selector: str) -> set[str]:
    """The directions of all such elements in sight."""
    return set(
        await person.page.locator(selector).evaluate_all(
            "(all) => all.filter((one) => one.checkVisibility())"
            ".map((one) => getComputedStyle(one).direction)"
        )
    )


ENTER = """(field) => !field.dispatchEvent(
    new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true, cancelable: true })
)"""


@pytest.mark.parametrize("running", ["one_process"], indirect=True)
@pytest.mark.long
async def test_the_enter_of_an_input_method_sends_no_form(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    page = instructor.page
    await page.goto(classroom.site.url)
    assert await page.get_by_label("Username").evaluate(ENTER)
    await come(instructor)
    await page.get_by_test_id("room-switch").click()
    of_class = ("announce-text", "room-search", "new-room-title", "quick-text-A")
    for name in (*of_class, "groups-text", "group-text"):
        assert await page.get_by_test_id(name).evaluate(ENTER), name
    # The page has no other form that Enter sends; in a text of several lines it begins the next.
    forms = page.locator("peer-dashboard form:has(input[type=text])")
    assert await forms.count() == 6


@pytest.mark.parametrize("running", ["one_worker"], indirect=True)
@pytest.mark.long
async def test_a_class_from_right_to_left(classroom: Classroom) -> None:
    rewrite(classroom)
    instructor = await classroom.instructor()
    one, two = await classroom.student(1), await classroom.student(2, phone=False)
    everybody: list[Person] = [instructor, one, two]
    await come(*everybody)
    await instructor.start(QUESTION)
    for student in (one, two):
        await student.sees("vote")
        assert await directions(student, "[data-testid=prompt]") == {"rtl"}
        texts = student.page.locator(".choice .text")
        await expect(texts).to_have_text(CHOICES)
        found = [
            await text.evaluate("(one) => getComputedStyle(one).direction")
            for text in await texts.all()
        ]
        assert found == ["rtl", "rtl", "ltr", "rtl"]
        await student.look("vote-rtl")
    await one.vote("A", confidence=2, rationale="כי זה כבד")
    assert await directions(one, "#rationale") == {"rtl"}
    await two.vote("B", confidence=2, rationale="👋")
    await instructor.press("stop-vote")
    await instructor.make_partners(1)
    await instructor.press("enable-chat")
    await expect(one.page.get_by_test_id("partner-names")).to_have_text(
        f"You and \u2068{TWO}\u2069"
    )
    await one.partners.send(TEXT)
    await two.partners.shows(TEXT)
    await two.partners.send("שלום, 9.8 m/s².")
    for student in (one, two):
        await student.sees("discuss")
        await student.partners.shows(TEXT, "שלום, 9.8 m/s².")
        await student.look("discuss-rtl")
    await instructor.announce("הבחינה מחר, 10:00")
    await expect(one.announcement).to_be_visible()
    assert await directions(one, "[data-part=banner-text]") == {"rtl"}
    await one.page.get_by_test_id("dismiss-announcement").click()
    await instructor.press("start-revote")
    for student in (one, two):
        await student.sees("revote")
    await instructor.press("stop-vote")
    await instructor.press("reveal")
    for person in everybody:
        await person.sees("revealed")
        assert await directions(person, ".prompt [data-testid=prompt], h2.prompt") == {"rtl"}
        await person.look("revealed-rtl")


STORAGES = (
    "get: () => null",
    'get: () => { throw new DOMException("denied", "SecurityError"); }',
    """
    get: () => ({
      getItem: () => null,
      removeItem() {},
      setItem() { throw new DOMException("full", "QuotaExceededError"); },
    })
    """,
)


@pytest.mark.parametrize("running", ["one_process"], indirect=True)
@pytest.mark.long
async def test_pages_work_where_nothing_is_stored(classroom: Classroom) -> None:
    for number, storage in enumerate(STORAGES, start=1):
        instructor, student = await classroom.instructor(), await classroom.student(number)
        for person in (instructor, student):
            for name in ("sessionStorage", "localStorage"):
                await person.context.add_init_script(
                    f'Object.defineProperty(window, "{name}", {{ {storage} }});'
                )
        await come(instructor, student)
        await takes_part(instructor, student)
        await instructor.press("next-question")
        await student.sees("idle")


async def takes_part(instructor: Instructor, student: Student) -> None:
    await instructor.start(QUESTION)
    await student.sees("vote")
    await student.choose("A")
    await student.vote("B", confidence=3, rationale="because")
    await instructor.page.get_by_test_id("toggle-bars").click()
    await expect(instructor.page.get_by_test_id("bars")).to_be_visible()
    await student.open_course_chat()
    await student.chat.send("hello")
    await eventually(student.chat.sent_by_me, ["hello"])
    await instructor.announce("read this")
    await expect(student.announcement).to_be_visible()
    await student.page.get_by_test_id("dismiss-announcement").click()
    # It stays away, although the page is drawn anew.
    await instructor.press("stop-vote")
    await asyncio.gather(*(person.sees("vote_closed") for person in (instructor, student)))
    await expect(student.announcement).to_be_hidden()
