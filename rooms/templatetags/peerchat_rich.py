"""Filters that show the texts of questions: `{% load peerchat_rich %}`.

The page also needs `core/rich.js`, which draws the formulas, and `core/rich.css`. A text of plain
words comes out as it is, for an element with `dir="auto"` that keeps line breaks.
"""

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from rooms import markup
from rooms.markup import cleaning

register = template.Library()


@register.filter
def rich(text: str, pictures: str = "") -> SafeString:
    """Return a prompt, an explanation or a follow-up as HTML.

    `pictures` is the path that the keys of the course's pictures follow. Without it, a page has
    their alternative texts, unless a script finds the path in `data-pictures` around them.
    """
    return _shown(text, markup.html_or_none(text), pictures)


@register.filter
def rich_inline(text: str, pictures: str = "") -> SafeString:
    """Return a choice or its feedback as HTML; `pictures` as for `rich`."""
    return _shown(text, markup.inline_html_or_none(text), pictures)


@register.filter
def plain_words(text: str) -> str:
    """Return a text without its markup, for titles and lists."""
    return markup.plain(text)


@register.filter
def rich_line(text: str, limit: int) -> SafeString:
    """Return the start of a text on one line, with formulas but nothing to click, for links."""
    html = markup.line(text, limit)
    if "<" not in html:
        return mark_safe(html)  # noqa: S308 - by `rooms.markup.cleaning`
    return format_html("<peer-rich>{}</peer-rich>", mark_safe(html))  # noqa: S308


def _shown(text: str, html: str | None, pictures: str) -> SafeString:
    if html is None:
        return escape(text)
    html = cleaning.with_addresses(html, pictures) if pictures else html
    cleaned = mark_safe(html)  # noqa: S308 - by `rooms.markup.cleaning`
    return format_html('<peer-rich class="rich" dir="auto">{}</peer-rich>', cleaned)
