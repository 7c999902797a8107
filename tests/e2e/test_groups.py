"""A lecturer with two hundred groups sees where to look, visits one, answers, and undoes things."""

import asyncio
import subprocess
import sys

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import DESKTOP, PHONE, come, resize
from tests.pace import patient

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

GROUPS = 200
ALL_GROUPS = """
async () => (await (await fetch("/api/courses/physics101/groups/?limit=500")).json()).results
"""


def add_groups(env: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.e2e.many_groups", "physics101", str(GROUPS - 1)],
        env=env,
        timeout=patient(60),
        check=True,
    )


@pytest.mark.long
async def test_groups_at_a_glance(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    one, two = await classroom.student(1), await classroom.student(2, phone=False)
    page, get = instructor.page, instructor.page.get_by_test_id
    await come(instructor, one, two)
    await instructor.start("lift-at-constant-speed")
    for student, choice in ((one, "A"), (two, "B")):
        await student.vote(choice, confidence=2, rationale="")
    await instructor.press("stop-vote")
    await instructor.make_partners(1)
    await instructor.press("enable-chat")
    await one.has_partners("student2")
    await one.partners.send("You are all silly")
    await two.partners.shows("You are all silly")
    await asyncio.to_thread(add_groups, classroom.site.store.environment())

    # All of them are there, each with a state; one state at a time can be looked at.
    await get("groups-view").scroll_into_view_if_needed()
    await expect(get("group-tile")).to_have_count(GROUPS)
    await expect(get("ask-group")).to_have_count(3)
    await instructor.look("groups")
    await get("group-tiles").evaluate("(tiles) => tiles.scrollIntoView()")
    await instructor.look("group-tiles")
    silent = get("groups-view").locator("button[data-filter=silent]")
    await silent.click()
    await expect(get("group-tile").first).to_have_attribute("data-talk", "silent")
    assert await get("group-tile").count() == int(
        await silent.locator(".groups-count").inner_text()
    )
    await silent.click()

    # A visit is seen by the members, and comes before the first text.
    await page.locator("[data-testid=group-tile][data-group='1']").click()
    await expect(get("group-details")).to_contain_text("Group 1: ")
    await expect(get("group-messages")).to_be_hidden()
    await get("group-visit").click()
    await expect(get("group-messages")).to_contain_text("You are all silly")
    lines = two.page.locator("peer-partners [data-kind=system] .text")
    await expect(lines).to_contain_text(["reads along for a moment."])
    await get("group-text").fill("What makes you think so?")
    await get("group-say").click()
    await expect(lines).to_contain_text(["reads along", "What makes you think so?"])
    await get("group-details").evaluate("(details) => details.scrollIntoView()")
    await instructor.look("group-visited")
    await two.look("group-visited")

    # A flag, and what is done about it.
    row = two.page.locator("peer-partners [data-testid=message][data-kind=text]").first
    await row.hover()
    await two.page.get_by_test_id("message-flag").click()
    await expect(get("flags-badge")).to_have_text("1 flag")
    await expect(get("flag")).to_contain_text("You are all silly")
    await get("flag-remove").click()
    await expect(row.locator(".text")).to_have_text("Message removed")
    await expect(get("done")).to_contain_text("the message is removed")
    await instructor.look("group-flag")
    await get("undo").click()
    await expect(row.locator(".text")).to_have_text("You are all silly")
    await get("flag-settle").click()
    await expect(get("flags-badge")).to_be_hidden()

    # A move, and back.
    found = await page.evaluate(ALL_GROUPS.strip())
    large = next(group for group in found if len(group["members"]) == 3)
    await page.locator(f"[data-testid=group-tile][data-group='{large['group']}']").click()
    await expect(get("group-member")).to_have_count(3)
    await get("member-move").first.select_option("2")
    await expect(get("group-member")).to_have_count(2)
    await page.keyboard.press("u")
    await expect(get("group-member")).to_have_count(3)
    await expect(get("done")).to_contain_text("Undone")

    await resize(page, PHONE)
    await page.emulate_media(color_scheme="dark")
    await get("groups-view").scroll_into_view_if_needed()
    await instructor.look("groups-phone")
    await get("group-tiles").evaluate("(tiles) => tiles.scrollIntoView()")
    await instructor.look("group-tiles-phone")
    await get("group-details").evaluate("(details) => details.scrollIntoView()")
    await instructor.look("group-details-phone")
    await resize(page, DESKTOP)
