"""Markup for every text, and a browser page that notices whether anything came of it."""

import asyncio
import contextlib
from typing import Any

from playwright.async_api import Error, Page

from tests.pace import patient

WITHIN = patient(20_000)  # milliseconds

# Markup that makes an element wherever it is not escaped: in a text, in an attribute with either
# quote, behind the end of a title, a text area, a template, a script or a comment.
MARKUP = (
    "<img src=x onerror=alert(1)><x-injected></x-injected>"
    "\"'><img src=x onerror=alert(2)><x-injected>"
    "</textarea></title></template></noscript></select></style></script><x-injected>"
    "--><script>alert(3)</script><svg/onload=alert(4)>"
    "<a href=javascript:alert(5)>x</a><iframe srcdoc='<script>alert(6)</script>'></iframe>"
    "[x](javascript:alert(8)) ![x](x) ![x](javascript:alert(9)) <javascript:alert(10)> "
    "[x]: javascript:alert(11) $\\href{javascript:alert(12)}{x}$ $\\htmlData{x-injected=x}{x}$ "
    "{{7*7}}${7*7}%7B%7B &lt;x-injected&gt; \\u003cx-injected\\u003e javascript:alert(7)"
)
# The same for texts that must be shorter.
SHORT = "\"'><img src=x onerror=alert(1)></title></textarea><x-injected>"

# Elements, templates and shadow trees included, that can only come of the texts above.
INJECTED = """
() => {
  const found = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      const handlers = [...element.attributes].some(({ name }) => name.startsWith("on"));
      const bad = handlers || element.matches(
        "x-injected, [x-injected], img[src=x], svg[onload], iframe[srcdoc], [href^=javascript]",
      ) || (element.matches("script") && element.textContent.includes("alert("));
      if (bad) found.push(element.outerHTML.slice(0, 100));
      if (element.shadowRoot) walk(element.shadowRoot);
      if (element.content instanceof DocumentFragment) walk(element.content);
    }
  };
  walk(document);
  return found;
}
"""
# All texts of the page, and what is in its fields and in the names of its controls.
TEXTS = """
() => {
  const texts = [document.title];
  const walk = (root) => {
    texts.push(root.textContent);
    for (const element of root.querySelectorAll("*")) {
      for (const { value } of element.attributes) texts.push(value);
      if ("value" in element) texts.push(String(element.value));
      if (element.shadowRoot) walk(element.shadowRoot);
      if (element.content instanceof DocumentFragment) walk(element.content);
    }
  };
  walk(document.documentElement);
  return texts.join("\\n");
}
"""


def hostile(place: str, *, short: bool = False) -> str:
    """A text with markup, and a word by which a page can be seen to have shown it."""
    return f"in-{place} {SHORT if short else MARKUP}"


class Watched:
    """A page of one user, and everything that it did and should not have done."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        self.tolerated: list[str] = []
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", lambda message: self._said(message.type, message.text))
        page.on("request", self._requested)

    async def _dialog(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        with contextlib.suppress(Error):
            await dialog.dismiss()

    def _said(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not any(one in text for one in self.tolerated):
            self.problems.append(f"{kind} at {self.page.url}: {text}")

    def _requested(self, request: Any) -> None:
        if request.url.endswith("/x"):
            self.problems.append(f"loaded {request.url}")

    async def goto(self, url: str, *, status: int = 200) -> None:
        if status >= 400:
            self.tolerated.append(f"status of {status}")
        answer = await self.page.goto(url)
        assert answer is not None
        assert answer.status == status, url

    async def shows(self, *places: str) -> None:
        """Wait until the texts of these places are shown; check that no markup had an effect."""
        texts = ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WITHIN / 1000):
                while any(f"in-{place} " not in texts for place in places):
                    texts = await self.page.evaluate(TEXTS)
                    await asyncio.sleep(0.05)
        assert [place for place in places if f"in-{place} " not in texts] == [], self.page.url
        await self.nothing_came_of_it()

    async def nothing_came_of_it(self) -> None:
        assert await self.page.evaluate(INJECTED) == [], self.page.url
        assert self.problems == []
