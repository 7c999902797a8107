"""What the texts of questions become, and that nothing else gets out."""

import itertools
import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms import markup
from rooms.markup import cleaning, code
from tests.pace import patient

KEY = "0123456789abcdef0123456789abcdef"
REL = 'target="_blank" rel="noopener noreferrer nofollow"'


def math(source, display="inline"):
    return f'<span class="math" data-display="{display}">{source}</span>'


PLAIN = [
    "",
    "Which force is the greater one?",
    "Two lines,\nand another.\n\nA new paragraph,   with   spaces.",
    "It costs $5 and $6.",
    "US$ 5 and US$ 6",
    "5 * 3 * 2 = 30, and a_b_c and 2 < 3 > 1 & so on",
    "#1 of 2 items",
    "[not a link] (really) [a](nowhere) ![b](there.png)",
    "[a](javascript:alert(1)) [b](data:text/html,x) [c](//host/) [d](/path) [e](vbscript:x)",
    "<script>alert(1)</script> <b>bold</b> <!-- comment -->",
    "`unclosed and *unclosed and $unclosed",
    "¿Qué? 什么 מה?",
]
FULL = {
    "*a* _b_ **c** ~~d~~": "<p><em>a</em> <em>b</em> <strong>c</strong> <s>d</s></p>",
    "a *b*\nc": "<p>a <em>b</em><br>c</p>",
    "`a < b`": "<p><code>a &lt; b</code></p>",
    "a &lt; b": "<p>a &lt; b</p>",
    r"\*a\*": "<p>*a*</p>",
    "# A\n\n## B\n\n### C\n\n###### D": "<h4>A</h4><h5>B</h5><h6>C</h6><h6>D</h6>",
    "- a\n- b": '<ul dir="auto"><li>a</li><li>b</li></ul>',
    "3. a\n\n4. b": '<ol dir="auto" start="3"><li><p>a</p></li><li><p>b</p></li></ol>',
    "> a": '<blockquote dir="auto"><p>a</p></blockquote>',
    "a\n\n***\n\nb": "<p>a</p><hr><p>b</p>",
    "|a|b|c|\n|-|-:|:-:|\n|1|$2$|": (
        '<div class="table"><table><thead><tr><th>a</th><th align="right">b</th>'
        '<th align="center">c</th></tr></thead><tbody><tr><td>1</td>'
        f'<td align="right">{math("2")}</td><td align="center"></td></tr></tbody></table></div>'
    ),
    "[a](https://b.example/?c=1&d 'title')": (
        f'<p><a href="https://b.example/?c=1&amp;d" {REL}>a</a></p>'
    ),
    "[a](HTTP://b.example)": f'<p><a href="HTTP://b.example" {REL}>a</a></p>',
    "<mailto:a@b.example>": (f'<p><a href="mailto:a@b.example" {REL}>mailto:a@b.example</a></p>'),
    f"![a *cat*](picture:{KEY})": (
        f'<p><img class="picture" data-picture="{KEY}" alt="a cat"></p>'
    ),
    f'![x" onerror="y](picture:{KEY} "title")': (
        f'<p><img class="picture" data-picture="{KEY}" alt="x&quot; onerror=&quot;y"></p>'
    ),
    f"![a](picture:{KEY}0) *b*": f"<p>![a](picture:{KEY}0) <em>b</em></p>",
    f"[a](picture:{KEY})": f"<p><a {REL}>a</a></p>",
    "![a](https://b.example/c.png)": "<p>![a](https://b.example/c.png)</p>",
    "<b>*a*</b>": "<p>&lt;b&gt;<em>a</em>&lt;/b&gt;</p>",
    '```python\nx = "a"\n```': (
        '<pre class="code"><code><span class="n">x</span> <span class="o">=</span> '
        '<span class="s2">"a"</span></code></pre>'
    ),
    "```nonsense <b>\na < b\n```": '<pre class="code"><code>a &lt; b</code></pre>',
    "```\n$a$ *b*\n\n  c\n```": '<pre class="code"><code>$a$ *b*\n\n  c</code></pre>',
    "a:\n\n    b = $c$": '<p>a:</p><pre class="code"><code>b = $c$</code></pre>',
    # Mathematics.
    "$x_1$ and $y_1$": f"<p>{math('x_1')} and {math('y_1')}</p>",
    "$5 and $6, but $x$.": f"<p>$5 and $6, but {math('x')}.</p>",
    r"\$5 and $\$5$": f"<p>$5 and {math(chr(92) + '$5')}</p>",
    "($a < b$)": f"<p>({math('a &lt; b')})</p>",
    "$a$$b$": f"<p>{math('a')}{math('b')}</p>",
    "$a$1 *b*": "<p>$a$1 <em>b</em></p>",
    "$a\nb$": f"<p>{math('a' + chr(10) + 'b')}</p>",
    "$*a*$ *b*": f"<p>{math('*a*')} <em>b</em></p>",
    "`$a$` $b$": f"<p><code>$a$</code> {math('b')}</p>",
    "[$a$](https://b.example)": f'<p><a href="https://b.example" {REL}>{math("a")}</a></p>',
    r"\(a\) \[b\] $$c$$": f"<p>{math('a')} {math('b', 'block')} {math('c', 'block')}</p>",
    r"\\(a\\)": r"<p>\(a\)</p>",
    "a\n$$\nb\n- c\n= d\n$$\ne": (
        f"<p>a</p><p>{math('b' + chr(10) + '- c' + chr(10) + '= d', 'block')}</p><p>e</p>"
    ),
    "- a\n\n  $$\n  b\n  $$": (f'<ul dir="auto"><li><p>a</p><p>{math("b", "block")}</p></li></ul>'),
    "$$\na\n\n*b*$$": "<p>$$<br>a</p><p><em>b</em>$$</p>",
    "$$a$$ b *c*": f"<p>{math('a', 'block')} b <em>c</em></p>",
    r"$\ce{H2O}$": f"<p>{math(chr(92) + 'ce{H2O}')}</p>",
    "$$$ *a*": "<p>$$$ <em>a</em></p>",
    r"\(\) *a*": "<p>() <em>a</em></p>",
}
INLINE = {
    "*a* $b$": f"<em>a</em> {math('b')}",
    "1. *a*": "1. <em>a</em>",
    "# *a*": "# <em>a</em>",
    "> - *a*": "&gt; - <em>a</em>",
    "*a*\nb\n\nc": "<em>a</em><br>b<br><br>c",
    "```c\nint a;\n```": (
        '<pre class="code"><code><span class="kt">int</span><span class="w"> </span>'
        '<span class="n">a</span><span class="p">;</span></code></pre>'
    ),
    "$$\na\n$$": f"<p>{math('a', 'block')}</p>",
    f"![a](picture:{KEY})": f'<img class="picture" data-picture="{KEY}" alt="a">',
}


