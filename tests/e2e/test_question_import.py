"""A lecturer brings ten questions in from a text, mends one, and asks the class another."""

import base64
import io
import re

import pytest
from PIL import Image, ImageDraw
from playwright.async_api import Locator, expect

from tests.e2e.conftest import Classroom
from tests.e2e.people import DESKTOP, PHONE, SHOTS, Person, resize

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

CLICKS = 15
"""From the list of courses until the vote is open, with the ten questions imported on the way."""


def picture() -> str:
    """A slope with a block on it, as GIFT has it."""
    image = Image.new("RGB", (480, 240), "white")
    draw = ImageDraw.Draw(image)
    draw.polygon([(40, 200), (440, 200), (440, 40)], fill="#cdd6f4", outline="#223cab")
    draw.rectangle((220, 80, 280, 125), fill="#b3261e")
    file = io.BytesIO()
    image.save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode().replace("=", r"\=")
    return rf'<img src\="data\:image/png;base64,{data}" alt\="A block on a slope">'


def gift(first: str = r"Which force acts on a mass $m$ at the acceleration $a$?") -> str:
    return (
        rf"::Second law:: {first} "
        r"{=$F \= ma$#Newton found it. ~$F \= mv$#That is a momentum. ~$F \= \\frac\{m\}\{a\}$}"
        "\n\n"
        rf"::Slope:: [html]<p>The block on the slope slides without friction.</p>{picture()}"
        r"<p>What is its acceleration?</p>{~$g$ =$g\\sin\\alpha$ ~$g\\cos\\alpha$}"
        "\n\n"
        r"What is $g$, in m/s², to two decimals?{#9.81:0.01}"
        "\n\n"
        r"::Loop:: [markdown]What does this print?\n\n```python\nfor n in range(3)\: "
        r"print(n, end\=' ')\n```{=0 1 2 ~1 2 3 ~0 1 2 3}"
        "\n\n"
        r"Which of these are vectors?{~%50%Force ~%50%Velocity ~%-100%Mass ~%-100%Energy}"
        "\n\n"
        r"Who wrote the Principia?{=Newton =Isaac Newton}"
        "\n\n"
        r"أي قوة أكبر؟{=قوة الحبل ~الوزن}"
        "\n\n"
        r"The Earth attracts the Moon.{T}"
        "\n\n"
        r"How was the pace today?{~too slow ~just right ~too fast}"
        "\n\n"
        r"Which way is up?{=away from the centre of the Earth ~towards it}"
    )


FLAWED = r"""

::Essay:: Describe the second law in your own words.{}

Two are right, it seems.{=yes =yes ~no}

Which capital is where?{=France -> Paris =Italy -> Rome}

A brace is open {=here ~there
"""


class Lecturer:
    """A lecturer whose clicks are counted."""

    def __init__(self, person: Person) -> None:
        self.page = person.page
        self.clicks = 0

    async def click(self, place: Locator | str) -> None:
        self.clicks += 1
        await (self.page.get_by_test_id(place) if isinstance(place, str) else place).click()

    async def paste(self, place: Locator | str, text: str) -> None:
        """Click into a field, and paste a text in place of its own."""
        field = self.page.get_by_test_id(place) if isinstance(place, str) else place
        await self.click(field)
        await self.page.keyboard.press("Control+a")
        await self.page.keyboard.insert_text(text)


async def look(person: Person, name: str) -> None:
    """Look at the page at both widths, in light and dark."""
    for scheme in ("light", "dark") if SHOTS else ("light",):
        await person.page.emulate_media(color_scheme=scheme)
        for size in (PHONE, DESKTOP):
            await resize(person.page, size)
            await person.look(f"{name}-{scheme}-{size['width']}")
            if SHOTS:
                file = f"{SHOTS}/full-{name}-{scheme}-{size['width']}.png"
                await person.page.screenshot(path=file, full_page=True)
    await person.page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("running", ["one_worker"], indirect=True)
