"""From nothing to a running class with many phones, without the admin and without a manual.

The clicks and seconds of each step are printed.
"""

import asyncio
import sys
import time

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import TELLING, Instructor, Student

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(420)]

MOST_CLICKS = 12
RIGHT = "B"
CLASS_LIST = "Name;E-mail\nAda Lovelace;ada@example.org\nCharles Babbage;charles@example.org\n"


class Lecturer:
    """Counts the clicks of the instructor, and takes the time of each step."""

    def __init__(self, person: Instructor) -> None:
        self.person, self.page = person, person.page
        self.clicks = 0
        self._began = time.monotonic()
        self._steps: list[str] = []

    async def click(self, target: Locator | str) -> None:
        place = self.page.get_by_test_id(target) if isinstance(target, str) else target
        await place.click()
        self.clicks += 1

    def did(self, step: str) -> None:
        self._steps.append(
            f"{step}: {self.clicks} clicks, {time.monotonic() - self._began:.1f} s so far"
        )

    def tell(self) -> None:
        sys.stdout.write("\n".join(["", *self._steps, ""]))


async def join(phone: Student, address: str, name: str) -> None:
    """Open the address of the code, type a name, and be in: one field and one click."""
    await phone.page.goto(address)
    await phone.page.get_by_test_id("name").fill(name)
    await phone.page.get_by_test_id("join").click()
    await phone.connected()


async def vote(phone: Student, choice: str) -> None:
    await phone.choose(choice)
    await phone.page.get_by_test_id("vote-button").click()
    await phone.voted(choice)


@pytest.mark.parametrize("running", ["one_process"], ids=["one-process"], indirect=True)
@pytest.mark.parametrize("count", [4, pytest.param(20, marks=pytest.mark.long)])
async def test_many_phones_in_five_minutes(classroom: Classroom, count: int) -> None:
    person = await classroom.instructor()
    lecturer = Lecturer(person)
    page = person.page

    await page.goto(classroom.url)
    await page.get_by_label("Username").fill(person.username)
    await page.get_by_label("Password").fill(classroom.site.password)
    await lecturer.click(page.get_by_role("button", name="Log in"))
    lecturer.did("logged in")
    await lecturer.click("new-course")
    await page.get_by_label("Title").fill("Waves and light")
    await lecturer.click("make-course")
    await person.connected()
    lecturer.did("made a course")
    await lecturer.click("open-joining")
    code = await page.get_by_test_id("join-code").inner_text()
    address = await page.get_by_label("Address for joining").get_attribute("href")
    assert address is not None
    assert address.endswith(f"/join/{code}/")
    await person.connected()
    lecturer.did("opened joining")

    async with page.context.expect_page() as opening:
        await page.get_by_role("link", name="Screen of the hall").click()
    screen = await opening.value
    # Chromium refuses to reload a page that is still coming.
    await screen.wait_for_load_state()
    seen: list[str] = []
    screen.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda data: seen.append(str(data))),
    )
    await screen.reload()
    await expect(screen.get_by_test_id("screen-code")).to_have_text(code)

    phones = [await classroom.student(number) for number in range(1, count + 1)]
    for phone in phones:
        phone.tolerate("404")
    names = [f"Person {number}" for number in range(1, count + 1)]
    for some in range(0, count, 5):
        group = list(zip(phones, names, strict=True))[some : some + 5]
        await asyncio.gather(*(join(phone, address, name) for phone, name in group))
    await expect(page.get_by_test_id("joined")).to_have_text(str(count))
    lecturer.did(f"{count} phones joined")

    await lecturer.click("quick-open")
    await lecturer.click("quick-start")
    await person.sees("vote")
    lecturer.did("the first vote is open")
    assert lecturer.clicks <= MOST_CLICKS
    await asyncio.gather(*(vote(phone, RIGHT if n % 2 else "A") for n, phone in enumerate(phones)))
    await expect(screen.get_by_test_id("screen-votes")).to_contain_text(str(count))
    await lecturer.click("mark-B")
    await lecturer.click("stop-vote")
    await person.sees("vote_closed")
    await person.make_partners(count // 2)
    await person.press("enable-chat")
    await asyncio.gather(*(phone.sees("discuss") for phone in phones))
    await person.press("start-revote")
    await asyncio.gather(*(phone.sees("revote") for phone in phones))
    await asyncio.gather(*(vote(phone, RIGHT) for phone in phones))
    await person.press("stop-vote")
    await person.sees("revote_closed")
    assert not [text for text in [*seen, await screen.content()] if TELLING.search(text)]
    assert not [leak for phone in phones for leak in phone.leaks()]
    await person.press("reveal")
    await asyncio.gather(*(phone.sees("revealed") for phone in phones))
    await expect(screen.locator("peer-screen")).to_have_attribute("data-phase", "revealed")
    await expect(phones[0].page.get_by_test_id("verdict")).to_contain_text("right")
    lecturer.did("a question from the vote to the result")

    # A guest turns into an account, and has the vote still.
    guest = phones[0]
    await guest.page.goto(f"{classroom.url.rstrip('/')}/join/account/")
    await guest.page.get_by_label("Username").fill("person-1")
    await guest.page.get_by_label("Password", exact=True).fill("horse-42!")
    await guest.page.get_by_label("Password, again").fill("horse-42!")
    await guest.page.get_by_test_id("save-account").click()
    await guest.page.get_by_test_id("courses").get_by_role("link").first.click()
    await guest.sees("revealed")
    await expect(guest.page.get_by_test_id("verdict")).to_contain_text("right")

    # The lecturer imports a list, and prints the links of those who are new.
    await page.get_by_role("link", name="Roster").click()
    await page.get_by_label("Names and e-mail addresses").fill(CLASS_LIST)
    await page.get_by_test_id("preview-list").click()
    await page.get_by_test_id("apply").click()
    await page.get_by_role("link", name="Print links").click()
    await page.get_by_test_id("make-links").click()
    await expect(page.get_by_test_id("links").get_by_role("listitem")).to_have_count(2)
    await person.look("printed")
    lecturer.did("printed the roster")
    lecturer.tell()
