"""Behind a network that refuses WebSockets the pages go over HTTP, and back once it lets them."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import Chat, Person, Student, come

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

QUESTION = "lift-at-constant-speed"  # the correct choice is B


async def over_http(person: Person) -> None:
    connection = person.page.get_by_test_id("connection")
    await expect(connection).to_have_attribute("data-state", "connected")
    await expect(connection).to_contain_text("Connected over HTTP")


async def over_a_socket(person: Person) -> None:
    connection = person.page.get_by_test_id("connection")
    await expect(connection).to_have_attribute("data-state", "connected")
    await expect(connection).not_to_have_attribute("data-slow", "true")


async def all_see(phase: str, *people: Person) -> None:
    await asyncio.gather(*(person.sees(phase) for person in people))


async def same_in_all(own: dict[Student, list[str]], before: list[str], *chats: Chat) -> list[str]:
    """Check that all chats have the same messages, each once, and each sender's in order."""
    count = len(before) + sum(map(len, own.values()))
    for chat in chats:
        await expect(chat.waiting).to_have_count(0)
        messages = chat.root.get_by_test_id("chat-messages").locator("[data-kind=text]")
        await expect(messages).to_have_count(count)
    said, *others = [await chat.said() for chat in chats]
    assert all(other == said for other in others)
    assert said[: len(before)] == before
    for texts in own.values():
        assert [text for text in said if text in texts] == texts
    return said


@pytest.mark.also_on("two-workers", usually="below-a-path")
@pytest.mark.long
async def test_a_question_over_http(classroom: Classroom) -> None:
    network = await classroom.network(upgrades=False)
    instructor = await classroom.instructor()
    one = await classroom.student(1, url=network.url)
    two, three = await classroom.student(2), await classroom.student(3, phone=False)
    students = [one, two, three]
    everybody: list[Person] = [instructor, *students]
    one.tolerate("WebSocket connection to")
    # A request may be under way for a room that the class leaves at this moment.
    one.tolerate(r"404 \(Not Found\)")
    await come(*everybody)
    await over_http(one)
    await one.look("over-http")
    await instructor.figure("online", "3")

    await instructor.start(QUESTION)
    await all_see("vote", *everybody)
    await one.vote("A", confidence=2, rationale="It has to beat the weight.")
    await two.vote("B", confidence=5, rationale="No acceleration.")
    await three.vote("C", confidence=1, rationale="")
    await instructor.figure("votes-1", "3 of 3")
    # There is time to look, however slow the machine is.
    await instructor.press("count-down-30")
    await one.counts_down()
    await instructor.press("count-down")
    await all_see("vote_closed", *everybody)
    await one.knows_no_answer()

    await instructor.make_partners(1)
    await instructor.press("enable-chat")
    await all_see("discuss", *everybody)
    await one.has_partners("student2", "student3")
    await two.has_partners("student1", "student3")
    for student in students:
        await student.sees_partners_online()

    said = []
    for number, student in enumerate((one, two, one, three)):
        said.append(f"One after the other, {number}")
        await student.partners.send(said[-1])
        await asyncio.gather(*(each.partners.shows(*said) for each in students))
    own = {
        student: [f"{student.username} at once, {number}" for number in range(4)]
        for student in students
    }

    async def talk(student: Student) -> None:
        for text in own[student]:
            await student.partners.send(text)

    await asyncio.gather(*map(talk, students))
    partners = [student.partners for student in students]
    said = await same_in_all(own, said, *partners)

    one.tolerate("net::ERR_")
    await network.cut()
    connection = one.page.get_by_test_id("connection")
    await expect(connection).not_to_have_attribute("data-state", "connected")
    own = {one: ["Am I gone?", "It seems so."], two: ["Are you there?"]}
    await asyncio.gather(talk(one), talk(two))
    await expect(one.partners.waiting).to_have_count(2)
    await three.partners.shows(*said, "Are you there?")
    await network.restore()
    said = await same_in_all(own, said, *partners)
    seqs = [message["seq"] for message in await one.partners.messages()]
    assert seqs == list(range(1, len(said) + 1))
    await over_http(one)

    await instructor.press("start-revote")
    await all_see("revote", *everybody)
    await one.vote("B", confidence=4, rationale="No acceleration.")
    await instructor.figure("votes-2", "1 of 3")
    await instructor.press("stop-vote")
    await all_see("revote_closed", *everybody)
    await one.knows_no_answer()
    await instructor.press("reveal")
    await all_see("revealed", *everybody)
    await expect(one.page.get_by_test_id("verdict")).to_have_text(
        "The correct answer is B. You changed your mind and got it right."
    )

    for student in students:
        await student.open_course_chat()
    chats = [student.chat for student in students]
    own = {
        student: [f"{student.username} meanwhile, {number}" for number in range(4)]
        for student in students
    }

    async def chat(student: Student) -> None:
        for text in own[student]:
            await student.chat.send(text)

    network.upgrades = True
    refused = network.refused
    assert refused
    talking = asyncio.gather(*map(chat, students))
    await one.page.evaluate("dispatchEvent(new Event('online'))")
    await over_a_socket(one)
    await talking
    said = await same_in_all(own, [], *chats)
    await instructor.press("next-question")
    await all_see("idle", *everybody)
    await one.chat.send("Back again.")
    await two.chat.shows(*said, "Back again.")
    # The next page begins with a socket at once.
    await one.page.reload()
    await over_a_socket(one)
    assert network.refused == refused


@pytest.mark.parametrize("running", ["one_process"], indirect=True)
@pytest.mark.long
async def test_leading_over_http(classroom: Classroom) -> None:
    network = await classroom.network(upgrades=False)
    instructor = await classroom.instructor(url=network.url)
    one, two = await classroom.student(1, url=network.url), await classroom.student(2)
    instructor.tolerate("WebSocket connection to")
    one.tolerate("WebSocket connection to")
    # A request may be under way for a room that the class leaves at this moment.
    one.tolerate(r"404 \(Not Found\)")
    everybody: list[Person] = [instructor, one, two]
    await come(*everybody)
    await over_http(instructor)
    await instructor.figure("online", "2")
    await instructor.start(QUESTION, seconds=60)
    await all_see("vote", *everybody)
    await one.vote("A", confidence=2, rationale="")
    await two.vote("B", confidence=5, rationale="")
    await instructor.figure("votes-1", "2 of 2")
    await instructor.press("count-down")
    await all_see("vote_closed", *everybody)
    await instructor.make_partners(1)
    await instructor.press("enable-chat")
    await all_see("discuss", *everybody)
    await one.has_partners("student2")
    await two.partners.send("It is B.")
    await one.partners.shows("It is B.")
    await instructor.figure("messages", "1")
    await instructor.announce("Two more minutes.")
    await expect(one.announcement).to_contain_text("Two more minutes")
    await instructor.press("start-revote")
    await all_see("revote", *everybody)
    await one.vote("B", confidence=4, rationale="")
    await two.vote("B", confidence=5, rationale="")
    await instructor.press("stop-vote")
    await all_see("revote_closed", *everybody)
    await instructor.press("reveal")
    await all_see("revealed", *everybody)
    await instructor.figure("gain", "1.00")
    await instructor.press("next-question")
    await all_see("idle", *everybody)

    # A reloaded page goes on over HTTP; without its session it leads to the log-in page.
    await one.page.reload()
    await over_http(one)
    one.tolerate("401")
    await one.context.clear_cookies()
    await instructor.announce("That is all for today.")
    await expect(one.page.get_by_role("heading", name="Log in")).to_be_visible()
