"""A course that gets another slug while its pages are open."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import come
from tests.running import manage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

QUESTION = "lift-at-constant-speed"
RENAME = (
    "from rooms.models import Course; course = Course.objects.get(slug='physics101'); "
    "course.slug = 'mechanics'; course.save()"
)


@pytest.mark.parametrize("running", ["one_worker"], indirect=True)
@pytest.mark.long
async def test_open_pages_go_on_under_the_new_slug(classroom: Classroom) -> None:
    instructor, student = await classroom.instructor(), await classroom.student(1, phone=False)
    await come(instructor, student)
    former = student.page.url
    await instructor.start(QUESTION)
    await student.sees("vote")
    await student.choose("A")

    env = classroom.site.store.environment()
    done = await asyncio.to_thread(manage, "shell", "-c", RENAME, env=env)
    assert done.returncode == 0, done.stderr
    await expect(student.page).to_have_url(re.compile("/courses/mechanics/$"))
    await expect(instructor.page).to_have_url(re.compile("/courses/mechanics/instructor/$"))

    # The choice stays, the vote counts, and the class moves on.
    await expect(student.page.get_by_test_id("choice-A")).to_be_checked()
    await student.vote("B", confidence=3, rationale="It does not accelerate.")
    await instructor.press("stop-vote")
    await student.sees("vote_closed")
    await instructor.sees("vote_closed")
    await student.chat.send("Hello")
    await instructor.chat.shows("Hello")

    await student.page.goto(former)
    await expect(student.page).to_have_url(re.compile("/courses/mechanics/$"))
    await student.connected()
    await student.sees("vote_closed")
