"""A class of six goes through one question of each kind, to the result."""

import asyncio
import json
import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import TELLING, Instructor, Person, Student, come
from tests.e2e.proxy import Proxy

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

WHY = "At a constant speed the net force is zero."
LONG = "the pull of the Sun, which is strong enough to bend the way of everything around it " * 2
HEBREW = "\u05db\u05d5\u05d7 \u05d4\u05db\u05d1\u05d9\u05d3\u05d4"  # "gravity"
QUESTIONS: dict[str, dict[str, object]] = {
    "kind-several": {
        "kind": "several",
        "prompt": "Which forces act on a lift that moves upwards at a constant speed?",
        "explanation": WHY,
        "follow_up": "What changes while it starts?",
    },
    "kind-number": {
        "kind": "number",
        "prompt": "How large is the acceleration of a stone that falls freely?",
        "number": 9.81,
        "tolerance": 0.05,
        "unit": "m/s²",
    },
    "kind-text": {
        "kind": "text",
        "prompt": "What holds the planets on their orbits?",
        "accepted": ["gravity"],
    },
    "kind-poll": {"kind": "poll", "prompt": "How was the pace today?"},
    "kind-draft": {"kind": "text", "prompt": "Not yet", "is_draft": True},
}
CHOICES = {
    "kind-several": [
        ("A", "The pull of the rope", True, ""),
        ("B", "A force in the direction of the motion", False, "A constant speed needs none."),
        ("C", "Gravity", True, ""),
    ],
    "kind-poll": [("A", "Too slow", False, ""), ("B", "Just right", False, "")],
}


def prepare(classroom: Classroom) -> None:
    """Put a question of each kind into the course."""
    store = classroom.site.store
    for slug, fields in QUESTIONS.items():
        values = {"slug": slug, "position": 100, **fields}
        sql = ", ".join(map(_literal, values.values()))
        store.rows(
            f"INSERT INTO peerchat_rooms_question (course_id, created_at, quick, former_slugs,"
            f" {', '.join(values)}) SELECT MIN(id), CURRENT_TIMESTAMP, false, '[]', {sql}"
            f" FROM peerchat_rooms_course RETURNING 1"
        )
        for choice in CHOICES.get(slug, []):
            store.rows(
                f"INSERT INTO peerchat_rooms_choice (question_id, letter, text, is_correct,"
                f" feedback) SELECT id, {', '.join(map(_literal, choice))}"
                f" FROM peerchat_rooms_question WHERE slug = '{slug}' RETURNING 1"
            )


def _literal(value: object) -> str:
    if isinstance(value, bool | int | float):
        return str(value).lower()
    text = value if isinstance(value, str) else json.dumps(value)
    return "'" + text.replace("'", "''") + "'"


class Hall(Person):
    """The screen of the hall."""

    async def sees(self, phase: str) -> None:
        await expect(self.page.locator("peer-screen")).to_have_attribute("data-phase", phase)

    async def right(self, *keys: str) -> None:
        """Wait until these bars, and no others, are marked as right."""
        marked = self.page.locator(".screen-choice[data-correct]")
        await expect(marked).to_have_count(len(keys))
        for key in keys:
            await expect(self.page.get_by_test_id(f"screen-choice-{key}")).to_contain_text(
                "Correct"
            )


class Lesson:
    """The class with everybody in it."""

    def __init__(self, instructor: Instructor, hall: Hall, students: list[Student]) -> None:
        self.instructor, self.hall, self.students = instructor, hall, students
        self.everybody: list[Person] = [instructor, hall, *students]

    async def see(self, phase: str, look: str) -> None:
        """Wait until all see the phase; look at the pages, which know nothing too early."""
        await asyncio.gather(*(person.sees(phase) for person in self.everybody))
        for person in self.everybody:
            await person.look(f"{look}-{phase}")
            if phase == "revealed":
                continue
            if isinstance(person, Student):
                await person.knows_no_answer()
            elif person is self.hall:
                assert TELLING.findall(await person.page.content()) == []

    async def close_and_reveal(self, name: str) -> None:
        await self.instructor.press("stop-vote")
        await self.see("vote_closed", name)
        await self.instructor.press("reveal")
        await self.see("revealed", name)

    async def verdicts(self, right: str, *personal: str) -> None:
        """Wait until each student reads this about the answer and about their own."""
        for student, text in zip(self.students, personal, strict=True):
            words = f"{right} {text}".strip()
            await expect(student.page.get_by_test_id("verdict")).to_have_text(words)

    async def bar(self, key: str, *counts: int) -> None:
        """Wait until students and the dashboard show the votes of both rounds in a bar."""
        for person in (self.instructor, *self.students):
            row = person.page.get_by_test_id(f"bar-{key}")
            for number, count in enumerate(counts, start=1):
                await expect(row.locator(f".bar[data-round='{number}']")).to_have_attribute(
                    "data-count", str(count)
                )