def test_plain_words_need_no_html():
    for text in PLAIN:
        assert markup.html_or_none(text) is None, text
        assert markup.inline_html_or_none(text) is None, text
        assert markup.plain(text).split() == text.split()


def test_a_text_becomes_this_html():
    assert {text: markup.render(text) for text in FULL} == FULL
    assert {text: markup.html_or_none(text) for text in FULL} == FULL


def test_a_line_becomes_this_html():
    assert {text: markup.render_inline(text) for text in INLINE} == INLINE
    assert {text: markup.inline_html_or_none(text) for text in INLINE} == INLINE


def test_a_text_without_its_markup():
    text = (
        f"## A *title*\n\nWith $x^2$,\n`code` and ![a cat](picture:{KEY}).\n\n- a\n- b\n\n"
        "|c|d|\n|-|-|\n|1|2|\n\n$$\ny\n$$\n\n[e](https://f.example) &amp; \\*g\\*\n\n```c\nh\n```"
    )
    said = "A title\nWith $x^2$,\ncode and a cat.\na\nb\nc d \n1 2 \n$y$\ne & *g*\nh"
    assert markup.plain(text) == said


def shown_pictures(html: str) -> list[str]:
    """Return the keys of the pictures in HTML."""
    return re.findall(r'<img class="picture" data-picture="(\w+)"', html)


def test_pictures_are_those_that_a_text_shows():
    other = "f" * 32
    text = (
        f"![a](picture:{KEY}) ![b](picture:{other}) ![a](picture:{KEY})\n\n"
        f"`![c](picture:{'c' * 32})` picture:{'d' * 32} ![e](picture:123)"
    )
    assert shown_pictures(markup.render(text)) == [KEY, other, KEY]
    # A choice is read without blocks, so this is a picture there.
    indented = f"    ![a](picture:{KEY})"
    assert shown_pictures(markup.render(indented)) == []
    assert shown_pictures(markup.render_inline(indented)) == [KEY]


