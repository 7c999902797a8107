"""Writes elements of XML as HTML, for those parts of files that are XHTML."""

from collections.abc import Callable
from html import escape

from .trees import Node

_EMPTY = {"br", "hr", "img", "col"}

Change = Callable[[Node], "str | Node"]


def inner_html(node: Node, change: Change = lambda node: node) -> str:
    """Return what is in an element as HTML.

    `change` gets each element and returns it, another one in its stead, or HTML for all of it.
    """
    return "".join(
        escape(part, quote=False) if isinstance(part, str) else outer_html(part, change)
        for part in node.parts
    )


def outer_html(node: Node, change: Change = lambda node: node) -> str:
    """Return an element as HTML; see `inner_html`."""
    changed = change(node)
    if isinstance(changed, str):
        return changed
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in changed.attributes.items())
    start = f"<{changed.tag}{attributes}>"
    if changed.tag in _EMPTY:
        return start
    return f"{start}{inner_html(changed, change)}</{changed.tag}>"
