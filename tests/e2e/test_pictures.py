"""A picture's way from a lecturer's clipboard to the phones and the hall, in browsers."""

import base64

import pytest
from PIL import Image, ImageDraw
from playwright.async_api import FilePayload, Locator, Page, expect

from tests.drawings import picture, saved
from tests.e2e.conftest import Classroom
from tests.e2e.people import DESKTOP, PHONE, SHOTS, Person, come, eventually, resize

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

LOADED = "(image) => image.complete && image.naturalWidth"
# A paste as browsers give it to a page.
PASTE = """
([field, encoded]) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
  document.querySelector(`[data-testid=${field}]`).dispatchEvent(
    new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }),
  );
}
"""


def curve() -> bytes:
    """A drawing of many colours with a transparent ground, larger than what is kept."""
    image = Image.new("RGBA", (2400, 1200))
    draw = ImageDraw.Draw(image)
    for x in range(0, 2400, 4):
        draw.line((x, 1100, x, 1100 - x * x // 5400), fill=(x * 255 // 2400, 60, 160), width=4)
    return saved(image, "PNG")


async def is_loaded(image: Locator, width: int) -> None:
    await expect(image).to_be_visible()
    await eventually(lambda: image.evaluate(LOADED), width)


async def look(person: Person, name: str) -> None:
    for size, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
        await resize(person.page, viewport)
        for scheme in ("light", "dark") if SHOTS else ("light",):
            await person.page.emulate_media(color_scheme=scheme)
            await person.look(f"{name}-{size}-{scheme}")
    await person.page.emulate_media(color_scheme="light")
    await resize(person.page, DESKTOP)


async def choose(page: Page, field: str, data: bytes, name: str = "curve.png") -> None:
    """Choose a file with the button of a field."""
    label = page.locator(f"[data-at={field}]")
    async with page.expect_file_chooser() as chooser:
        await label.get_by_test_id("add-picture").click()
    await (await chooser.value).set_files(FilePayload(name=name, mimeType="image/png", buffer=data))


@pytest.mark.parametrize("running", ["one_worker"], indirect=True)
@pytest.mark.long
async def test_a_picture_from_the_clipboard_to_the_hall(classroom: Classroom) -> None:
    lecturer, student = await classroom.instructor(), await classroom.student(1)
    await come(student)
    await lecturer.come_back()
    page, site = lecturer.page, classroom.url.rstrip("/")
    await page.goto(f"{site}/courses/physics101/questions/coin-at-the-top/")
    dialog, prompt = page.get_by_test_id("picture-dialog"), page.get_by_test_id("prompt")
    await expect(prompt).not_to_have_value("")
    await prompt.press("Control+End")
    await prompt.press("Enter")

    # It asks for words, and takes no for an answer only if somebody says so.
    await choose(page, "prompt", curve())
    await is_loaded(dialog.locator("img"), 2000)
    await expect(page.get_by_test_id("picture-words")).to_be_focused()
    await page.get_by_test_id("picture-insert").click()
    await expect(page.get_by_test_id("picture-wrong")).to_contain_text("Say what the picture shows")
    await look(lecturer, "picture-dialog")
    await page.get_by_test_id("picture-words").fill("Height [m] over time")
    await page.get_by_test_id("picture-words").press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(prompt).to_be_focused()
    typed = await prompt.input_value()
    assert "![Height (m) over time](picture:" in typed

    # Pasted into the explanation, as decoration.
    await page.get_by_test_id("explanation").focus()
    encoded = base64.b64encode(picture("PNG", (30, 20))).decode()
    await page.evaluate(PASTE, ["explanation", encoded])
    await page.get_by_test_id("picture-decorative").check()
    await page.get_by_test_id("picture-insert").click()
    await expect(dialog).to_have_count(0)
    assert "![](picture:" in await page.get_by_test_id("explanation").input_value()

    # What is no picture is refused in words, and nothing of the text is lost.
    lecturer.tolerate("400")
    await choose(page, "prompt", b"no picture", "not.png")
    await expect(page.get_by_test_id("picture-failed")).to_contain_text("no picture")
    await look(lecturer, "picture-refused")
    await page.get_by_test_id("picture-cancel").click()
    await expect(prompt).to_have_value(typed)
    await expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved")
    await look(lecturer, "picture-editor")
    preview = page.frame_locator("[data-testid=frame-phone]")
    await is_loaded(preview.locator("img.picture"), 2000)

    # Students and the hall see it from the vote on.
    hall = await lecturer.context.new_page()
    await hall.goto(f"{site}/courses/physics101/screen/")
    await page.goto(f"{site}/courses/physics101/instructor/")
    await lecturer.connected()
    await lecturer.start("coin-at-the-top")
    shown = student.page.locator("img.picture")
    for place in (shown, hall.locator("img.picture")):
        await is_loaded(place.first, 2000)
        await expect(place.first).to_have_attribute("alt", "Height (m) over time")
        await expect(place).to_have_count(1)
    await student.look("picture-vote")
    await student.choose("D")
    await lecturer.press("stop-vote")
    await lecturer.press("reveal")
    await is_loaded(shown.nth(1), 30)
    await student.look("picture-result")
    if SHOTS:
        await hall.screenshot(path=f"{SHOTS}/hall-picture.png")