def test_pictures_get_addresses_and_words_do_not():
    html = markup.render(f'<img class="picture" data-picture="{KEY}"> ![a](picture:{KEY})')
    assert cleaning.with_addresses(html, "/p?a=1&b=/").count(" src=") == 1
    assert f'data-picture="{KEY}" src="/p?a=1&amp;b=/{KEY}/" alt="a">' in cleaning.with_addresses(
        html, "/p?a=1&b=/"
    )


def test_long_texts_are_shown_as_they_were_typed():
    text = f"*a* {'x' * markup.LONGEST} <b>"
    assert markup.render(text) == text.replace("<", "&lt;").replace(">", "&gt;")
    assert markup.html_or_none(text) is None
    assert markup.plain(text) == text


def test_few_characters_do_not_become_many_elements():
    wide = f"{'|'.join('a' * 400)}\n{'|'.join('-' * 400)}\n" + "a\n" * 4000
    small = f"{'|'.join('a' * 60)}\n{'|'.join('-' * 60)}\n" + "a\n" * 60 + "\n"
    address = f"[a]: https://b.example/{'x' * 4000}\n\n" + "[a]" * 1900
    assert "<table>" not in markup.render(wide)
    assert 1 <= markup.render(small * 24).count("<table>") < 5
    assert markup.render(f"{small}*a*").endswith("<p><em>a</em></p>")
    assert markup.html_or_none(address) is None
    assert len(markup.render(address)) < 2 * markup.LONGEST


