"""Turns the parser's tokens into HTML without white space between the elements.

So the HTML looks the same where white space is kept, as it is for plain texts.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from rooms.markup.cleaning import PICTURE
from rooms.markup.code import LONGEST, coloured

HEADINGS = {"h1": "h4", "h2": "h5"}
"""A text is a part of a page, whose headings stand above those of the text; the rest are `h6`."""
BREAKS = frozenset({"softbreak", "hardbreak"})
_ALIGNED = "text-align:"


class Renderer(RendererHTML):
    """Renders what `cleaning` lets through. Each method is the rule of the token of its name."""

    def renderToken(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Return a tag that has a rule of its own nowhere else, without attributes."""
        token = tokens[idx]
        return "" if token.hidden else f"<{'/' * (token.nesting == -1)}{token.tag}>"

    def paragraph_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        if not tokens[idx].hidden:
            return "<p>"
        # In a tight list, or in a text without blocks.
        return "<br><br>" if idx and tokens[idx - 1].type == "paragraph_close" else ""

    def heading_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"<{HEADINGS.get(tokens[idx].tag, 'h6')}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"</{HEADINGS.get(tokens[idx].tag, 'h6')}>"

    def blockquote_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return '<blockquote dir="auto">'

    def bullet_list_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return '<ul dir="auto">'

    def list_item_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return "<li>"

    def ordered_list_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        start = tokens[idx].attrGet("start")
        return '<ol dir="auto">' if start is None else f'<ol dir="auto" start="{start}">'

    def table_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return '<div class="table"><table>'

    def table_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return "</table></div>"

    def th_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return _cell(tokens[idx])

    def td_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return _cell(tokens[idx])

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f'<a href="{escape(str(tokens[idx].attrGet("href")))}">'

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        token = tokens[idx]
        key, words = picture_key(token), picture_words(token)
        if key is None:
            # Only pictures of the course are shown; the others stay what was typed.
            return escape(f"![{words}]({token.attrGet('src')})", quote=False)
        return f'<img class="picture" data-picture="{key}" alt="{escape(words)}">'

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        code, language = tokens[idx].content, tokens[idx].info.split(maxsplit=1)
        env["code"] = env.get("code", 0) + len(code)
        return _code(code, language[0] if language and env["code"] <= LONGEST else "")

    def code_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return _code(tokens[idx].content, "")

    def softbreak(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return "<br>"

    def hardbreak(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return "<br>"

    def math(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return formula(tokens[idx].content, tokens[idx].meta["display"])

    def math_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"<p>{formula(tokens[idx].content, 'block')}</p>"


def picture_key(token: Token) -> str | None:
    """Return the key of the picture that a token `image` cites."""
    found = PICTURE.fullmatch(str(token.attrGet("src")))
    return found[1] if found else None


def picture_words(token: Token) -> str:
    """Return the alternative text of a token `image`."""
    pieces = (" " if one.type in BREAKS else one.content for one in token.children or [])
    return "".join(pieces).strip()


def _cell(token: Token) -> str:
    align = str(token.attrGet("style") or "").removeprefix(_ALIGNED)
    return f'<{token.tag} align="{align}">' if align else f"<{token.tag}>"


def _code(code: str, language: str) -> str:
    return f'<pre class="code"><code>{coloured(code.removesuffix(chr(10)), language)}</code></pre>'


def formula(source: str, display: str) -> str:
    return f'<span class="math" data-display="{display}">{escape(source, quote=False)}</span>'