@pytest.mark.long
async def test_ten_questions_come_in_and_one_is_asked(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    await instructor.come_back()
    page, lecturer = instructor.page, Lecturer(instructor)
    await lecturer.click(page.get_by_role("link", name="Lead the class").first)
    await lecturer.click(page.get_by_role("link", name="Questions", exact=True))
    rows = page.locator(".question-row")
    before = await rows.count()
    await lecturer.click("import")
    await look(instructor, "import-empty")
    await lecturer.paste(page.get_by_label("Questions as text"), gift())
    await lecturer.click("preview-file")
    await expect(page.get_by_test_id("card")).to_have_count(10)
    formula = page.locator(".math[data-state=drawn]").first
    await expect(formula).to_be_visible()
    await expect(page.locator("img.picture, .rich img")).to_have_count(1)
    await lecturer.click("import")
    await expect(page.get_by_test_id("said")).to_have_text("10 questions were imported.")
    await expect(rows).to_have_count(before + 10)

    # One is mended, and comes first; its preview is beside it.
    await lecturer.click(page.get_by_role("link", name="Slope"))
    frame = page.frame_locator("[data-testid=frame-phone]")
    await expect(frame.locator("img.picture")).to_be_visible()
    await lecturer.paste("title", "A slope")
    await expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved")
    await lecturer.click(page.get_by_role("link", name="Questions", exact=True))
    row = page.locator(".question-row", has_text="A slope")
    slug = await row.get_attribute("data-question")
    await row.locator("[data-part=title]").focus()
    async with page.expect_response("**/questions/order/"):
        await page.keyboard.press("Alt+ArrowUp")
    await lecturer.click(page.get_by_role("link", name="Lead the class"))
    await lecturer.click(page.get_by_test_id(f"question-{slug}").locator("[data-part=pick]"))
    await lecturer.click("start-question")
    await instructor.sees("vote")
    assert lecturer.clicks <= CLICKS, lecturer.clicks


@pytest.mark.parametrize("running", ["one_worker"], indirect=True)
@pytest.mark.long
async def test_a_file_with_flaws_is_mended_on_the_page(classroom: Classroom) -> None:
    instructor = await classroom.instructor()
    instructor.tolerate("status of 400")
    await instructor.come_back()
    page = instructor.page
    await page.goto(f"{classroom.url.rstrip('/')}/courses/physics101/questions/import/")
    text = page.get_by_label("Questions as text")
    await text.fill("Just a sentence.")
    await page.get_by_test_id("preview-file").click()
    await expect(page.get_by_test_id("file-error")).to_be_visible()
    await expect(text).to_have_value("Just a sentence.")
    await look(instructor, "import-not-read")
    await page.locator("input[type=file]").set_input_files(
        {"name": "quiz.gift", "mimeType": "text/plain", "buffer": (gift() + FLAWED).encode()}
    )
    await page.get_by_test_id("preview-file").click()
    await expect(page.get_by_test_id("refused")).to_have_count(3)
    await expect(page.get_by_test_id("card")).to_have_count(11)
    await look(instructor, "import-preview")
    await page.get_by_test_id("tick-none").click()
    await page.get_by_test_id("import").click()
    await expect(page.get_by_test_id("told")).to_contain_text("Tick the questions")
    await page.get_by_test_id("card").first.get_by_role("checkbox").check()
    await page.get_by_test_id("import").click()
    await expect(page).to_have_url(re.compile("/questions/$"))
    await expect(page.get_by_test_id("said")).to_have_text("1 question was imported.")
    await page.goto(f"{classroom.url.rstrip('/')}/courses/physics101/questions/import/")
    await text.fill(gift())
    await page.get_by_test_id("preview-file").click()
    await expect(page.locator("[data-outcome=here]")).to_have_count(1)
    await look(instructor, "import-known")
