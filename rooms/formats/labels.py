"""Names and tags of questions in files."""

from collections.abc import Callable, Iterable

from rooms.peer.content import MOST_TAGS, TAG_LIMIT

from . import NAME_LIMIT, Note
from .codes import Loss

# What platforms put before the name of a category: where it belongs, not what it is about.
_PLACES = {"$course$", "$system$", "$module$", "$cat1$", "$cat2$", "$cat3$", "top"}


def item_name(title: str, prompt: str) -> str:
    """Return what helps to recognise a question: its title, else the start of its text."""
    name = " ".join((title.strip() or prompt).split())
    return name if len(name) <= NAME_LIMIT else f"{name[: NAME_LIMIT - 1]}…"


def tags_of(names: Iterable[str], note: Callable[[Note], None]) -> tuple[str, ...]:
    """Return the tags of these names, each once, and call `note` for what does not fit."""
    found: dict[str, str] = {}
    for name in names:
        tag = " ".join(name.split())
        if len(tag) > TAG_LIMIT:
            note(Note(Loss.TAG_SHORTENED, {"tag": tag}))
            tag = tag[:TAG_LIMIT].rstrip()
        if tag:
            found.setdefault(tag.casefold(), tag)
    if len(found) > MOST_TAGS:
        note(Note(Loss.TAGS_DROPPED, {"limit": MOST_TAGS}))
    return tuple(found.values())[:MOST_TAGS]


def category_tag(path: str) -> str:
    """Return the tag for a category like `$course$/top/Physics/Waves`: its last name, or nothing.

    A slash that belongs to a name is doubled.
    """
    names = [name.replace("\0", "/").strip() for name in path.replace("//", "\0").split("/")]
    kept = [name for name in names if name and name.lower() not in _PLACES]
    return " ".join(kept[-1].split()) if kept else ""
