"""Texts with markup in a browser, under the policy of the site and with the files as served."""

import io
import mimetypes
import os
import re
from pathlib import Path

import pytest
import pytest_asyncio
from csp.utils import build_policy
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from PIL import Image

from rooms import markup
from rooms.templatetags.peerchat_rich import plain_words, rich, rich_inline
from tests.static import katex
from tests.static.browser import ORIGIN, WITHIN

SHOTS = os.environ.get("E2E_SHOTS", "")
KEY = "0123456789abcdef0123456789abcdef"
SHEETS = ["tokens", "base", "question", "rich"]
HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
# Formulas for which KaTeX draws boxes, arrows, colours, arrays, accents and chemistry.
FORMULAS = [
    r"\frac{-b \pm \sqrt{b^2 - 4ac}}{2a}",
    r"\begin{pmatrix} a & b \\ c & d \end{pmatrix} \begin{cases} 1 & x > 0 \\ 0 \end{cases}",
    r"\underbrace{a + b}_{n} \overrightarrow{AB} \widehat{abc} \xrightarrow[below]{above}",
    r"\boxed{x} \fbox{y} \colorbox{yellow}{z} \fcolorbox{red}{white}{w} \cancel{u} \pmb{v}",
    r"\color{blue} \mathbb{R} \mathcal{L} \mathfrak{g} \text{words} \operatorname{sgn}",
    r"\ce{2H2 + O2 ->[\Delta] 2H2O} \quad \ce{SO4^2-} \quad \pu{1.2e3 kJ/mol}",
    r"\left( \int_0^\infty \sum_{k=1}^{n} \oint \right) \lim_{x \to 0} \tag{1}",
    r"\def\mine{x} \mine \begin{aligned} a &= b \\ &= c \end{aligned}",
    r"\htmlData{a=b}{x} \href{javascript:alert(1)}{y} \includegraphics{z.png}",
]
MISTAKES = [r"\frac{1", r"\nonsense{x}", r"\mine", r"\def\a{\a\a}\a", "{" * 3000, "x" * 6000]
# Each of these held up a page for seconds, and the first two for more than twenty.
LASTING = [
    r"\def\a{" + "x" * 1500 + "}" + r"\a" * 700,
    r"\Huge " * 600 + "x",
    r"\sqrt{" * 550 + "}" * 550,
    r"\frac{1}{" * 350 + "}" * 350,
]
TEXT = rf"""## A heading

Let $f(x) = \int_0^x e^{{-t^2}}\,dt$, which costs $5 and $6.
A line with **bold** words, `code` and [a link](https://example.org/).

{"".join(f"$${one}$$" + chr(10) * 2 for one in FORMULAS)}

```python
def f(x: int) -> str:  # {"a long comment " * 12}
    return "a string" + str(x * 3.14)
```

| left | right |
|:-----|------:|
| a | $x^2$ |

> A quote with a mistake: $\frac{{1$.

![A blue picture](picture:{KEY})

מהו הערך של $x^2$ כאשר $x=3$?

- אחת
- שתיים
"""
LISTEN = """() => {
    window.violations = [];
    addEventListener("securitypolicyviolation", (one) => violations.push(one.violatedDirective));
}"""
SHOW = """async ([script, shows, inShadow]) => {
    const { showRich, showInline } = await import(script);
    let place = document.querySelector("main");
    if (inShadow) {
        const sheets = [...document.querySelectorAll("link")].map((one) => one.cloneNode());
        place = place.attachShadow({ mode: "open" });
        place.append(...sheets);
    }
    for (const { text, html, inline } of shows) {
        const element = document.createElement("div");
        element.className = "prompt shown";
        const done = inline ? showInline(element, text) : showRich(element, { text, html });
        place.append(element);
        await done;
        if (!inline && showRich(element, { text, html }) !== done) throw new Error("drawn again");
    }
}"""


def picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (1600, 500), (90, 140, 200)).save(stream, "PNG")
    return stream.getvalue()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser):
    """A function that opens a page below a path, with the policy of the site."""
    contexts = []

    async def serve(route):
        path = route.request.url.removeprefix(ORIGIN)
        if path.startswith(settings.STATIC_URL):
            assert HASHED.search(path), path
            file = Path(settings.STATIC_ROOT) / path.removeprefix(settings.STATIC_URL)
            kind = mimetypes.guess_type(file.name)[0] or "font/woff2"
            await route.fulfill(body=file.read_bytes(), content_type=kind)
        elif path.startswith("/below/pictures/"):
            await route.fulfill(body=picture(), content_type="image/png")
        else:
            sheets = (staticfiles_storage.url(f"peerchat/core/{name}.css") for name in SHEETS)
            links = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in sheets)
            html = f'<!doctype html><title>x</title>{links}<main data-pictures="/below/pictures/">'
            policy = {"Content-Security-Policy": build_policy()}
            await route.fulfill(body=html, content_type="text/html", headers=policy)

    async def start(**options):
        context = await browser.new_context(**options)
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(WITHIN)
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda message: page.errors.append(message.text))
        await page.route(f"{ORIGIN}/**", serve)
        await page.goto(f"{ORIGIN}/below/")
        await page.evaluate(LISTEN)
        return page

    yield start
    for context in contexts:
        await context.close()


