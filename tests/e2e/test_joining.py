"""A phone that joins by the code on the instructor's page, and what the instructor sees of it."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


@pytest.mark.long
async def test_a_phone_joins_as_a_guest_and_becomes_an_account(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    board = instructor.page
    await instructor.log_in()
    await instructor.enter()
    await instructor.look("closed")
    before = int(await board.get_by_test_id("joined").inner_text())
    await board.get_by_test_id("open-joining").click()
    code = await board.get_by_test_id("join-code").inner_text()
    await expect(board.locator("svg.qr")).to_be_visible()
    await instructor.connected()
    await instructor.look("open")

    guest = await classroom.student(1)
    phone = guest.page
    guest.tolerate("404|400")
    await phone.goto(f"{classroom.url.rstrip('/')}/join/")
    await phone.get_by_test_id("code").fill("AAAAAA" if code != "AAAAAA" else "BBBBBB")
    await phone.get_by_test_id("go").click()
    await expect(phone.get_by_test_id("join-error")).to_be_visible()
    await guest.look("wrong-code")
    await phone.get_by_test_id("code").fill(code.lower())
    await phone.keyboard.press("Enter")
    await phone.get_by_test_id("name").fill("An\u200bna")
    await phone.get_by_test_id("join").click()
    await expect(phone.get_by_test_id("name-error")).to_contain_text("invisible")
    await expect(phone.get_by_test_id("name")).to_have_value("An\u200bna")
    await guest.look("wrong-name")
    await phone.get_by_test_id("name").fill("Anna Ångström")
    await phone.get_by_test_id("join").click()
    await guest.connected()
    await expect(phone.get_by_test_id("welcome")).to_contain_text("Anna Ångström")
    await guest.look("in")
    await guest.chat.root.page.get_by_test_id("tab-chat").click()
    await guest.chat.send("Hello from a phone")

    # The number follows by itself, and so does the list.
    await expect(board.get_by_test_id("joined")).to_have_text(str(before + 1))
    await instructor.chat.shows("Hello from a phone")
    await board.get_by_role("link", name="People").click()
    anna = board.get_by_test_id("person").filter(has_text="Anna Ångström")
    await expect(anna.get_by_test_id("guest-tag")).to_be_visible()
    await expect(anna.get_by_label("online")).to_be_visible()
    await instructor.look("people")

    # The same link again, and another tab, lead to the same place.
    await phone.goto(f"{classroom.url.rstrip('/')}/join/{code}/")
    await guest.connected()
    await phone.goto(f"{classroom.url.rstrip('/')}/join/place/")
    await phone.get_by_test_id("new-link").click()
    link = await phone.get_by_test_id("personal-link").input_value()
    await guest.look("place")
    laptop = await classroom.student(2, phone=False)
    laptop.tolerate("401")  # its session ends when the guest becomes an account
    await laptop.page.goto(link)
    await expect(laptop.page.locator("main")).to_contain_text("Anna Ångström")
    await laptop.look("back")
    await laptop.page.get_by_test_id("come-back").click()
    await laptop.connected()
    await expect(laptop.page.get_by_test_id("account-name")).to_have_text("Anna Ångström")

    await phone.get_by_test_id("make-account").click()
    await phone.get_by_label("Username").fill("anna")
    await phone.get_by_label("Password", exact=True).fill("horse-42!")
    await phone.get_by_label("Password, again").fill("horse-42!")
    await guest.look("account")
    await phone.get_by_test_id("save-account").click()
    await expect(phone.get_by_test_id("courses")).to_be_visible()
    await guest.enter()
    await phone.get_by_test_id("tab-chat").click()
    await guest.chat.shows("Hello from a phone")
    assert [one["own"] for one in await guest.chat.messages()] == [True]

    # Whoever else uses the link is out, and the instructor sees an account.
    await expect(laptop.page.get_by_label("Username")).to_be_visible()
    await board.reload()
    anna = board.get_by_test_id("person").filter(has_text="Anna Ångström")
    await expect(anna).to_contain_text("anna")
    await expect(anna.get_by_test_id("guest-tag")).to_have_count(0)
    await anna.get_by_text("More").click()
    await anna.get_by_test_id("remove").click()
    await expect(board.get_by_test_id("people-notice")).to_be_visible()
    await expect(anna).to_have_count(0)
