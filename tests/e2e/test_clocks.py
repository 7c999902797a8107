"""Students whose clocks are wrong: they see the same as everybody else."""

import asyncio
import re
import time

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import Student, come, eventually
from tests.e2e.test_class import QUESTION, all_see, closed_in_time

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

HOURS = (-5, 30)
SHIFTED = """
(() => {
  const Real = Date;
  window.Date = class extends Real {
    constructor(...parts) {
      super(...(parts.length ? parts : [Date.now()]));
    }
    static now() {
      return Real.now() + %d * 3_600_000;
    }
  };
})();
"""


async def counts_real_seconds(student: Student) -> None:
    async def difference_is_small() -> bool:
        text = await student.countdown.text_content()
        found = re.fullmatch(r"(\d+):(\d+)", text or "")
        deadline = student.session()["deadline"]
        if found is None or deadline is None:
            return False
        left = deadline - time.time()
        return abs(60 * int(found[1]) + int(found[2]) - left) < 2

    await eventually(difference_is_small, True)


@pytest.mark.parametrize("running", ["one_worker"], indirect=True)
@pytest.mark.long
async def test_a_vote_with_wrong_clocks(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    students = [await classroom.student(number) for number in (1, 2)]
    for student, hours in zip(students, HOURS, strict=True):
        await student.page.add_init_script(SHIFTED % hours)
    await come(instructor, *students)
    for student, hours in zip(students, HOURS, strict=True):
        theirs = await student.page.evaluate("Date.now() / 1000")
        assert abs(theirs - 3600 * hours - time.time()) < 60

    await instructor.start(QUESTION)
    await all_see("vote", *students)
    await instructor.press("count-down-30")
    await asyncio.gather(*map(counts_real_seconds, students))
    for student in students:
        await student.vote("B", confidence=3, rationale="The clock does not matter.")
    await instructor.press("count-down")
    await asyncio.gather(*map(counts_real_seconds, students))
    await all_see("vote_closed", instructor, *students)
    closed_in_time(students[0])
    await instructor.figure("votes-1", "2 of 2")
    await students[0].open_course_chat()
    await students[0].chat.send("What time is it?")
    for student in students[1:]:
        await student.open_course_chat()
        await student.chat.shows("What time is it?")
    await expect(students[0].countdown).to_be_hidden()
