"""The texts of a question in Moodle XML, each with a format and pictures of its own."""

import binascii
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from . import MOST_MARKUP, PICTURE_BYTES, EmbeddedPicture, FileRefused, ItemRefused, Note
from .codes import FileFlaw, Reason
from .inner import inner_html
from .marked import Marked
from .trees import Node

_MARKS = {
    "html": "html",
    "moodle_auto_format": "moodle",
    "plain_text": "plain",
    "markdown": "markdown",
    "wiki_like": "plain",
}
_BLANKS = b" \t\r\n"
# The second is how the editor WIRIS hides it.
_MATHML = re.compile(r"<(?:\w{1,10}:)?math[\s>]|«math[\s»]", re.IGNORECASE)
_ADDRESS = re.compile(r"data:image/[A-Za-z0-9+/=.;,-]+")
_WORDS_OF = 2_000
"""Characters of a text from which a name is made."""
# What Moodle writes on its own in English and German.
_DEFAULT_FEEDBACK = {
    *("", "your answer is correct.", "your answer is partially correct."),
    *("your answer is incorrect.", "die antwort ist richtig.", "die antwort ist falsch."),
    *("die antwort ist teilweise richtig.", "ihre antwort ist richtig."),
    *("ihre antwort ist teilweise richtig.", "ihre antwort ist falsch."),
}


def is_default_feedback(words: str) -> bool:
    """Return whether feedback for an answer as a whole says nothing of the question."""
    return words.lower() in _DEFAULT_FEEDBACK


class _Files(Mapping[str, bytes]):
    """The files in an element by the path by which texts cite them, decoded when they are asked."""

    def __init__(self, node: Node) -> None:
        self._nodes: dict[str, Node] = {}
        for file in node.children("file"):
            path = f"{file.get('path') or '/'}/{file.get('name')}"
            self._nodes.setdefault("/".join(filter(None, path.split("/"))), file)

    def __getitem__(self, name: str) -> bytes:
        file = self._nodes[name]
        refused = ItemRefused(Reason.BAD_PICTURE, {"name": name[:100]}, file.line)
        if file.get("encoding") not in ("base64", ""):
            raise refused
        return decoded(file.text, refused)

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, name: object) -> bool:
        return name in self._nodes


def decoded(text: str, refused: ItemRefused) -> bytes:
    """Return the bytes of a picture in base64, or raise `refused` for what is none or too large."""
    if len(text) > PICTURE_BYTES * 3 // 2:
        raise refused
    try:
        return binascii.a2b_base64(text.encode("ascii").translate(None, _BLANKS), strict_mode=True)
    except ValueError:
        raise refused from None


class Budget:
    """Counts the characters of HTML in a file, up to `MOST_MARKUP`."""

    def __init__(self) -> None:
        self._letters = 0

    def take(self, text: str, line: int) -> None:
        """Count a text. Raises `FileRefused` if they are too many now."""
        self._letters += len(_ADDRESS.sub("", text))
        if self._letters > MOST_MARKUP:
            raise FileRefused(FileFlaw.XML_TEXT, line, {"limit": MOST_MARKUP})


class Texts:
    """Turns the elements of one question into Markdown, and collects notes and pictures."""

    def __init__(self, question: Node, budget: Budget) -> None:
        self._question = question
        self._budget = budget
        self._marked = Marked()
        self._default = _mark(question.child("questiontext"), "html")
        self.note = self._marked.note

    @property
    def notes(self) -> tuple[Note, ...]:
        """Return what the texts lost."""
        return tuple(self._marked.notes)

    @property
    def pictures(self) -> tuple[EmbeddedPicture, ...]:
        """Return the pictures that the texts cite."""
        return self._marked.pictures

    def prompt(self) -> str:
        """Return the text of the question, with the picture that very old files have beside it."""
        text = self.markdown(self._question.child("questiontext"))
        picture = self._question.child("image_base64")
        name = self._question.text_at("image").replace("/", "_")
        if picture is None or not picture.text or not name:
            return text
        refused = ItemRefused(Reason.BAD_PICTURE, {"name": name[:100]}, picture.line)
        self._marked.files = {name: decoded(picture.text, refused)}
        shown = self._marked.markdown(f'<img src="@@PLUGINFILE@@/{quote(name)}">', "html")
        return f"{text}\n\n{shown}".strip()

    def markdown(self, node: Node | None, *, inline: bool = False) -> str:
        """Return the text of an element as Markdown, empty if there is no such element.

        Raises `ItemRefused` for what is too long, and for pictures that are broken or too many.
        """
        text, mark = self._source(node)
        if node is None or not text:
            return ""
        if mark in ("html", "moodle") and _MATHML.search(text):
            raise ItemRefused(Reason.FORMULA, line=node.line)
        self._budget.take(text, node.line)
        self._marked.files = _Files(node)
        try:
            return self._marked.markdown(text, mark, inline=inline)
        except ItemRefused as error:
            refused = error.refused
            raise ItemRefused(refused.code, refused.args, refused.line or node.line) from None

    def words(self, node: Node | None) -> str:
        """Return the start of the text of an element as words on one line."""
        text, mark = self._source(node)
        return self._marked.words(text[:_WORDS_OF], mark)

    def _source(self, node: Node | None) -> tuple[str, str]:
        text = node.child("text") if node else None
        if node is None or text is None:
            return "", self._default
        if text.children():
            return inner_html(text), "html"
        return text.raw, _mark(node, self._default)


def _mark(node: Node | None, default: str) -> str:
    # Moodle takes a format that it does not know for HTML.
    name = node.get("format") if node else ""
    return _MARKS.get(name, "html") if name else default