def test_code_beyond_the_limit_is_plain():
    block = "```python\n" + "x = 1\n" * (code.LONGEST // 12 + 10) + "```\n"
    html = markup.render(block * 2)
    first, second = re.findall(r"<pre.*?</pre>", html, re.DOTALL)
    assert "<span" in first
    assert "<span" not in second


# --- What gets out -------------------------------------------------------------------------------

TAGS = {
    *("a", "blockquote", "br", "code", "div", "em", "h4", "h5", "h6", "hr", "img", "li", "ol"),
    *("p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
VALUES = {
    "href": r"(https?://|mailto:)\S+",
    "target": "_blank",
    "rel": "noopener noreferrer nofollow",
    "class": r"picture|code|math|table|[a-z][a-z0-9]{0,2}",
    "data-picture": r"[0-9a-f]{32}",
    "data-display": "inline|block",
    "alt": r".*",
    "dir": "auto",
    "start": r"[0-9]{1,9}",
    "align": "left|center|right",
}


class Reader(HTMLParser):
    """Reads HTML and complains about what is not in the lists above."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.problems = []

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS:
            self.problems.append(tag)
        for name, value in attrs:
            pattern = VALUES.get(name)
            if pattern is None or not re.fullmatch(pattern, value or "", re.DOTALL | re.I):
                self.problems.append((tag, name, value))

    def handle_comment(self, data):
        self.problems.append(f"<!--{data}")

    def handle_decl(self, decl):
        self.problems.append(f"<!{decl}")

    def handle_pi(self, data):
        self.problems.append(f"<?{data}")


def problems(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader.problems


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<style>@import 'x'</style>",
    '<a href="javascript:alert(1)" class="own">x</a>',
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](https://a.example/\"onmouseover='alert(1)')",
    '[x](<https://a.example/"onmouseover="alert(1)>)',
    "<javascript:alert(1)>",
    '<https://a.example/"><script>alert(1)</script>',
    '![x"><script>alert(1)</script>](picture:' + KEY + ")",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    f"![x](picture:{KEY}/../x)",
    "[x]: javascript:alert(1)\n[x]",
    "$</span><script>alert(1)</script>$",
    '$" onload="x$',
    '```"onload="x\n</code></pre><script>\n```',
    "```html\n<script>alert(1)</script>\n```",
    "``` python class=own onclick=x\nx\n```",
    "# x {#id .own onclick=x}",
    "[x](https://a.example){.own style=x}",
    "|a|\n|:-:|\n|<b onclick=x>|",
    "<!-- x --><?php x ?><!DOCTYPE x><![CDATA[x]]>",
    "\0<script>\0",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "9999999999999999. x\n\n1234567890. y",
]


def test_nothing_hostile_gets_out():
    for text in HOSTILE:
        for html in (markup.render(text), markup.render_inline(text)):
            assert problems(html) == [], text
            assert not re.search(r"<(script|svg|style|img src)|<[^>]*=.?java", html, re.I), text


PIECES = st.sampled_from(
    [
        *("*", "**", "_", "`", "```\n", "```html\n", "~~", "$", "$$", "\\(", "\\)", "\\[", "\\]"),
        *("[", "](", ")", "![", "]", "<", ">", "\n", "\n\n", "    ", "- ", "1. ", "> ", "# ", "|"),
        *("|-|", "&", "&lt;", "&#60;", '"', "'", "\\", "picture:" + KEY, "https://a.example"),
        *("javascript:x", "<script>", "onclick=", "class=own", "style=", "a", "é", "א", "\u202e"),
    ]
)
ANY = st.lists(PIECES | st.text(max_size=4), max_size=40).map("".join)


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_only_what_is_allowed_gets_out(text):
    for function in (markup.render, markup.render_inline):
        html = function(text)
        assert problems(html) == []
        # The parser made nothing that had to be taken away.
        assert cleaning.clean(html) == html


def test_cleaning_does_not_rely_on_the_parser():
    html = cleaning.clean(
        '<script>x</script><p class="own" onclick="x" style="x">a<a href="javascript:x">b</a>'
        '<img src="x" class="picture own" data-picture="../x"><span class="math own k" '
        'data-display="none">c</span><iframe></iframe></p>'
    )
    assert html == f'<p>a<a {REL}>b</a><img class="picture"><span class="math k">c</span></p>'


# --- Time ----------------------------------------------------------------------------------------

UNITS = [
    *("[", "![", "*a ", "`", "`a``", "<", "> ", "$a ", "$a\n", "\\[\n", "$$a\n", "\\(", "|a"),
    *("![a](", "&", "~~", "a\n=\n", "[a]: b\n", "*_", "[[a]", "```\n", "| |\n|-|\n", "[![a](b)"),
    *("<!--", "[a][", "[*", "*[", "- a\n  ", "> - 1. ", "a\n\n", "\\[\n\\]x\n"),
]
SECONDS = patient(2.0)


@pytest.mark.parametrize("unit", UNITS)
def test_the_worst_texts_take_a_short_time(unit):
    text = (unit * markup.LONGEST)[: markup.LONGEST]
    for function in (markup.render, markup.render_inline):
        start = time.process_time()
        function(text)
        assert time.process_time() - start < SECONDS


CODE = ["(", '"', "a", "a\n", "\n"]


def worst_code(language, unit):
    """Check that code of one unit after the other is coloured in time, and harmless."""
    start = time.process_time()
    html = code.coloured((unit * code.LONGEST)[: code.LONGEST], language)
    assert time.process_time() - start < SECONDS, (language, unit)
    assert problems(cleaning.clean(html)) == [], (language, unit)


def test_the_worst_code_takes_a_short_time():
    """The units are tried in the languages by turns."""
    for language, unit in zip(sorted(code.LANGUAGES), itertools.cycle(CODE), strict=False):
        worst_code(language, unit)


@pytest.mark.long
@pytest.mark.parametrize("language", sorted(code.LANGUAGES))
def test_all_of_the_worst_code_takes_a_short_time(language):
    for unit in CODE:
        worst_code(language, unit)


STARTS = {
    "Acts **on the book**?": "Acts on the book?",
    "# a\n\n- b `c`": "a b c",
    "What is $g$?": f"What is {math('g')}?",
    "$$\na\n$$": math("a"),
    f"![a <b>](picture:{KEY}) [c](https://d.example)": "a &lt;b&gt; c",
    "0123456789 and 123456789": "0123456789 and 12345…",
    "a longer formula $a + b + c$ here": "a longer formula …",
    "01234567890123456789": "01234567890123456789",
    "<script>": "&lt;script&gt;",
}


def test_the_start_of_a_text_on_one_line():
    assert {text: markup.line(text, 20) for text in STARTS} == STARTS
