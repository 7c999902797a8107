"""The pages of a class on paper, and enlarged: nothing is cut, and everything is in reach."""

import os
import re
from pathlib import Path
from types import SimpleNamespace as Thing

import pytest
import pytest_asyncio
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string

from tests.pace import patient
from tests.static.browser import ORIGIN, file_at, page_of_modules

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHEET = re.compile(r"<link rel=\"stylesheet\" href=\"[^\"]*?(/static/[^\"]+)\">")
IMAGE = re.compile(r"<img [^>]*>")
SHOTS = os.environ.get("E2E_SHOTS", "")
RESULT = """async ([url, question]) => {
    const { PeerQuestion } = await import(`${url}/student/peer-question.js`);
    await import(`${url}/core/peer-bars.js`);
    const part = new PeerQuestion();
    document.querySelector("[data-part=question]").replaceWith(part);
    const client = { state: { course: {}, limits: { rationale: 1000 } }, socket: { isOpen: true } };
    part.connect({ client, ballot: {} });
    const votes = [{ choice: "A" }, { choice: "B" }];
    const histograms = [{ A: 3, B: 1 }, { A: 1, B: 3 }];
    const session = { question, phase: "revealed", round: 2, votes, histograms, correct: "B" };
    part.render(session);
}"""
# The parts of an element that a box between it and the page cuts off.
CUT = """(element) => {
    const { top, bottom, height } = element.getBoundingClientRect();
    if (!height || !element.checkVisibility({ contentVisibilityAuto: true })) return "not there";
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
        if (getComputedStyle(box).overflowY === "visible") continue;
        const frame = box.getBoundingClientRect();
        if (frame.top > top + 1 || frame.bottom < bottom - 1) return box.className || box.tagName;
    }
    return document.documentElement.scrollHeight >= bottom - 1 ? "" : "the page";
}"""
LETTERS = "ABCDEFGHIJ"
PROMPT = "Which of the two forces is the greater one while the car pushes the truck? " * 3
COURSE = Thing(slug="physics", title="Physics")


def question(number):
    """A question as the templates take it."""
    choices = [
        Thing(letter=one, text=f"{number} {PROMPT}", is_correct=one == "B") for one in LETTERS
    ]
    return Thing(slug=f"q{number}", prompt=PROMPT, choices=Thing(all=choices), asked=False)


async def open_page(page, template, **context):
    """Show the body of a page with its style sheets; its scripts do not run."""
    html = render_to_string(
        template, {"course": COURSE, "user": AnonymousUser(), "csrf_token": "", **context}
    )
    body = re.search(r"<body class=\"(.*?)\">(.*)</body>", html, re.DOTALL)
    await page.evaluate(
        "([name, html]) => { document.body.className = name; document.body.innerHTML = html; }",
        [body[1], IMAGE.sub("", body[2])],
    )
    for path in SHEET.findall(html):
        name = re.sub(r"\.[0-9a-f]{12}(?=\.css$)", "", path)
        await page.add_style_tag(content=file_at(name)[0])
    await page.evaluate("document.querySelector('.page').dataset.pane = 'class'")


@pytest_asyncio.fixture(loop_scope="session", params=[360, 1280])
async def page(browser, request):
    async with page_of_modules(browser) as page:
        await page.set_viewport_size({"width": request.param, "height": 740})
        page.shot = lambda name: shoot(page, f"{name}-{request.param}")
        yield page


async def shoot(page, name):
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def pages_of(page):
    """Return how many pages of paper the page takes."""
    return len(re.findall(rb"/Type /Page\b", await page.pdf(format="A4")))


async def test_a_list_of_questions_prints_whole(page):
    await open_page(page, "rooms/instructor.html", questions=[question(n) for n in range(8)])
    await page.emulate_media(media="print")
    for selector in (".question-item", ".question-item .choice"):
        items = page.locator(selector)
        assert await items.count() >= 8
        assert {await one.evaluate(CUT) for one in await items.all()} == {""}
    assert not await page.get_by_test_id("announce-text").is_visible()
    await page.shot("print-questions")
    assert await pages_of(page) > 4


async def test_a_result_prints_whole(page):
    await open_page(page, "rooms/course.html")
    choices = [{"choice": one, "text": PROMPT} for one in LETTERS]
    asked = {"question": "q", "prompt": PROMPT, "choices": choices}
    await page.evaluate(RESULT, [f"{ORIGIN}/static/peerchat", asked])
    await page.emulate_media(media="print")
    bars = page.locator(".bars-choice")
    assert await bars.count() == len(LETTERS)
    assert {await one.evaluate(CUT) for one in await bars.all()} == {""}
    await page.shot("print-result")
    assert await pages_of(page) > 1


@pytest.mark.parametrize("template", ["rooms/course.html", "rooms/instructor.html"])
async def test_an_announcement_leaves_room_where_a_page_is_enlarged(page, template):
    """The window is 320 x 256, which is 1280 x 1024 at 400 %."""
    await page.set_viewport_size({"width": 320, "height": 256})
    await open_page(page, template, questions=[question(1)])
    await page.evaluate(
        """(text) => {
            const banner = document.querySelector("[data-part=banner]");
            banner.hidden = false;
            banner.querySelector("[data-part=banner-text]").textContent = text;
            banner.querySelector("[data-part=banner-meta]").textContent = "Ines, 10:00";
        }""",
        "The exam is in the other hall. " * 100,
    )
    await page.shot(f"enlarged-{template.split('/')[1]}")
    pane = await page.locator(".class-pane").bounding_box()
    assert pane["height"] >= 100
    assert pane["y"] + pane["height"] <= 256
    dismiss = await page.get_by_test_id("dismiss-announcement").bounding_box()
    assert dismiss["y"] >= 0
    assert dismiss["x"] + dismiss["width"] <= 320
    assert dismiss["y"] + dismiss["height"] <= 256
    await page.get_by_test_id("dismiss-announcement").click(timeout=patient(5000))
