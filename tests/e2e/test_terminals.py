"""Two people at terminals and one at a browser, in one room."""

import pytest

from tests.desk import Desk
from tests.e2e.conftest import Classroom
from tests.e2e.people import eventually
from tests.running import manage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


@pytest.mark.long
async def test_two_terminals_and_a_browser(classroom: Classroom) -> None:
    site = classroom.site
    tokens = manage(
        *("issue_token", "student2", "instructor"), env=site.store.environment()
    ).stdout.split()
    browser = await classroom.student(1)
    await browser.come_back()
    await browser.enter()
    two, leader = [await Desk.sit(site.url, token, terminal=True) for token in tokens]
    for desk in (two, leader):
        await desk.shows("No question is open.")
    await browser.open_course_chat()
    chat = browser.chat
    two.type("From a terminal")
    await leader.shows("From a terminal")
    await eventually(chat.said, ["From a terminal"])
    await chat.send("From a phone")
    for desk in (two, leader):
        await desk.shows("From a phone")
    leader.type("From the desk")
    await two.shows("From the desk")
    await eventually(chat.said, ["From a terminal", "From a phone", "From the desk"])
    leader.type("/start lift-at-constant-speed")
    await two.shows("Voting is open.")
    await browser.sees("vote")
    for desk in (two, leader):
        assert await desk.leave() == 0
