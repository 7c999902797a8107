"""The texts of questions: Markdown with mathematics, code and pictures, as safe HTML.

A formula becomes `<span class="math" data-display="inline|block">` with its TeX source, which
`static/peerchat/core/rich.js` draws, and a picture `<img class="picture" data-picture="KEY">`
without an address, which depends on the page. HTML in a text is text.

A text may have any length and content; all functions take a time that is about linear in it. Those
longer than `LONGEST`, or whose HTML is longer than `LONGEST_HTML`, are shown as they were typed.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rooms.markup import maths, tables
from rooms.markup.cleaning import LINK, PICTURE, clean
from rooms.markup.rendering import BREAKS, Renderer, formula, picture_words

LONGEST = 10_000
"""Characters of a text whose markup is read."""
LONGEST_HTML = 200_000
"""Characters of the HTML of a text, which may repeat the address of a reference without end."""
DEEPEST = 12
"""Lists, quotes, links and emphases that may stand in each other."""
REMEMBERED = 512
"""Texts whose HTML a process keeps, for each of the functions."""
_BLOCKS = frozenset({"paragraph_open", "paragraph_close", "inline"})
_WORDS = frozenset({"text", "softbreak"})
_INLINE_BLOCKS = ["fence", "math_block", "paragraph"]
_ENDS = frozenset({"paragraph_close", "heading_close", "tr_close"})


def _parser() -> MarkdownIt:
    options = {"html": False, "breaks": True, "maxNesting": DEEPEST}
    parser = MarkdownIt("commonmark", options, renderer_cls=Renderer)
    parser.validateLink = lambda url: bool(LINK.fullmatch(url) or PICTURE.fullmatch(url))  # type: ignore[method-assign]
    parser.enable(["table", "strikethrough"])
    tables.bound_tables(parser)
    maths.add_rules(parser)
    return parser


_FULL = _parser()
# A line of text, in which only formulas and code may stand by themselves.
_INLINE = _parser()
_INLINE.block.ruler.enableOnly(_INLINE_BLOCKS)


def render(text: str) -> str:
    """Return a text with all of its markup as HTML."""
    return _rendered(text)[0]


def render_inline(text: str) -> str:
    """Return a text without headings, lists, quotes and tables as HTML, as choices are."""
    return _rendered_inline(text)[0]


def html_or_none(text: str) -> str | None:
    """Return a text as HTML like `render`, or None if it is only plain words."""
    html, is_plain = _rendered(text)
    return None if is_plain else html


def inline_html_or_none(text: str) -> str | None:
    """Return a text as HTML like `render_inline`, or None if it is only plain words."""
    html, is_plain = _rendered_inline(text)
    return None if is_plain else html


@lru_cache(maxsize=REMEMBERED)
def plain(text: str) -> str:
    """Return a text without its markup, for titles and lists; formulas are TeX between dollars."""
    if len(text) > LONGEST:
        return text
    return "".join(map(_said, _leaves(_FULL.parse(text)))).strip()


@lru_cache(maxsize=REMEMBERED)
def line(text: str, limit: int) -> str:
    """Return the start of a text on one line as HTML, with formulas but no other markup.

    Nothing of it can be clicked, so that it fits into a link. `limit` are characters; no formula is
    cut.
    """
    if len(text) > LONGEST:
        text = text[:limit] + " …"
    pieces: list[str] = []
    left = limit
    for token in _leaves(_FULL.parse(text)):
        is_formula = token.type in ("math", "math_block")
        said = token.content if is_formula else re.sub(r"\s+", " ", _said(token))
        if said.strip() and len(said) > left:
            pieces.append("…" if is_formula else f"{escape(said[:left].rstrip(), quote=False)}…")
            break
        left -= len(said.strip())
        pieces.append(formula(said, "inline") if is_formula else escape(said, quote=False))
    return clean("".join(pieces).strip())


@lru_cache(maxsize=REMEMBERED)
def _rendered(text: str) -> tuple[str, bool]:
    return _html(_FULL, text)


@lru_cache(maxsize=REMEMBERED)
def _rendered_inline(text: str) -> tuple[str, bool]:
    return _html(_INLINE, text)


def _html(parser: MarkdownIt, text: str) -> tuple[str, bool]:
    """Return a text as HTML, and whether it is only plain words."""
    if len(text) > LONGEST:
        return _as_typed(text)
    env: dict[str, Any] = {}
    tokens = parser.parse(text, env)
    if parser is _INLINE:
        for token in tokens:
            token.hidden = token.type in _BLOCKS
    html: str = parser.renderer.render(tokens, parser.options, env)
    if len(html) > LONGEST_HTML:
        return _as_typed(text)
    return clean(html), _is_plain(tokens, text)


def _as_typed(text: str) -> tuple[str, bool]:
    return clean(escape(text, quote=False)), True


def _is_plain(tokens: Sequence[Token], text: str) -> bool:
    """Return whether a text shows as it was typed, but for white space."""
    leaves = [*_leaves(tokens)]
    return (
        all(token.type in _BLOCKS for token in tokens)
        and all(leaf.type in _WORDS for leaf in leaves if leaf.type not in _BLOCKS)
        and "".join("".join(one.content for one in leaves).split()) == "".join(text.split())
    )


def _leaves(tokens: Sequence[Token]) -> Iterator[Token]:
    """Go through the tokens with those within lines in the place of these."""
    for token in tokens:
        if token.type == "inline":
            yield from token.children or []
        else:
            yield token


def _said(token: Token) -> str:
    """Return what a token adds to the words of a text."""
    if token.type in BREAKS | _ENDS:
        return "\n"
    if token.type in ("th_close", "td_close"):
        return " "
    if token.type == "image":
        return picture_words(token)
    if token.type in ("math", "math_block"):
        return f"${token.content}$" + "\n" * (token.type == "math_block")
    return token.content
