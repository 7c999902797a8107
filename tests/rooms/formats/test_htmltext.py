import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.formats import ItemRefused, Note
from rooms.formats.codes import Loss
from rooms.formats.escaping import escaped, markdown_of_plain
from rooms.formats.htmltext import HTML_LIMIT, looks_like_html, markdown_of
from rooms.markup import render, render_inline

PIECES = st.sampled_from(
    [
        *"*_`~[]()<>#+-=|!&\\:;.\"'^{}0123 ab\u00e4",
        *("**", "__", "~~", "```", "http://x.org", "www.x.org", "&amp;", "![", "](", "1. ", "- "),
        *("# ", "> ", "    ", "a@b.org", "--", "---", "|---|", "<b>", "\\a", "\\\\", "\\*", "* "),
    ]
)
# Without tables and quotations, which Markdown puts into another order, or marks.
NAMES = st.sampled_from(
    [*("b", "i", "em", "strong", "code", "p", "ul", "li", "ol", "pre", "a", "div", "span", "br")]
)
TAGS = st.one_of(NAMES.map("<{}>".format), NAMES.map("</{}>".format))


def shown(page: str) -> str:
    """Return the words of a page."""
    return " ".join(html.unescape(re.sub("<[^>]*>", "", page)).split())


@given(st.lists(st.one_of(PIECES, st.just("\n")), max_size=12).map("".join))
def test_plain_text_is_shown_as_it_is(text):
    line = " ".join(text.split())
    assert shown(render_inline(escaped(line))) == line
    assert shown(render(markdown_of_plain(text))).replace(" ", "") == line.replace(" ", "")


@given(st.lists(st.one_of(PIECES.map(html.escape), TAGS), max_size=16).map("".join))
def test_no_word_of_html_is_lost_whatever_is_open(page):
    text, notes = markdown_of(page, cite=lambda _: None)
    assert shown(render(text)).replace(" ", "") == shown(page).replace(" ", "")
    assert notes == ()


@pytest.mark.parametrize(
    ("page", "block", "line"),
    [
        ("~</b>~</b>~", r"\~\~\~", None),
        ("[a]</b>(b)", r"[a\](b)", None),
        ("&amp;</b>lt;", r"\&lt;", None),
        ("<b>bold </b>text", "**bold** text", None),
        ("<b>a</b><b>b</b><i>c</i> <i>d</i>", "**ab** *c* *d*", None),
        ("a<b>(b)</b>c", "a **(b)** c", None),
        ("<b><p>in</p></b>out", "in\n\nout", "in out"),
        ("H<sub>2</sub>O x<sub>i</sub> m<sup>2</sup>", r"H₂O x\(_{i}\) m²", None),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "- a\n- b\n  - c", "a b c"),
        ("<ol><li><p>x</p><p>y</p></li></ol>", "1. x\n\n   y", "x y"),
        ("a<br>b<br><br>c<br>", "a\\\nb\n\nc", "a b c"),
        ("<pre><code class='language-c'>a\n b</code></pre>", "```c\na\n b\n```", "`a b`"),
        ("<code>a`b</code>", "``a`b``", None),
        (
            "<table><tr><th>a<td>b|c<tr><td>1</table>",
            "| a | b\\|c |\n| --- | --- |\n| 1 |  |",
            None,
        ),
        ("<a href='https://x.org/(1)'>x</a>", "[x](https://x.org/%281%29)", None),
        ("<a href='javascript:alert(1)'>x</a>", "x", None),
        (
            r"\(x_1^2 &lt; 3\) \[y*z*\] $5 and $6 2*3",
            r"\(x_1^2 < 3\) $$y*z*$$ $5 and $6 2\*3",
            None,
        ),
        ("<p>&nbsp;</p><p style='color:red'>x&nbsp;y</p>", "x y", None),
        ("1. a<br># b", "1\\. a\\\n\\# b", "1. a # b"),
        ("<img src=dot.png alt='A [dot]'>", "![A (dot)](file:dot.png)", None),
    ],
)
def test_html_becomes_markdown(page, block, line):
    assert markdown_of(page, cite="file:{}".format) == (block, ())
    if line:
        assert markdown_of(page, cite="file:{}".format, inline=True) == (line, ())


def test_scripts_are_left_out_and_noted():
    page = "<script>if (a<b) alert('</b>')</script>x<style>p {}</style><img src=a.png onerror=b>"
    assert markdown_of(page, cite=lambda _: None) == (
        "x",
        (Note(Loss.SCRIPT_DROPPED), Note(Loss.PICTURE_ELSEWHERE, {"address": "a.png"})),
    )


def test_long_html_is_refused():
    assert markdown_of("x" * HTML_LIMIT, cite=lambda _: None)[0] == "x" * HTML_LIMIT
    with pytest.raises(ItemRefused):
        markdown_of("x" * (HTML_LIMIT + 1), cite=lambda _: None)


@pytest.mark.parametrize(
    ("text", "is_html"),
    [
        ("a < b", False),
        ("<none>", False),
        ("x<y and y>z", False),
        ("a<br>b", True),
        ("<P CLASS='x'>", True),
        ("H<sub>2</sub>O", True),
        ("`<b>`", True),
    ],
)
def test_html_is_known_by_its_tags(text, is_html):
    assert looks_like_html(text) == is_html