async def send(student: Student, words: str) -> None:
    await student.page.get_by_test_id("vote-button").click()
    await expect(student.vote_status).to_have_attribute("data-state", "saved")
    await expect(student.vote_status).to_contain_text(f"Your vote: {words}")


async def answer(student: Student, typed: str, words: str) -> None:
    await student.page.get_by_test_id("answer-input").fill(typed)
    await send(student, words)


@pytest.mark.long
async def test_a_class_answers_questions_of_every_kind(classroom: Classroom) -> None:
    prepare(classroom)
    network = await classroom.network(upgrades=False)
    instructor = await classroom.instructor()
    students = [
        await classroom.student(1),
        await classroom.student(2),
        await classroom.student(3, phone=False),
        await classroom.student(4),
        await classroom.student(5, phone=False),
        await classroom.student(6, url=network.url),
    ]
    over_http = students[5]
    over_http.tolerate("WebSocket connection to")
    over_http.tolerate(r"404 \(Not Found\)")
    over_http.tolerate("net::ERR_")
    await students[1].page.emulate_media(color_scheme="dark")
    await students[4].page.emulate_media(color_scheme="dark")
    await come(instructor, *students)
    hall = Hall(
        "hall",
        instructor.context,
        await instructor.context.new_page(),
        url=classroom.url,
        password="",
    )
    await hall.page.goto(f"{instructor.page.url.removesuffix('instructor/')}screen/")
    await hall.sees("idle")
    lesson = Lesson(instructor, hall, students)
    await instructor.figure("online", "6")
    draft = instructor.page.get_by_test_id("question-kind-draft")
    await expect(draft.get_by_role("button", name="Choose")).to_be_disabled()
    await expect(draft).to_contain_text("A draft cannot be asked.")

    await several(lesson)
    await number(lesson, network)
    await text(lesson)
    await poll(lesson)


async def several(lesson: Lesson) -> None:
    """Ask for all that is right: boxes, keys, a reload, and choices that nobody sent."""
    instructor, students = lesson.instructor, lesson.students
    await instructor.start("kind-several")
    await lesson.see("vote", "several")
    await expect(students[0].page.get_by_test_id("choices-hint")).to_be_visible()
    await expect(lesson.hall.page.get_by_test_id("screen-how")).to_be_visible()
    for student, letters in zip(students[:4], ("AC", "ABC", "B", "A"), strict=True):
        for letter in letters:
            await student.choose(letter)
        await send(student, {"AC": "A and C", "ABC": "A, B and C"}.get(letters, letters))
    keyboard, unsent = students[4], students[5]
    await keyboard.page.get_by_test_id("choice-A").focus()
    for key in ("c", "b", "A", "b"):
        await keyboard.page.keyboard.press(key)
    await keyboard.page.keyboard.press("Enter")
    await expect(keyboard.vote_status).to_contain_text("Your vote: A and C")
    await students[1].page.reload()
    await expect(students[1].page.locator("input[name=choice]:checked")).to_have_count(3)
    # A change before the close, and one that is never sent.
    await students[1].choose("B")
    await send(students[1], "A and C")
    await unsent.choose("C")
    await lesson.close_and_reveal("several")
    right = "You got it right."
    await lesson.verdicts(
        "Right: A and C.", right, right, "You chose B.", "You chose A.", right, "You chose C."
    )
    await lesson.bar("A", 4)
    await lesson.bar("B", 1)
    await expect(students[0].page.get_by_test_id("bar-A")).to_contain_text("67")
    await lesson.hall.right("A", "C")
    for person in lesson.everybody:
        # The dashboard has them in its list, too.
        seen = "visible=true"
        explanation = person.page.get_by_test_id("explanation").locator(seen)
        await expect(explanation).to_contain_text(WHY)
        await expect(person.page.get_by_test_id("follow-up").locator(seen)).to_have_count(1)
        await expect(person.page.get_by_text("A constant speed needs none.")).to_be_visible()
    await instructor.press("next-question")
    await instructor.sees("idle")


