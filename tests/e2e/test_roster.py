"""A lecturer brings a class in by a list, and somebody of it comes by a printed link."""

from urllib.parse import urljoin

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import DESKTOP, PHONE, Person, resize

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

LIST = (
    "Vorname;Nachname;E-Mail\nEve;Poe;eve.poe@students.example.org\nFay;Wu;\n"
    "Liam;O'Connor <liam>;liam@example.org\n"
)
MENDED = "Vorname;Nachname;E-Mail\nEve;Poe;eve@example.org\nFay;Wu;fay@example.org\n"

# The texts that take more than one line.
BROKEN = """
(cells) => {
  const lines = (cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return new Set([...range.getClientRects()].map((box) => box.top)).size;
  };
  return cells.filter((cell) => lines(cell) > 1).map((cell) => cell.textContent);
}
"""


async def look(person: Person, name: str) -> None:
    """Look at the page at both widths, in light and dark."""
    for scheme in ("light", "dark"):
        await person.page.emulate_media(color_scheme=scheme)
        for size in (PHONE, DESKTOP):
            await resize(person.page, size)
            await person.look(f"{name}-{scheme}-{size['width']}")


@pytest.mark.parametrize("running", ["one_process"], indirect=True)
@pytest.mark.long
async def test_a_list_with_a_wrong_line_is_mended_and_imported(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    instructor.tolerate("status of 400")
    await instructor.come_back()
    page = instructor.page
    await page.goto(urljoin(classroom.url, "/courses/physics101/roster/"))
    await look(instructor, "empty")
    await page.locator("input[type=file]").set_input_files(
        {"name": "class.csv", "mimeType": "text/csv", "buffer": LIST.encode("utf-16")}
    )
    await page.get_by_test_id("preview-list").click()
    lines = page.get_by_test_id("line")
    await expect(lines).to_have_count(3)
    await expect(lines.first).to_contain_text("no e-mail address")
    await expect(page.get_by_test_id("apply")).to_have_count(0)
    await look(instructor, "refused")
    unbroken = page.locator(".roster-table th, .roster-table td:nth-child(3)")
    assert await unbroken.evaluate_all(BROKEN) == []
    await expect(page.get_by_role("textbox")).to_have_value(LIST)
    await page.get_by_role("textbox").fill(MENDED)
    await page.get_by_test_id("preview-list").click()
    await expect(lines).to_have_count(2)
    await look(instructor, "preview")
    await page.get_by_test_id("send-invitations").uncheck()
    await page.get_by_test_id("apply").click()
    await expect(page.get_by_test_id("told")).to_have_text("2 people are new here.")
    await look(instructor, "imported")
    await page.get_by_role("link", name="Print links").click()
    await page.get_by_test_id("make-links").click()
    await expect(page.get_by_test_id("links").locator("svg")).to_have_count(2)
    await look(instructor, "links")
    link = await page.locator(".link-card .link").first.text_content()
    assert link is not None

    eve = await classroom.visitor("eve")
    await eve.page.goto(link)
    await look(eve, "invited")
    await resize(eve.page, PHONE)
    for label in ("New password", "New password confirmation"):
        await eve.page.get_by_label(label, exact=True).fill("battery staple 7")
    await eve.page.get_by_test_id("accept").click()
    await expect(eve.page.locator("peer-app")).to_be_visible()
    await eve.page.goto(urljoin(classroom.url, "/accounts/me/"))
    await look(eve, "account")
    eve.tolerate("status of 410")
    await eve.page.goto(link)
    await expect(eve.page.get_by_test_id("refused")).to_be_visible()
    await look(eve, "used")
