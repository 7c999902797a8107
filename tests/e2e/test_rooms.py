"""Other rooms than the course's, in browsers: open ones, direct messages, the search, removing."""

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import Chat, Instructor, Person, Student, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

TITLE = "Homework 3: pulleys & ropes"


class Rooms:
    """The chat of a person, whichever room it shows."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.page = person.page
        self.switch = self.page.get_by_test_id("room-switch")
        self.panel = self.page.get_by_test_id("rooms-panel")
        self.chat = Chat(self.page.get_by_test_id("room-chat"))
        self.elsewhere = self.page.get_by_test_id("rooms-unread")

    async def open(self) -> None:
        await self.switch.click()
        await expect(self.panel).to_be_visible()

    def row(self, title: str) -> Locator:
        return self.panel.get_by_test_id("room-row").filter(has_text=title)

    async def go_to(self, title: str) -> None:
        await self.open()

        async def goes() -> bool:
            # The list is drawn anew whenever something in it changes. A click that falls into that
            # moment is lost, and people click again.
            if await self.panel.is_visible():
                await self.row(title).get_by_test_id("room").click()
            return await self.panel.is_visible()

        await eventually(goes, False)
        await self.shows(title)

    async def shows(self, title: str) -> None:
        await expect(self.switch).to_contain_text(title)
        await expect(self.panel).to_be_hidden()

    async def use_tool(self, message: str, tool: str) -> None:
        row = self.page.get_by_test_id("message").filter(has_text=message).last
        await row.focus()
        await row.get_by_test_id(tool).click()


async def arrive(*people: Person) -> None:
    for person in people:
        await person.come_back()
        await person.enter()
        if isinstance(person, Student):
            await person.open_course_chat()


@pytest.mark.also_on
@pytest.mark.long
async def test_an_open_room(classroom: Classroom) -> None:
    one, two = await classroom.student(1), await classroom.student(2, phone=False)
    await arrive(one, two)
    mine, theirs = Rooms(one), Rooms(two)
    await mine.open()
    await one.look("rooms")
    await one.page.get_by_test_id("new-room-title").fill(TITLE)
    await one.page.get_by_test_id("new-room-create").click()
    await mine.shows(TITLE)
    await mine.chat.send("Who has solved it?")
    await mine.chat.shows("Who has solved it?")

    await theirs.open()
    await two.look("rooms")
    await theirs.row(TITLE).get_by_test_id("room-join").click()
    await theirs.shows(TITLE)
    await theirs.chat.shows("Who has solved it?")
    await expect(one.page.get_by_test_id("online-here")).to_have_text("2 online")
    await expect(two.page.get_by_test_id("online-here")).to_have_text("2 online")

    # A reply shows what it answers, and who is named sees that.
    await theirs.use_tool("Who has solved it?", "message-reply")
    await theirs.chat.field.press_sequentially("Nearly, @student1!")
    await expect(mine.chat.root.get_by_test_id("chat-typing")).to_contain_text("is typing")
    await theirs.chat.field.press("Enter")
    await mine.chat.shows("Who has solved it?", "Nearly, @student1!")
    await expect(mine.chat.root.get_by_test_id("quote")).to_contain_text("Who has solved it?")
    await expect(mine.chat.root.locator("mark")).to_have_text("@student1")
    await one.look("open-room")
    await two.look("open-room")

    # A message in a hidden room counts as unread until the room is shown.
    await mine.go_to("Course chat")
    await expect(one.page.get_by_test_id("course-chat")).to_be_visible()
    await theirs.chat.send("Here is how.")
    await expect(mine.elsewhere).to_have_text("1")
    await expect(one.page.get_by_test_id("unread")).to_have_text("1")
    await mine.go_to(TITLE)
    await mine.chat.shows("Who has solved it?", "Nearly, @student1!", "Here is how.")
    await expect(one.page.get_by_test_id("unread")).to_be_hidden()

    await two.page.get_by_test_id("room-leave").click()
    await theirs.shows("Course chat")
    await mine.chat.send("Gone?")
    await mine.chat.shows("Who has solved it?", "Nearly, @student1!", "Here is how.", "Gone?")
    await expect(one.page.get_by_test_id("online-here")).to_have_text("1 online")
    # A student who comes back has the messages said meanwhile.
    await theirs.open()
    await theirs.row(TITLE).get_by_test_id("room-join").click()
    await theirs.chat.shows("Who has solved it?", "Nearly, @student1!", "Here is how.", "Gone?")


@pytest.mark.long
async def test_direct_messages_removing_and_the_search(classroom: Classroom) -> None:
    """One after the other at one site, since a site, and each page, takes seconds to start."""
    one, two = await classroom.student(1, phone=False), await classroom.student(2)
    await arrive(one, two)
    await a_direct_message(one, two)
    await Rooms(two).shows("Course chat")
    instructor = await classroom.instructor()
    await arrive(instructor)
    await removing_a_message(instructor, two)
    await Rooms(one).go_to("Course chat")
    await the_search(one)


async def a_direct_message(one: Student, two: Student) -> None:
    mine, theirs = Rooms(one), Rooms(two)
    await mine.open()
    await one.page.get_by_test_id("message-someone").click()
    await expect(one.page.get_by_test_id("person-student3")).to_be_visible()
    await expect(one.page.get_by_test_id("person-student1")).to_have_count(0)
    await one.look("people")
    await one.page.get_by_test_id("people-filter").fill("student2")
    await expect(one.page.get_by_test_id("person-student3")).to_have_count(0)
    await one.page.get_by_test_id("person-student2").click()
    await one.page.get_by_test_id("direct-text").fill("Only for you")
    await one.page.get_by_test_id("direct-send").click()
    await mine.chat.shows("Only for you")

    await expect(theirs.elsewhere).to_have_text("1")
    await theirs.open()
    badge = two.page.get_by_test_id("room-unread")
    await expect(badge).to_have_text("1 unread")
    await two.look("unread")
    await theirs.panel.get_by_test_id("room").filter(has=badge).click()
    await theirs.chat.shows("Only for you")
    await expect(theirs.elsewhere).to_be_hidden()
    await theirs.chat.send("Thanks")
    await mine.chat.shows("Only for you", "Thanks")
    await one.look("direct")
    await two.look("direct")
    # It is there after a reload as well, and read.
    await two.page.reload()
    await two.connected()
    await two.open_course_chat()
    await theirs.open()
    await expect(theirs.panel.get_by_test_id("room")).to_have_count(2)
    await expect(theirs.panel.get_by_test_id("room-unread")).to_have_count(0)
    await theirs.row("Course chat").get_by_test_id("room").click()


async def removing_a_message(instructor: Instructor, one: Student) -> None:
    people: list[Instructor | Student] = [instructor, one]
    await one.chat.send("My mistake")
    await instructor.chat.send("Welcome")
    await one.chat.send("Something rude")
    for person in people:
        await person.chat.shows("My mistake", "Welcome", "Something rude")

    mine = Rooms(one)
    await mine.use_tool("Welcome", "message-reply")
    await expect(one.page.get_by_test_id("message-remove")).to_have_count(0)
    await one.chat.root.get_by_test_id("chat-reply-cancel").click()
    await mine.use_tool("My mistake", "message-remove")
    await one.look("remove")
    await one.page.get_by_test_id("message-remove-sure").click()
    for person in people:
        await person.chat.shows("Message removed", "Welcome", "Something rude")

    theirs = Rooms(instructor)
    await theirs.use_tool("Something rude", "message-remove")
    await instructor.look("remove")
    # The first click only asks.
    await instructor.page.get_by_test_id("message-keep").click()
    await theirs.use_tool("Something rude", "message-remove")
    await instructor.page.get_by_test_id("message-remove-sure").click()
    for person in people:
        await person.chat.shows("Message removed", "Welcome", "Message removed")
    await one.page.reload()
    await one.connected()
    await one.open_course_chat()
    await one.chat.shows("Message removed", "Welcome", "Message removed")


async def the_search(one: Student) -> None:
    """The keyboard alone leads to the message."""
    before = await one.chat.said()
    await one.chat.send("The needle is here")
    rooms = Rooms(one)
    await rooms.open()
    await one.page.get_by_test_id("new-room-title").fill(TITLE)
    await one.page.keyboard.press("Enter")
    await rooms.shows(TITLE)
    for number in range(3):
        await rooms.chat.send(f"hay {number}")
    await rooms.chat.shows("hay 0", "hay 1", "hay 2")

    await rooms.switch.focus()
    await one.page.keyboard.press("Enter")
    await expect(rooms.panel).to_be_visible()
    await one.page.keyboard.press("Escape")
    await expect(rooms.panel).to_be_hidden()
    await expect(rooms.switch).to_be_focused()
    await one.page.keyboard.press("Enter")
    await one.page.get_by_test_id("room-search").focus()
    await one.page.keyboard.type("needle")
    await one.page.keyboard.press("Enter")
    results = one.page.get_by_test_id("search-result")
    await expect(results).to_have_count(1)
    await one.look("search")
    await one.tab_to("search-result")
    await one.page.keyboard.press("Enter")
    await rooms.shows("Course chat")
    found = one.page.get_by_test_id("message").filter(has_text="needle")
    await expect(found).to_be_focused()
    await one.look("found")
    # The arrow keys go on from there, and the tools follow.
    await one.page.keyboard.press("Home")
    await one.page.keyboard.press("End")
    await expect(found).to_be_focused()
    await one.tab_to("message-reply")
    await eventually(one.chat.said, [*before, "The needle is here"])