async def number(lesson: Lesson, network: Proxy) -> None:
    """Ask for a number: what is none, other ways to write it, and a network that goes away."""
    instructor, students = lesson.instructor, lesson.students
    await instructor.start("kind-number")
    await lesson.see("vote", "number")
    one = students[0].page
    await one.get_by_test_id("answer-input").fill("about ten")
    await one.get_by_test_id("vote-button").click()
    await expect(one.get_by_test_id("answer-wrong")).to_be_visible()
    await students[0].look("number-wrong")
    await one.reload()
    await expect(one.get_by_test_id("answer-input")).to_have_value("about ten")
    await answer(students[0], "10", "10 m/s²")
    await answer(students[1], "9,81 m/s²", "9.81 m/s²")
    await answer(students[2], "9.8", "9.8 m/s²")
    await answer(students[3], "-9.81", "\N{MINUS SIGN}9.81 m/s²")
    await answer(students[4], "1e1", "10 m/s²")
    await network.cut()
    lost = students[5]
    await lost.page.get_by_test_id("answer-input").fill("10")
    await lost.page.get_by_test_id("vote-button").click()
    await expect(lost.vote_status).to_have_attribute("data-state", "offline")
    await network.restore()
    await expect(lost.vote_status).to_have_attribute("data-state", "saved")
    await instructor.figure("votes-1", "6 of 6")
    await instructor.press("stop-vote")
    await lesson.see("vote_closed", "number")
    await expect(students[0].page.get_by_test_id("given")).to_contain_text("10 m/s²")
    await instructor.make_partners(3)
    await instructor.press("enable-chat")
    await lesson.see("discuss", "number")
    for student in students:
        chose = student.page.locator("peer-partners .answer-tag")
        await expect(chose.first).to_have_text(re.compile(r"answered .* m/s²"))
    await instructor.press("start-revote")
    await lesson.see("revote", "number")
    await students[0].page.get_by_test_id("first-answer").click()
    await send(students[0], "10 m/s²")
    for student in students[1:]:
        await answer(student, "9.81", "9.81 m/s²")
    await instructor.press("stop-vote")
    await lesson.see("revote_closed", "number")
    await instructor.press("reveal")
    await lesson.see("revealed", "number")
    turned, kept = "You changed your mind and got it right.", "You got it right."
    await lesson.verdicts(
        "Right: 9.81 ± 0.05 m/s².", "You chose 10 m/s².", kept, kept, turned, turned, turned
    )
    await lesson.bar("10", 3, 1)
    await lesson.bar("9.81", 1, 5)
    await lesson.hall.right("9.8", "9.81")
    await instructor.figure("wrong-right", "3")
    await instructor.press("next-question")
    await instructor.sees("idle")


async def text(lesson: Lesson) -> None:
    """Ask for words: long ones, groups, and what is right, marked before and after the reveal."""
    instructor, students = lesson.instructor, lesson.students
    await instructor.start("kind-text")
    await lesson.see("vote", "text")
    long = LONG + "🌍" * 60
    await answer(students[0], "Gravity", "“Gravity”")
    await answer(students[1], long, "“the pull of the Sun")
    await expect(students[1].page.get_by_test_id("answer-input")).to_have_value(long[:200])
    await answer(students[2], " gravity! ", "“gravity!”")
    await answer(students[3], "<b>magnets</b>", "“<b>magnets</b>”")
    await answer(students[4], "gravitation", "“gravitation”")
    await answer(students[5], HEBREW, f"“\u2068{HEBREW}\u2069”")
    await instructor.press("stop-vote")
    await lesson.see("vote_closed", "text")
    await instructor.make_partners(3)
    await instructor.press("enable-chat")
    await lesson.see("discuss", "text")
    await instructor.press("start-revote")
    await lesson.see("revote", "text")
    for student in students[:5]:
        await student.page.get_by_test_id("first-answer").click()
        await send(student, "")
    await instructor.press("stop-vote")
    await lesson.see("revote_closed", "text")

    page = instructor.page
    await page.get_by_test_id("mark-at-bars").click()
    await expect(page.get_by_test_id("mark-Gravity")).to_be_checked()
    await page.get_by_test_id("mark-gravitation").check()
    await expect(page.get_by_test_id("right-answer")).to_contain_text("“gravitation”")
    await instructor.look("text-marked")
    await instructor.press("reveal")
    await lesson.see("revealed", "text")
    got = re.compile("got it right")
    for student in (students[0], students[2], students[4]):
        await expect(student.page.get_by_test_id("verdict")).to_have_text(got)
    late = students[5].page.get_by_test_id("verdict")
    await expect(late).not_to_have_text(got)
    await page.get_by_test_id(f"mark-{HEBREW}").check()
    await expect(late).to_have_text(got)
    await lesson.hall.right("Gravity", "gravitation", HEBREW)
    await lesson.see("revealed", "text-marked")
    await instructor.press("next-question")
    await instructor.sees("idle")


async def poll(lesson: Lesson) -> None:
    """Ask for opinions: nothing is right or wrong anywhere."""
    instructor, students = lesson.instructor, lesson.students
    await instructor.start("kind-poll")
    await lesson.see("vote", "poll")
    for student, letter in zip(students, "ABBBBB", strict=True):
        await student.choose(letter)
        await send(student, letter)
    await lesson.close_and_reveal("poll")
    await lesson.bar("B", 5)
    for person in lesson.everybody:
        for name in ("verdict", "no-answer", "answer", "right-answer"):
            await expect(person.page.get_by_test_id(name)).to_be_hidden()
        shown = person.page.locator("peer-question, peer-figures, peer-screen")
        judged = shown.get_by_text(re.compile("correct|Right|got it right|right answer"))
        await expect(judged.locator("visible=true")).to_have_count(0)
