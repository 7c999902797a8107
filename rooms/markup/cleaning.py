"""The HTML that may leave `rooms.markup`, whatever the parser and Pygments do."""

import re
from html import escape

import nh3

from rooms.markup import code

PICTURE = re.compile(r"picture:([0-9a-f]{32})")
"""How a text cites a picture of its course: by the key of it."""
_CITED = re.compile(r'<img class="picture" data-picture="([0-9a-f]+)"')
LINK = re.compile(r"(?:https?://|mailto:)\S+", re.IGNORECASE)
"""The addresses that a text may link."""
_TAGS = """
a blockquote br code div em h4 h5 h6 hr img li ol p pre s span strong table tbody td th
thead tr ul
"""
CLASSES = {
    "div": {"table"},
    "img": {"picture"},
    "pre": {"code"},
    "span": {"math"} | code.CLASSES,
}
ATTRIBUTES = {"a": {"href"}, "img": {"alt", "data-picture"}, "ol": {"start"}}
VALUES = {
    # Marks of lists and quotes stand where their texts begin.
    "blockquote": {"dir": {"auto"}},
    "ol": {"dir": {"auto"}},
    "ul": {"dir": {"auto"}},
    "span": {"data-display": {"inline", "block"}},
    "td": {"align": {"left", "center", "right"}},
    "th": {"align": {"left", "center", "right"}},
}
ADDED = {"a": {"target": "_blank"}}
REL = "noopener noreferrer nofollow"


def _kept(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "data-picture" and not PICTURE.fullmatch(f"picture:{value}"):
        return None
    if attribute == "start" and not re.fullmatch(r"[0-9]{1,9}", value):
        return None
    return value


_CLEANER = nh3.Cleaner(
    tags=set(_TAGS.split()),
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    tag_attribute_values=VALUES,
    set_tag_attribute_values=ADDED,
    allowed_classes=CLASSES,
    attribute_filter=_kept,
    url_schemes={"http", "https", "mailto"},
    link_rel=REL,
)


def clean(html: str) -> str:
    """Return HTML without anything that is not in the lists above."""
    return _CLEANER.clean(html)


def with_addresses(html: str, prefix: str) -> str:
    """Return clean HTML whose pictures have addresses: a path, then the key and a slash."""
    return _CITED.sub(lambda found: f'{found[0]} src="{escape(prefix)}{found[1]}/"', html)