async def show(page, *shows, in_shadow=False):
    script = staticfiles_storage.url("peerchat/core/rich.js")
    await page.evaluate(SHOW, [script, list(shows), in_shadow])


async def harmless(page):
    assert await page.evaluate("violations") == []
    assert page.errors == []


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    ("width", "scheme", "in_shadow"), [(360, "dark", False), (1280, "light", True)]
)
async def test_a_text_with_everything(open_page, width, scheme, in_shadow):
    page = await open_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    await show(page, {"text": TEXT, "html": markup.render(TEXT)}, in_shadow=in_shadow)
    formulas = page.locator(".math")
    drawn = page.locator(".math[data-state=drawn]")
    assert await drawn.count() == await formulas.count() - 1
    assert await page.locator(".math[data-state=bad]").text_content() == (
        r"\frac{1 (This formula has a mistake. It is shown as it was typed.)"
    )
    # KaTeX's MathML is for screen readers; its sheet must have hidden it, and its fonts be there.
    assert await page.locator(".katex-mathml math").first.is_visible()
    box = await page.locator(".katex-mathml").first.bounding_box()
    assert box["width"] <= 1
    assert await page.evaluate("document.fonts.check('16px KaTeX_Main')")
    image = page.locator("img")
    assert await image.get_attribute("src") == f"/below/pictures/{KEY}/"
    await image.evaluate("(one) => one.decode()")
    assert (await image.bounding_box())["width"] <= width
    # Nothing is wider than the page: code scrolls in its box.
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    code = page.locator("pre")
    assert await code.evaluate("(one) => one.scrollWidth > one.clientWidth")
    sides = await page.locator("li").first.evaluate(
        "(one) => [getComputedStyle(one.parentElement).direction, getComputedStyle(one).textAlign]"
    )
    assert sides == ["rtl", "start"]
    assert not await page.locator("[href^=javascript], [data-a]").count()
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"rich-{width}.png", full_page=True)
    await harmless(page)


@pytest.mark.asyncio(loop_scope="session")
async def test_mistakes_show_their_source_and_plain_texts_load_nothing(open_page):
    page = await open_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    await show(page, {"text": "plain *words*"}, {"text": "It costs $5 and $6.", "inline": True})
    assert not [url for url in asked if "katex" in url]
    texts = await page.locator(".shown").all_text_contents()
    assert texts == ["plain *words*", "It costs $5 and $6."]
    # A formula after them is drawn, so none leaves anything behind, and they take a short time.
    bad = [*MISTAKES, *LASTING]
    await show(page, *({"text": f"${one}$", "inline": True} for one in [*bad, "x^2"]))
    assert await page.locator(".math[data-state=bad]").count() == len(bad)
    assert await page.locator(".math[data-state=bad]").nth(1).get_attribute("title")
    assert await page.locator(".math[data-state=drawn]").count() == 1
    await show(page, {"text": "a **b** `c` https://d.example/ <i>", "inline": True})
    assert await page.locator(".shown").last.inner_html() == (
        'a <strong>b</strong> <code>c</code> <a href="https://d.example/" '
        'title="https://d.example/" target="_blank" rel="noopener noreferrer nofollow">'
        "https://d.example/</a> &lt;i&gt;"
    )
    await harmless(page)


def test_the_filters_of_templates():
    assert rich("a < b\nc") == "a &lt; b\nc"
    assert rich("*a*") == '<peer-rich class="rich" dir="auto"><p><em>a</em></p></peer-rich>'
    assert rich_inline("# *a*") == ('<peer-rich class="rich" dir="auto"># <em>a</em></peer-rich>')
    assert f'data-picture="{KEY}" src="/p/{KEY}/" alt="a"' in rich(f"![a](picture:{KEY})", "/p/")
    assert plain_words("# *a*") == "a"


def test_what_others_wrote_is_what_was_taken():
    assert (katex.FOLDER / katex.SUMS).read_text() == katex.sums()
    assert {"LICENSE", "katex.js", "mhchem.js", "katex.css", "fonts.css"} <= {
        path.name for path in katex.FOLDER.iterdir()
    }
