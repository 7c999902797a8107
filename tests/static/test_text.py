"""Texts of the world in the parts of a page: the places of their parts, and the effect of keys."""

import pytest
import pytest_asyncio

from tests.static.browser import ORIGIN, file_at, page_of_modules

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHEETS = ("core/tokens", "core/base", "core/question", "core/bars", "chat/chat", "chat/messages")
HEBREW = "כלפי מטה, 9.8 m/s²."
TOWER = "Z" + "\u0301" * 60
SHOW = """async ([url, text, name]) => {
    const { PeerQuestion } = await import(`${url}/student/peer-question.js`);
    const { messageRow } = await import(`${url}/chat/message-row.js`);
    const choices = [{ choice: "A", text }, { choice: "B", text: "x   y" }];
    const question = { question: "q", prompt: text, choices };
    const self = { sharesReasons: false };
    const client = {
        state: { course: {}, limits: { rationale: 1000 }, self },
        socket: { isOpen: true },
    };
    const entry = () => ({ rationale: "" });
    const ballot = { entry, pending: () => null, changed: () => false, edit() {} };
    const part = new PeerQuestion();
    part.connect({ client, ballot });
    document.body.replaceChildren(part);
    const asks = { confidence: "optional", reason: "optional" };
    part.render({ question, phase: "vote", round: 1, votes: [null, null], partners: [], asks });
    const list = document.createElement("ol");
    const user = { username: "u", display_name: name };
    const message = { id: "1", seq: 1, kind: "text", text, timestamp: 0, user };
    list.append(messageRow(message, { me: "me", quoted: message, course: true }));
    document.body.append(list);
}"""
# Where a part of a text is on the screen.
PLACE = """(element, part) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const at = walker.currentNode.data.indexOf(part);
        if (at < 0) continue;
        const range = document.createRange();
        range.setStart(walker.currentNode, at);
        range.setEnd(walker.currentNode, at + part.length);
        const { left, right, top } = range.getBoundingClientRect();
        return { left, right, top };
    }
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser):
    async with page_of_modules(browser) as page:
        for sheet in SHEETS:
            await page.add_style_tag(content=file_at(f"/static/peerchat/{sheet}.css")[0])
        yield page


async def show(page, text, name="Ann"):
    await page.evaluate(SHOW, [f"{ORIGIN}/static/peerchat", text, name])


PLACES = [
    ".prompt [data-testid=prompt]",
    ".choice >> nth=0 >> .text",
    ".message .text",
    ".quote bdi",
]


@pytest.mark.parametrize("selector", PLACES)
async def test_a_number_stays_with_its_unit(page, selector):
    await show(page, HEBREW)
    element = page.locator(selector)
    words, number, unit = [await element.evaluate(PLACE, part) for part in ("כלפי", "9.8", "m/s²")]
    # The text runs from right to left, with only a space between number and unit.
    assert words["left"] > number["left"]
    assert -1 < number["left"] - unit["right"] < 12
    assert number["top"] == pytest.approx(unit["top"], abs=4)


@pytest.mark.parametrize("name", ["\u2067עדה", "\u202eAnn", "\u2069\u202eAnn"])
async def test_a_name_does_not_reach_into_what_follows(page, name):
    """The name is as a server would send it if it did not clean names."""
    await show(page, "abc 123", name)
    quote = page.locator(".quote")
    first, last = [await quote.evaluate(PLACE, part) for part in ("abc", "123")]
    assert first["right"] < last["left"]


async def test_towers_of_marks_are_clipped(page):
    """Nothing is painted above the row of a message, whatever its name and its text are."""
    plain, towering = [], []
    for name, shots in (("Z", plain), (TOWER, towering)):
        await show(page, "Z", name)
        await page.evaluate("document.querySelector('ol').style.paddingBlock = '120px'")
        box = await page.locator(".message").bounding_box()
        above = {"x": 0, "y": box["y"] - 100, "width": 600, "height": 98}
        shots.append(await page.screenshot(clip=above, animations="disabled"))
    assert plain == towering


async def test_runs_of_spaces_in_a_choice_are_kept(page):
    await show(page, "x")
    text = page.locator(".choice >> nth=1 >> .text")
    one, other = [await text.evaluate(PLACE, part) for part in ("x", "y")]
    assert other["left"] - one["right"] > 10


async def test_the_reason_takes_as_many_characters_as_the_server(page):
    await show(page, "x")
    reason = page.get_by_test_id("rationale")
    await reason.fill("👋" * 1000)
    assert await reason.input_value() == "👋" * 1000
    await reason.press("End")
    await reason.press_sequentially("!")
    assert await reason.input_value() == "👋" * 1000
    assert await reason.get_attribute("dir") == "auto"


@pytest.mark.parametrize(
    ("fields", "sent"), [("isComposing: true", 0), ("keyCode: 229", 0), ("keyCode: 13", 1)]
)
async def test_enter_that_ends_a_composition_sends_nothing(page, fields, sent):
    count = await page.evaluate(
        f"""async (url) => {{
            const {{ Composer }} = await import(`${{url}}/chat/composer.js`);
            let sent = 0;
            const send = () => {{ sent += 1; }};
            const chat = {{ limit: () => 9, typing() {{}}, canSend: () => true, send }};
            const {{ element }} = new Composer("c", "Chat", chat);
            document.body.replaceChildren(element);
            const field = element.querySelector("textarea");
            field.value = "にほん";
            const keys = {{ key: "Enter", bubbles: true, cancelable: true, {fields} }};
            field.dispatchEvent(new KeyboardEvent("keydown", keys));
            return sent;
        }}""",
        f"{ORIGIN}/static/peerchat",
    )
    assert count == sent


async def test_what_shows_nothing_is_not_sent_and_code_keeps_its_indent(page):
    sent = await page.evaluate(
        """async (url) => {
            const { Composer } = await import(`${url}/chat/composer.js`);
            const sent = [];
            const send = (text) => sent.push(text);
            const chat = { limit: () => 99, typing() {}, canSend: () => true, send };
            const { element } = new Composer("c", "Chat", chat);
            document.body.replaceChildren(element);
            for (const text of ["\\u200b\\u200b\\u200b", "\\n    def f():\\n        return 1\\n"]) {
                element.querySelector("textarea").value = text;
                element.requestSubmit();
            }
            return sent;
        }""",
        f"{ORIGIN}/static/peerchat",
    )
    assert sent == ["    def f():\n        return 1"]
