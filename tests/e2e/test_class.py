"""A class goes through one question, in browsers."""

import asyncio
import re
import time

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import Person, Student, come, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

QUESTION = "lift-at-constant-speed"  # the correct choice is B
OTHER_QUESTION = "coin-at-the-top"
CUT = 10.0  # seconds


def closed_in_time(student: Student) -> None:
    """The round was closed at its deadline, not before and not much later."""
    controls = [frame for frame in student.heard() if frame and frame.get("action") == "control"]
    counting, closed = controls[-2:]
    assert counting["message"] == "countDownAndStop"
    assert closed["message"] == "stopVote"
    assert 0 <= closed["server_time"] - counting["deadline"] < 2


async def all_see(phase: str, *people: Person, look: str = "") -> None:
    """Wait until everybody is in the phase; check that students know no secrets yet."""
    await asyncio.gather(*(person.sees(phase) for person in people))
    for person in people:
        await person.look(look or phase)
        if isinstance(person, Student) and phase != "revealed":
            await person.knows_no_answer()


@pytest.mark.also_on("below-a-path")
async def test_a_whole_question(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    one, two, three = students = [
        await classroom.student(1),
        await classroom.student(2),
        await classroom.student(3, phone=False),
    ]
    everybody: list[Person] = [instructor, *students]
    await come(*everybody, log_in=True)
    await classroom.spread(*students)
    await all_see("idle", *everybody)
    await instructor.figure("online", "3")

    await instructor.start(QUESTION)
    await all_see("vote", *everybody, look="vote-open")
    await one.vote("A", confidence=2, rationale="It has to beat the weight.")
    await two.vote("B", confidence=5, rationale="No acceleration, no net force.")
    await three.vote("C", confidence=1, rationale="It keeps going by itself.")
    # The last vote before the close counts.
    await three.vote("D", confidence=3, rationale="More speed, more pull.")
    await instructor.figure("votes-1", "3 of 3")
    await all_see("vote", *everybody, look="voted")

    # The long countdown leaves time to look, even on a slow machine.
    await instructor.press("count-down-30")
    await asyncio.gather(*(student.counts_down() for student in students))
    await instructor.press("count-down")
    await one.look("countdown")
    await instructor.look("countdown")
    await all_see("vote_closed", *everybody)
    for student in students:
        closed_in_time(student)
        await expect(student.page.get_by_test_id("vote-button")).to_have_count(0)

    await instructor.make_partners(1)
    why = instructor.page.get_by_test_id("why")
    await expect(why).to_have_text("1 group is formed: let the partners talk.")
    await instructor.look("partners-made")
    await instructor.press("enable-chat")
    await all_see("discuss", *everybody, look="discuss-begins")
    await one.has_partners("student2", "student3")
    await two.has_partners("student1", "student3")
    await three.has_partners("student1", "student2")
    assert await classroom.workers_of(*students) == classroom.site.store.workers

    said = [
        "Why should it be greater? Nothing accelerates.",
        "But it goes up! <b>Something</b> must win.",
        "It only has to win at the start, when it gets faster 🙂",
        "So it is the same all the way, then.",
    ]
    for student, text in zip((two, one, two, three), said, strict=True):
        await student.partners.send(text)
        await asyncio.gather(
            *(each.partners.shows(*said[: said.index(text) + 1]) for each in students)
        )
    await eventually(two.partners.sent_by_me, [said[0], said[2]])
    await instructor.figure("messages", "4")
    await instructor.figure("silent-groups", "0")
    await all_see("discuss", *everybody)

    # Everybody in the course reads the course chat; the partners' room stays theirs.
    for student in students:
        await student.open_course_chat()
    await one.chat.send("Is this about the start as well?")
    await instructor.chat.send("No: only while the speed is constant.")
    for person in everybody:
        await person.chat.shows(
            "Is this about the start as well?", "No: only while the speed is constant."
        )
        await person.look("course-chat")
    for student in students:
        await student.open_class()

    await instructor.announce("Two more minutes, then we vote again.")
    for student in students:
        await expect(student.announcement).to_contain_text("Two more minutes")
        await student.look("announcement")
        await student.page.get_by_test_id("dismiss-announcement").click()
        await expect(student.announcement).to_be_hidden()

    await instructor.press("start-revote")
    await all_see("revote", *everybody)
    for student, choice in zip(students, "ABD", strict=True):
        await expect(student.page.get_by_test_id("first-vote")).to_contain_text(
            f"Your first answer was {choice}"
        )
    await one.vote("B", confidence=4, rationale="No acceleration.")
    await two.vote("B", confidence=5, rationale="As before.")
    await three.vote("C", confidence=2, rationale="Still not sure.")
    await instructor.figure("votes-2", "3 of 3")
    await instructor.press("stop-vote")
    await all_see("revote_closed", *everybody)
    await instructor.figure("wrong-right", "1")
    await expect(why).to_have_text("33 % were right at first, 67 % are now: reveal and explain.")

    await instructor.press("reveal")
    await all_see("revealed", *everybody)
    verdicts = {
        one: "You changed your mind and got it right.",
        two: "You got it right.",
        three: "You chose C.",
    }
    counts = {"A": (1, 0), "B": (1, 2), "C": (0, 1), "D": (1, 0)}
    for student, words in verdicts.items():
        await expect(student.page.get_by_test_id("verdict")).to_have_text(
            f"The correct answer is B. {words}"
        )
    for person in everybody:
        for choice, both in counts.items():
            bars = person.page.get_by_test_id(f"bar-{choice}")
            await expect(bars.get_by_text("Correct")).to_have_count(int(choice == "B"))
            for round_, count in enumerate(both, start=1):
                await expect(bars.locator(f".bar[data-round='{round_}']")).to_have_attribute(
                    "data-count", str(count)
                )
    for name, count in {
        "right-right": 1,
        "right-wrong": 0,
        "wrong-right": 1,
        "wrong-wrong": 1,
    }.items():
        await instructor.figure(name, str(count))
    await instructor.figure("gain", "0.50")

    await instructor.press("next-question")
    await all_see("idle", *everybody, look="next")
    for student in students:
        await expect(student.page.get_by_test_id("question")).to_be_hidden()
        await expect(student.page.locator("peer-partners")).to_be_hidden()


async def test_reloads_a_late_student_and_a_cut_connection(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    network = await classroom.network()
    reloading = await classroom.student(1)
    cut = await classroom.student(2, url=network.url)
    late = await classroom.student(3, phone=False)
    await come(instructor, reloading, cut)
    await classroom.spread(reloading, cut)
    await instructor.figure("online", "2")
    await reloading.open_course_chat()
    await reloading.chat.send("Good morning!")
    await reloading.chat.shows("Good morning!")
    await reloading.open_class()
    await instructor.announce("Phones may stay on today.")
    await expect(reloading.announcement).to_be_visible()
    await reloading.reload()

    await instructor.start(QUESTION)
    await all_see("vote", reloading, cut)
    await reloading.reload()
    await reloading.vote("A", confidence=2, rationale="It has to beat the weight.\nOr not?")
    await cut.vote("B", confidence=5, rationale="")
    await reloading.reload()
    await instructor.press("count-down-30")
    await reloading.counts_down()
    await reloading.reload()
    await instructor.press("count-down")
    await expect(reloading.countdown).to_have_text(re.compile(r"0:0[1-5]"))
    await all_see("vote_closed", reloading, cut)
    closed_in_time(cut)
    await reloading.reload()

    await instructor.make_partners(1)
    await reloading.reload()
    await instructor.press("enable-chat")
    await all_see("discuss", reloading, cut)
    await reloading.has_partners("student2")
    await reloading.reload()
    await cut.has_partners("student1")

    await late.come_back()
    await late.enter()
    await late.has_partners("student1", "student2")
    await reloading.has_partners("student2", "student3")
    await cut.has_partners("student1", "student3")
    await classroom.spread(reloading, cut, late)

    said = ["Hello, what did you take?", "B. And you?"]
    await reloading.partners.send(said[0])
    await cut.partners.shows(said[0])
    await cut.partners.send(said[1])
    await reloading.partners.shows(*said)
    await late.partners.shows(*said)
    await reloading.reload()
    for student in (reloading, cut, late):
        await student.sees_partners_online()

    cut.tolerate("ERR_CONNECTION_REFUSED")
    began = time.monotonic()
    await network.cut()
    await expect(cut.page.get_by_test_id("connection")).not_to_have_attribute(
        "data-state", "connected"
    )
    missed = [
        "A, because it moves up.",
        "Do you see why not?",
        "I came late: what is it about?",
    ]
    for student, text in zip((reloading, reloading, late), missed, strict=True):
        await student.partners.send(text)
        said.append(text)
        await reloading.partners.shows(*said)
    typed = ["Are you still there?", "My connection is gone."]
    for text in typed:
        await cut.partners.send(text)
    await expect(cut.partners.waiting).to_have_text(
        ["Are you still there?Sending…", "My connection is gone.Sending…"]
    )
    for each in await cut.partners.waiting.all():
        await expect(each).to_have_attribute("data-state", "sending")
    await cut.look("offline")
    await reloading.reload()
    await asyncio.sleep(max(0, began + CUT - time.monotonic()))
    await cut.partners.shows(*said[:2])
    await reloading.partners.shows(*said)

    await network.restore()
    await expect(cut.page.get_by_test_id("connection")).to_have_attribute(
        "data-state", "connected", timeout=30_000
    )
    said += typed
    for student in (cut, reloading, late):
        await student.partners.shows(*said)
        seqs = [one["seq"] for one in await student.partners.messages()]
        assert seqs == list(range(1, len(said) + 1))
    await expect(cut.partners.waiting).to_have_count(0)
    await cut.has_partners("student1", "student3")
    await reloading.reload()
    await all_see("discuss", reloading, cut, late, instructor)

    await instructor.press("start-revote")
    await all_see("revote", reloading, cut, late)
    await expect(late.page.get_by_test_id("first-vote")).to_contain_text("You did not vote")
    await reloading.reload()
    await reloading.vote("B", confidence=4, rationale="No acceleration.")
    await cut.vote("B", confidence=5, rationale="As before.")
    await late.vote("C", confidence=1, rationale="A guess.")
    await reloading.reload()
    await instructor.press("count-down-30")
    await reloading.counts_down()
    await reloading.reload()
    await instructor.press("stop-vote")
    await all_see("revote_closed", reloading, cut, late)
    await reloading.reload()
    await instructor.press("reveal")
    await all_see("revealed", reloading, cut, late)
    await reloading.reload()
    await expect(reloading.page.get_by_test_id("verdict")).to_have_text(
        "The correct answer is B. You changed your mind and got it right."
    )
    await instructor.figure("votes-1", "2 of 3")
    await instructor.figure("votes-2", "3 of 3")
    await instructor.figure("gain", "1.00")
    await instructor.press("next-question")
    await all_see("idle", reloading, cut, late)
    reloading.cast = [None, None]
    await reloading.reload()
    assert [student.leaks() for student in (reloading, cut, late)] == [[], [], []]


@pytest.mark.also_on
@pytest.mark.long
async def test_a_vote_that_is_long_on_its_way_is_none_for_the_next_question(
    classroom: Classroom,
) -> None:
    instructor = await classroom.instructor()
    network = await classroom.network()
    slow = await classroom.student(1, url=network.url)
    await come(instructor, slow)
    await instructor.start(QUESTION)
    await slow.sees("vote")
    network.hold()
    await slow.choose("A")
    await slow.page.get_by_test_id("vote-button").click()
    await expect(slow.vote_status).to_have_attribute("data-state", "sending")
    for step in ("stop-vote", "reveal"):
        await instructor.press(step)
    await slow.sees("revealed")
    await instructor.start(OTHER_QUESTION)
    await slow.sees("vote")
    await slow.choose("D")
    await slow.page.get_by_test_id("vote-button").click()
    await expect(slow.vote_status).to_have_attribute("data-state", "sending")
    network.release()
    await slow.voted("D")
    await instructor.figure("votes-1", "1 of 1")
    await expect(instructor.page.get_by_test_id("bar-A")).to_contain_text("0")
    votes = [frame for frame in slow.heard() if frame and frame.get("action") == "vote"]
    assert [vote.get("error_code") for vote in votes] == ["round_closed", None]
