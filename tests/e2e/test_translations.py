"""A class in a language that is longer than English, and written from right to left."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import DESKTOP, PHONE, Person, Student, resize
from tests.e2e.sites import OneProcess
from tests.translations import pseudo

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
    pytest.mark.parametrize("running", ["translated"], indirect=True, ids=[pseudo.CODE]),
]

# Numbers are written as Arabic has them.
ONE, TWO = re.compile("^[1\u0661]$"), re.compile("^[2\u0662]$")
QUESTION = "lift-at-constant-speed"  # the correct choice is B


@pytest.fixture(scope="module")
def translated(
    one_process: tuple[OneProcess, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[OneProcess, str]]:
    """The demo course of a site with one more language, and its password."""
    store, password = one_process
    folder = tmp_path_factory.mktemp("locale")
    pseudo.write(folder)
    variables = {
        "DJANGO_SETTINGS_MODULE": "tests.translations.settings",
        pseudo.FOLDER: str(folder),
    }
    copy = store.copy(**variables)
    yield copy, password
    copy.remove()


async def inspect(name: str, *people: Person, words: list[str]) -> None:
    """Nothing is too wide for a phone or a desk, and every word is translated."""
    for person in people:
        before = person.page.viewport_size
        for size in (PHONE, DESKTOP):
            await resize(person.page, size)
            await person.look(f"{name}-{size['width']}")
            assert await person.page.evaluate(pseudo.WORDS.strip(), words) == [], (name, size)
        assert before is not None
        await resize(person.page, before)


async def arrive(person: Person, page: str, words: list[str]) -> None:
    """Go through the log-in page and the list of courses by parts without a language."""
    await person.context.add_cookies(
        [{"name": "django_language", "value": pseudo.CODE, "url": person.url}]
    )
    await person.page.goto(person.url)
    root = person.page.locator("html")
    await expect(root).to_have_attribute("lang", pseudo.CODE)
    await expect(root).to_have_attribute("dir", "rtl")
    await inspect("log-in", person, words=words)
    await person.page.locator("#id_username").fill(person.username)
    await person.page.locator("#id_password").fill(person._password)
    await person.page.locator("#log-in button").click()
    await expect(person.page.get_by_test_id("courses")).to_be_visible()
    await inspect("courses", person, words=words)
    await person.page.goto(f"{person.url}{page}")
    await person.connected()


async def vote(student: Student, choice: str) -> None:
    await student.choose(choice)
    await student.page.get_by_test_id("rationale").fill("!")
    await student.page.get_by_test_id("vote-button").click()
    await expect(student.vote_status).to_have_attribute("data-state", "saved")


@pytest.mark.long
async def test_a_class_in_a_longer_language_from_right_to_left(classroom: Classroom) -> None:
    names = classroom.site.store.rows("SELECT username, display_name FROM peerchat_accounts_user")
    words = pseudo.words_of("peerchat Physics", *(text for row in names for text in row))
    instructor = await classroom.instructor()
    one, two = students = [await classroom.student(1), await classroom.student(2, phone=False)]
    everybody: list[Person] = [instructor, *students]
    course = "courses/physics101/"
    await arrive(instructor, f"{course}instructor/", words)
    await asyncio.gather(*(arrive(student, course, words) for student in students))

    async def all_see(phase: str, name: str = "") -> None:
        await asyncio.gather(*(person.sees(phase) for person in everybody))
        await inspect(name or phase, *everybody, words=words)

    await expect(instructor.page.get_by_test_id("online")).to_have_text(TWO)
    await all_see("idle")
    await instructor.start(QUESTION)
    await all_see("vote")
    await vote(one, "A")
    await vote(two, "B")
    await all_see("vote", "voted")
    await instructor.press("stop-vote")
    await all_see("vote_closed")
    await instructor.press("make-partners")
    await expect(instructor.page.get_by_test_id("groups")).to_have_text(ONE)
    await inspect("partners-made", instructor, words=words)
    await instructor.press("enable-chat")
    await one.has_partners("student2")
    await two.has_partners("student1")
    await one.partners.send("!")
    await two.partners.shows("!")
    await all_see("discuss")

    await one.open_course_chat()
    await one.page.get_by_test_id("room-switch").click()
    await expect(one.page.get_by_test_id("rooms-panel")).to_be_visible()
    await one.page.get_by_test_id("message-someone").click()
    await expect(one.page.get_by_test_id("people-filter")).to_be_visible()
    await one.look("people")
    assert await one.page.evaluate(pseudo.WORDS.strip(), words) == []
    await one.page.keyboard.press("Escape")
    await instructor.announce("!")
    await expect(two.announcement).to_be_visible()

    await instructor.press("start-revote")
    await all_see("revote")
    await vote(one, "B")
    await vote(two, "B")
    await instructor.press("stop-vote")
    await all_see("revote_closed")
    await instructor.press("reveal")
    await all_see("revealed")
