"""A site without a host of its own: below /a/b/ of one with TLS, which a proxy ends."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
    pytest.mark.parametrize("running", ["below_a_path"], indirect=True, ids=["below-a-path"]),
]


@pytest.mark.long
async def test_its_pages_cookies_and_redirects_stay_below_the_path(classroom: Classroom) -> None:
    assert classroom.url.startswith("https://")
    assert classroom.url.endswith("/a/b/")
    student = await classroom.student(1, phone=False)
    page = student.page
    await student.log_in()
    await expect(page).to_have_url(classroom.url)
    cookies = {cookie["name"]: cookie for cookie in await student.context.cookies()}
    assert set(cookies) == {"sessionid", "csrftoken", "peerchat_device"}
    assert {cookie["path"] for cookie in cookies.values()} == {"/a/b/"}
    assert all(cookie["secure"] for cookie in cookies.values())

    await student.enter()
    await student.chat.send("Is anybody here?")
    await student.chat.shows("Is anybody here?")

    student.tolerate("status of 404")
    await page.goto(f"{classroom.url}courses/none/")
    await page.get_by_role("link", name="To my courses").click()
    await expect(page).to_have_url(classroom.url)

    await page.goto(f"{classroom.url}admin/")
    await expect(page).to_have_url(f"{classroom.url}admin/login/?next=/a/b/admin/")

    await page.goto(classroom.url)
    await page.get_by_test_id("log-out").click()
    await expect(page).to_have_url(f"{classroom.url}accounts/login/")
    await page.goto(f"{classroom.url}courses/physics101/")
    await expect(page).to_have_url(f"{classroom.url}accounts/login/?next=/a/b/courses/physics101/")
