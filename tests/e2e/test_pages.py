"""The pages around a class: the log-in, permissions, the keyboard, the admin."""

from urllib.parse import urljoin

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import PHONE, Person, Student, come, resize
from tests.e2e.proxy import Proxy
from tests.running import manage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

QUESTION = "lift-at-constant-speed"
ADMIN_PASSWORD = "not-a-secret-in-a-test"
one_process = pytest.mark.parametrize("running", ["one_process"], indirect=True)
one_worker = pytest.mark.parametrize("running", ["one_worker"], indirect=True)


@one_worker
async def test_logging_in(classroom: Classroom) -> None:
    student = await classroom.student(1)
    await a_wrong_password_is_told(student)
    await the_instructor_page_does_not_exist_for(student)
    await student.page.get_by_role("button", name="Log out").click()
    await expect(student.page.get_by_role("heading", name="Log in")).to_be_visible()
    await after_too_many_wrong_passwords_the_page_says_when_to_try_again(classroom, student)


async def a_wrong_password_is_told(student: Student) -> None:
    await student.give_credentials("peerchat?")
    await expect(student.page.get_by_role("alert")).to_contain_text("username or password is wrong")
    await expect(student.page.get_by_label("Username")).to_have_value("student1")
    await student.look("login-refused")
    await student.log_in()


async def the_instructor_page_does_not_exist_for(student: Student) -> None:
    await expect(student.page.get_by_role("link", name="Lead the class")).to_have_count(0)
    student.tolerate("status of 404")
    answer = await student.page.goto(urljoin(student.url, "/courses/physics101/instructor/"))
    assert answer is not None
    assert answer.status == 404
    await expect(student.page.get_by_role("heading", name="Page not found")).to_be_visible()
    await student.look("not-found")


async def after_too_many_wrong_passwords_the_page_says_when_to_try_again(
    classroom: Classroom, other: Student
) -> None:
    student = await classroom.student(2)
    alert = student.page.get_by_role("alert")
    student.tolerate("status of 429")
    for _ in range(9):
        await student.give_credentials("peerchat?")
        await expect(alert).to_contain_text("username or password is wrong")
    await student.give_credentials("peerchat?")
    await expect(alert).to_contain_text("Too many failed log-in attempts")
    await expect(alert).to_contain_text("Try again in 10 minutes.")
    await expect(student.page.get_by_label("Username")).to_have_value("student2")
    await student.look("login-locked")
    # Another user can log in at the same address, and in the same browser.
    await student.page.get_by_label("Username").fill("student3")
    await student.page.get_by_label("Password").fill(classroom.site.password)
    await student.page.get_by_role("button", name="Log in").click()
    await expect(student.page.get_by_test_id("account-name")).to_be_visible()
    await other.log_in()


