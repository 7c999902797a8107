"""Partners who see each other under pseudonyms, on their pages."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import SHOTS, Person, come, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def choose_pseudonyms(instructor: Person) -> None:
    course = instructor.page.url.removesuffix("/").removesuffix("/instructor").rpartition("/")[2]
    origin = "/".join(instructor.page.url.split("/")[:3])
    cookies = {one["name"]: one["value"] for one in await instructor.context.cookies()}
    answer = await instructor.context.request.patch(
        f"{origin}/api/courses/{course}/class-settings/",
        data={"pseudonyms": True},
        headers={"X-CSRFToken": cookies["csrftoken"], "Referer": instructor.page.url},
    )
    assert answer.ok, await answer.text()


async def told(person: Person, action: str) -> dict[str, Any]:
    """Return the last event of this kind that a page got, once it has."""
    found: list[dict[str, Any]] = []

    async def came() -> bool:
        found[:] = [one for one in person.heard() if one and one.get("action") == action]
        return bool(found)

    await eventually(came, True)
    return found[-1]


@pytest.mark.long
async def test_partners_know_each_other_by_pseudonyms(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    one, two = await classroom.student(1), await classroom.student(2, phone=False)
    await come(instructor, one, two)
    await choose_pseudonyms(instructor)
    await instructor.start("coin-at-the-top")
    await one.vote("A", confidence=2, rationale="It stops there.")
    await two.vote("D", confidence=5, rationale="Gravity does not stop.")
    await instructor.press("stop-vote")
    await instructor.make_partners(1)
    await instructor.press("enable-chat")
    await one.sees("discuss")
    line = one.page.get_by_test_id("pseudonym")
    await expect(line).to_contain_text("Your pseudonym in this class is")
    mine = (await told(one, "pseudonym"))["me"]
    (theirs,) = (await told(one, "partners"))["partners"]
    await expect(line).to_contain_text(mine["display_name"])
    await expect(one.page.get_by_test_id("partner-names")).to_contain_text(theirs["display_name"])
    # One's own message is one's own, and that of the partner has the pseudonym.
    await one.partners.send(f"Hello @{theirs['username']}")
    await two.partners.shows(f"Hello @{theirs['username']}")
    await two.partners.send("Hello to you")
    await one.partners.shows(f"Hello @{theirs['username']}", "Hello to you")
    assert [row["own"] for row in await one.partners.messages() if row["kind"] == "text"] == [
        True,
        False,
    ]
    head = two.page.locator("peer-partners [data-testid=message] .message-head .pseudonym")
    await expect(head.first).to_have_text(mine["display_name"])
    await expect(head.first).to_have_attribute("title", "Pseudonym")
    await expect(two.page.locator("peer-partners mark.mention")).to_have_count(1)
    # Those who may know see the name beside it.
    await two.chat.send("Hello to all")
    await instructor.chat.shows("Hello to all")
    name = await two.page.locator("peer-app").get_attribute("data-display-name")
    row = instructor.page.get_by_test_id("course-chat").get_by_test_id("message")
    await expect(row.last).to_contain_text(f"{theirs['display_name']}")
    await expect(row.last).to_contain_text(f"({name})")
    for person, other in ((one, two), (two, one)):
        shown = await person.page.locator("main").inner_text()
        app = other.page.locator("peer-app")
        for name in ("data-username", "data-display-name"):
            assert str(await app.get_attribute(name)) not in shown
    for scheme in ("light", "dark") if SHOTS else ("light",):
        everybody: tuple[Person, ...] = (instructor, one, two)
        for someone in everybody:
            await someone.page.emulate_media(color_scheme=scheme)
            await someone.look(f"pseudonyms-{scheme}")
