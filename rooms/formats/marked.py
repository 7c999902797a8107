"""Turns the texts of one question into Markdown, and collects its pictures and notes."""

import base64
import binascii
import re
from collections.abc import Mapping
from urllib.parse import unquote

from accounts.text import trimmed

from . import MOST_PICTURES, PICTURE_BYTES, EmbeddedPicture, ItemRefused, Note
from .codes import Loss, Reason
from .escaping import markdown_of_plain
from .htmltext import looks_like_html, markdown_of

MOST_NOTES = 20
"""Notes of a question; people do not read more."""

_DATA = re.compile(
    r"data:image/([a-zA-Z0-9]{1,10})[a-zA-Z0-9.+-]{0,20}"
    r"(?:;name=([A-Za-z0-9_][A-Za-z0-9._-]{0,99}))?;base64,([A-Za-z0-9+/=]+)"
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
CITED = re.compile(r"\]\(file:([A-Za-z0-9._-]{1,100})\)")
"""Matches a picture of the file that a text in Markdown cites."""
# Code, pictures and links, and emphasis by two marks.
_INTENDED = re.compile(
    r"^(```|~~~)|`[^`\n]+`|\]\([^)\s]|(\*\*|__)(?=\S)[^*_\n]+(?<=\S)\2", re.MULTILINE
)
_BLANKS = re.compile(r"(?<=\S )(?:\\_){3,}")
_PLUGIN_FILE = "@@PLUGINFILE@@/"
_PLUGIN_PICTURE = re.compile(r"!\[([^\]\n]{0,500})\]\((@@PLUGINFILE@@/[^)\s]{1,300})\)")


def cited(*texts: str) -> set[str]:
    """Return the names of the pictures that texts in Markdown cite as `file:NAME`."""
    return {name for text in texts for name in CITED.findall(text)}


class Marked:
    """The texts of one question on their way to Markdown.

    `files` are the pictures that come beside the texts, by their names, which HTML cites as
    `@@PLUGINFILE@@/NAME`; a format whose texts have files of their own sets them before each text.
    After all texts, `notes` and `pictures` have what they lost and cite.
    """

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self.files = files or {}
        self.notes: list[Note] = []
        self._pictures: dict[bytes, EmbeddedPicture] = {}

    @property
    def pictures(self) -> tuple[EmbeddedPicture, ...]:
        """Return the pictures that the texts cite."""
        return tuple(self._pictures.values())

    def note(self, note: Note) -> None:
        """Keep a note, once."""
        if note not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(note)

    def markdown(self, text: str, mark: str, *, inline: bool = False) -> str:
        """Return a text of the format `mark` as Markdown.

        `mark` is `html`, `plain`, `markdown`, `moodle` (HTML if it has tags, else plain), or empty,
        as people write it by hand: HTML if it has tags, Markdown if it has what nobody writes by
        chance, else plain, so that 2*3*4 stays as it is. With `inline` HTML comes on
        one line. Raises `ItemRefused` for what is too long, and for broken or too many pictures.
        """
        text = _DATA.sub(self._embedded, text)
        if mark == "html" or (mark in ("", "moodle") and looks_like_html(text)):
            shown, notes = markdown_of(text, cite=self._cite, inline=inline)
            for note in notes:
                self.note(note)
            return shown
        if mark in ("plain", "moodle"):
            return markdown_of_plain(text)
        if mark == "" and not _INTENDED.search(text):
            # A line break stays one in our Markdown, and so do blanks to fill in.
            shown = markdown_of_plain(text).replace("\\\n", "\n")
            return _BLANKS.sub(lambda found: found[0].replace("\\", ""), shown)
        return _PLUGIN_PICTURE.sub(self._plugin_picture, trimmed(text))

    def words(self, text: str, mark: str) -> str:
        """Return a text of the format `mark` as words on one line, without any markup."""
        if mark == "html" or (mark in ("", "moodle") and looks_like_html(text)):
            text = markdown_of(text, cite=lambda _: None, inline=True)[0]
            text = re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", text)
        return " ".join(text.split())

    def _embedded(self, found: re.Match[str]) -> str:
        name = found[2] or f"picture-{len(self._pictures) + 1}.{found[1].lower()}"
        try:
            data = base64.b64decode(found[3], validate=True)
        except binascii.Error:
            raise ItemRefused(Reason.BAD_PICTURE, {"name": name}) from None
        return f"file:{self._kept(name, data)}"

    def _kept(self, name: str, data: bytes) -> str:
        """Keep a picture, once, and return the name by which it is cited."""
        if data in self._pictures:
            return self._pictures[data].name
        if not data or len(data) > PICTURE_BYTES:
            raise ItemRefused(Reason.BAD_PICTURE, {"name": name})
        if len(self._pictures) == MOST_PICTURES:
            raise ItemRefused(Reason.TOO_MANY_PICTURES, {"limit": MOST_PICTURES})
        taken = {picture.name for picture in self._pictures.values()}
        if name in taken:
            name = f"{len(self._pictures) + 1}-{name}"
        self._pictures[data] = EmbeddedPicture(name, data)
        return name

    def _cite(self, address: str) -> str | None:
        if address in {f"file:{picture.name}" for picture in self.pictures}:
            return address
        if not address.startswith(_PLUGIN_FILE):
            return None
        name = unquote(address.removeprefix(_PLUGIN_FILE).partition("?")[0])
        if name not in self.files:
            return None
        safe = _UNSAFE.sub("-", name).strip("-.")[-80:] or "picture"
        return f"file:{self._kept(safe, self.files[name])}"

    def _plugin_picture(self, found: re.Match[str]) -> str:
        address = self._cite(found[2])
        if address is None:
            self.note(Note(Loss.PICTURE_ELSEWHERE, {"address": found[2]}))
            return found[1]
        return f"![{found[1]}]({address})"