@one_process
@pytest.mark.long
async def test_a_student_takes_part_with_the_keyboard_alone(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    await come(instructor)
    student = await classroom.student(1, phone=False)
    keyboard = student.page.keyboard
    await student.page.goto(classroom.site.url)
    # The page puts the focus there, when it is ready.
    await expect(student.page.get_by_label("Username")).to_be_focused()
    await keyboard.type("student1")
    await keyboard.press("Tab")
    await keyboard.type(classroom.site.password)
    await keyboard.press("Enter")
    await expect(student.page.get_by_test_id("courses")).to_be_visible()
    await student.tab_to("Go to class")
    await keyboard.press("Enter")
    await student.connected()

    await instructor.start(QUESTION)
    await student.sees("vote")
    await student.tab_to("choice-A")
    await keyboard.press("Space")
    await keyboard.press("ArrowDown")
    await student.tab_to("confidence-1")
    await keyboard.press("ArrowRight")
    await keyboard.press("ArrowRight")
    await student.tab_to("rationale")
    await keyboard.type("No acceleration.")
    await student.tab_to("vote-button")
    await keyboard.press("Enter")
    await student.voted("B")
    await expect(student.page.get_by_test_id("choice-B")).to_be_checked()
    await expect(student.page.get_by_test_id("confidence-3")).to_be_checked()
    await expect(student.page.get_by_test_id("rationale")).to_have_value("No acceleration.")

    await student.tab_to("chat-input")
    await keyboard.type("Done.")
    await keyboard.press("Shift+Enter")
    await keyboard.type("Without a mouse.")
    await keyboard.press("Enter")
    await instructor.chat.shows("Done.\nWithout a mouse.")


# Parts of the head of a page that overlap each other, or lie outside the window.
CROWDED = """
() => {
  const parts = [...document.querySelectorAll(".site :is(a, button)")]
    .filter((part) => part.checkVisibility())
    .map((part) => ({ part, box: part.getBoundingClientRect() }));
  const meet = (a, b) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return parts
    .filter(({ box }) =>
      box.left < 0 || box.right > innerWidth ||
      parts.some((other) => other.box !== box && meet(other.box, box)))
    .map(({ part }) => part.textContent);
}
"""


@one_process
@pytest.mark.long
async def test_the_head_of_a_page_has_room_for_a_lost_connection(classroom: Classroom) -> None:
    async with Proxy(classroom.site.url) as network:
        student = await classroom.student(1, url=network.url)
        instructor = await classroom.instructor(url=network.url)
        await resize(instructor.page, PHONE)
        await come(student, instructor)
        for person in (student, instructor):
            person.tolerate("net::ERR_|WebSocket connection to")
        await network.cut()
        for person in (student, instructor):
            await expect(person.page.get_by_role("button", name="Try now")).to_be_visible()
            assert await person.page.evaluate(CROWDED.strip()) == []
            await person.look("connection-lost")
        await network.restore()
        for person in (student, instructor):
            await person.connected()


async def visit_admin(person: Person, url: str) -> list[str]:
    """Opens a page of the admin; the addresses that its main part links to."""
    answer = await person.page.goto(url)
    assert answer is not None
    assert answer.status == 200, url
    await expect(person.page.locator("#content")).to_be_visible()
    links = await person.page.locator("#content-main a[href], .object-tools a[href]").all()
    return [urljoin(url, await link.get_attribute("href") or "") for link in links]


@one_worker
@pytest.mark.long
async def test_the_admin_after_a_class(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    students = [await classroom.student(1), await classroom.student(2)]
    await come(instructor, *students)
    await instructor.start(QUESTION)
    for student, choice in zip(students, "AB", strict=True):
        await student.sees("vote")
        await student.vote(choice, confidence=3, rationale="")
    await instructor.press("stop-vote")
    await instructor.sees("vote_closed")
    await instructor.make_partners(1)
    await instructor.press("enable-chat")
    await students[0].partners.send("Hello")
    await students[1].partners.shows("Hello")

    made = manage(
        *("createsuperuser", "--noinput", "--username=admin", "--email=admin@example.org"),
        env={
            **classroom.site.store.environment(),
            "DJANGO_SUPERUSER_PASSWORD": ADMIN_PASSWORD,
        },
    )
    assert made.returncode == 0, made.stderr
    admin = await classroom.visitor("admin")
    await admin.page.goto(urljoin(classroom.site.url, "/admin/"))
    await admin.page.get_by_label("Username").fill("admin")
    await admin.page.get_by_label("Password").fill(ADMIN_PASSWORD)
    await admin.page.get_by_role("button", name="Log in").click()
    await expect(admin.page.get_by_role("heading", name="Site administration")).to_be_visible()

    index = urljoin(classroom.site.url, "/admin/")
    depth = {address: address.count("/") for address in await visit_admin(admin, index)}
    lists = [one for one, count in depth.items() if count == min(depth.values()) + 1]
    assert any(one.endswith("/admin/peerchat_rooms/vote/") for one in lists)
    opened = 0
    for address in lists:
        links = [link for link in await visit_admin(admin, address) if link.startswith(address)]
        forms = [link for kind in ("/change/", "/add/") for link in links if link.endswith(kind)]
        for form in forms[:1]:
            await visit_admin(admin, form)
            opened += 1
    # The others are of what this class did without, such as rules for partners.
    assert opened >= 17
