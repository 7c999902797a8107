"""Turns what is shown of an item of QTI into Markdown: XHTML with parts of QTI in it."""

from collections.abc import Callable, Mapping
from urllib.parse import quote

from . import ItemRefused
from .codes import Reason
from .escaping import escaped
from .inner import inner_html, outer_html
from .marked import Marked
from .trees import Node

BLANK = "_____"
"""Stands in a text for the place of an answer."""

_TEX = ("application/x-tex", "latex", "tex")
# Not shown with the question; feedback is read on its own.
_ELSEWHERE = {"feedbackInline", "feedbackBlock", "modalFeedback", "stylesheet", "simpleChoice"}
_UNSUPPORTED = {
    *("printedVariable", "templateInline", "templateBlock", "gap", "hottext", "include"),
    *("audio", "video", "iframe", "embed", "svg", "customInteraction", "portableCustomInteraction"),
}


class Body:
    """The texts of one item. `files` are those that it may cite by a path that `resolve` gives."""

    def __init__(self, files: Mapping[str, bytes], resolve: Callable[[str], str]) -> None:
        self.marked = Marked(files)
        self._files = files
        self._resolve = resolve

    def prompt(self, item_body: Node) -> str:
        """Return what is asked: the text around the place of the answer, with its prompt."""
        text = self.marked.markdown(inner_html(item_body, self._changed), "html")
        # At the end, the place says nothing.
        return text.removesuffix(escaped(BLANK)).rstrip()

    def markdown(self, node: Node, *, inline: bool = False) -> str:
        """Return what is in an element, such as a choice or feedback."""
        return self.marked.markdown(inner_html(node, self._changed), "html", inline=inline)

    def _changed(self, node: Node) -> Node | str:
        tag = node.tag
        if tag in _ELSEWHERE or (tag == "rubricBlock" and "candidate" not in node.get("view")):
            return ""
        if tag == "textEntryInteraction":
            return BLANK
        if tag == "choiceInteraction":
            prompt = node.child("prompt")
            return f"<div>{inner_html(prompt, self._changed)}</div>" if prompt else ""
        if tag == "math":
            return _tex(node)
        if tag == "img":
            return self._picture(node.get("src"), node.get("alt"), node.line)
        if tag == "object":
            if not node.get("type").startswith("image/"):
                raise ItemRefused(Reason.UNSUPPORTED_PART, {"part": tag}, node.line)
            return self._picture(node.get("data"), node.text, node.line)
        if tag in _UNSUPPORTED:
            raise ItemRefused(Reason.UNSUPPORTED_PART, {"part": tag}, node.line)
        return node

    def _picture(self, address: str, alternative: str, line: int) -> str:
        path = self._resolve(address)
        if path in self._files:
            address = f"@@PLUGINFILE@@/{quote(path)}"
        return outer_html(Node("img", {"src": address, "alt": alternative}, line))


def _tex(math: Node) -> str:
    for node in math.walk():
        if node.tag == "annotation" and node.get("encoding").lower() in _TEX:
            mark = "$$" if math.get("display") == "block" else "$"
            return outer_html(Node("span", {}, math.line, [f"{mark}{node.text}{mark}"]))
    raise ItemRefused(Reason.FORMULA, line=math.line)
