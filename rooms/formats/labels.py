"""Names and tags of what is in a file."""

from collections.abc import Iterable

from rooms.peer.content import MOST_TAGS, TAG_LIMIT, TITLE_LIMIT

from . import Note
from .codes import Loss


def name_of(*texts: str) -> str:
    """Return the start of the first text that is not blank, on one line, as a name for people."""
    for text in texts:
        flat = " ".join(text[:1_000].split())
        if flat:
            return flat if len(flat) <= TITLE_LIMIT else f"{flat[: TITLE_LIMIT - 1]}…"
    return ""


def tags_of(names: Iterable[str]) -> tuple[tuple[str, ...], list[Note]]:
    """Return names as tags, each once, as short and as few as tags must be; and what was lost."""
    tags: dict[str, None] = {}
    notes = []
    for name in names:
        tag = " ".join(name.split())
        if len(tag) > TAG_LIMIT:
            notes.append(Note(Loss.TAG_SHORTENED, {"tag": tag[:TITLE_LIMIT]}))
            tag = tag[:TAG_LIMIT].strip()
        if tag and tag not in tags:
            if len(tags) == MOST_TAGS:
                notes.append(Note(Loss.TAGS_DROPPED, {"limit": MOST_TAGS}))
                break
            tags[tag] = None
    return tuple(tags), notes


def category_tag(path: str) -> str:
    r"""Return the last name of a category of Moodle, as in `$course$/top/Physics/Optics`.

    Two slashes are one slash of a name. The names that Moodle gives by itself are none.
    """
    parts = [part.strip().replace("\0", "/") for part in path.replace("//", "\0").split("/")]
    named = [part for part in parts if part and part != "top" and not part.startswith("$")]
    return named[-1] if named else ""


def own_title(title: str, prompt: str) -> str:
    """Return a title on one line, or nothing if it only repeats the start of the text."""
    name = name_of(title)
    return "" if name == name_of(prompt) else name
