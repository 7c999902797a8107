"""The style sheets: each is sound, and each page links those that it needs and no other."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.static.stylesheets import FIRST, ROOT, SHEETS, VENDOR, problems, read_sheets

TEMPLATES = ROOT / "templates"
SCRIPTS = ROOT / "static"
ON_EVERY_PAGE = {FIRST, "core/base.css"}
EXTENDS_OR_INCLUDES = re.compile(r"{% (?:extends|include) \"([^\"]+)\"[^%]*%}")
SHEET = re.compile(r"<link rel=\"stylesheet\" href=\"{% static 'peerchat/([^']+)' %}\"{% nonce %}>")
SCRIPT = re.compile(r"<script type=\"module\" src=\"{% static '([^']+)' %}\"{% nonce %}>")
IMPORT = re.compile(r"^(?:import|export)\b[^;\"]*?\"(\.[^\"]+)\"", re.MULTILINE)
CLASSES = re.compile(r"\bclass=\"([^\"]*)\"")
ELEMENT = re.compile(r"<([a-z]+-[a-z-]+)")
STRING = re.compile(r"\"([^\"\n]*)\"|`([^`]*)`")
WORD = re.compile(r"[a-z][\w-]*")
COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.MULTILINE | re.DOTALL)
WORDS = re.compile(r"[a-z][\w-]*(?:\s+[a-z][\w-]*)*")
COMBINATOR = re.compile(r"[\s>+~](?![^(\[]*[)\]])")


# --- each sheet ----------------------------------------------------------------------------------


def test_nothing_is_wrong_with_the_sheets():
    assert problems(read_sheets()) == []


ORDER = "@layer core, chat;\n"
GOOD = "@layer core { :root { --ink: black; } .a { color: var(--ink); } }\n"


@pytest.mark.parametrize(
    ("tokens", "chat", "problem"),
    [
        (GOOD, "@layer chat { .a { color: red } } }", "chat/chat.css:1: "),
        (GOOD, "@layer chat { .a }", "chat/chat.css:1: EOF reached before {} block"),
        (GOOD, "@layer chat { .a {} }", "chat/chat.css:1: .a is empty"),
        (GOOD, "@layer chat { .a { } } .b { color: red; }", "chat/chat.css:1: .b is in no layer"),
        (GOOD, '@import "x.css";', 'chat/chat.css:1: @import "x.css" has no place here'),
        (GOOD, "@layer core { .b { color: red; } }", "the layer core is that of another folder"),
        (GOOD, "@layer talk { .b { color: red; } }", "the layer talk is not declared in"),
        (GOOD, "", "core/tokens.css: nothing is in the layer chat"),
        (GOOD, "@layer chat; @layer chat { .b { color: red; } }", "chat/chat.css: only core/"),
        (GOOD, '@layer chat { .b { content: "first"; } }', ".b has a text, which nobody can"),
        (GOOD, "@layer chat { .b { margin-left: 0; } }", "margin-left is the same side in every"),
        (GOOD, "@layer chat { .b { --x: 1px; } }", "nothing uses --x"),
        (GOOD, "@layer chat { .b { width: var(--x); } }", "nothing declares --x"),
        (
            GOOD,
            "@layer chat {\n.b { color: red; }\n.b { width: 0; } }",
            "chat/chat.css:3: .b has a rule at chat/chat.css:2 already",
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, tokens: str, chat: str, problem: str):
    for name, text in ((FIRST, ORDER + tokens), ("chat/chat.css", chat)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = problems(read_sheets(tmp_path))
    assert any(problem in one for one in found), found


def test_a_rule_may_stand_again_under_a_condition(tmp_path: Path):
    (tmp_path / "core").mkdir()
    narrow = "@container (max-width: 899px) { .a { color: red; } }"
    text = f"@layer core;\n@layer core {{ .a {{ color: blue; }} {narrow} }}"
    (tmp_path / FIRST).write_text(text)
    assert problems(read_sheets(tmp_path)) == []


# --- each page -----------------------------------------------------------------------------------


@cache
def source(template: str) -> str:
    """The text of a template with all that it extends and includes, in the order of the page."""
    text = (TEMPLATES / template).read_text()
    return EXTENDS_OR_INCLUDES.sub(lambda found: source(found[1]), text)


PAGES = [
    name
    for path in sorted(TEMPLATES.rglob("*.html"))
    for name in [path.relative_to(TEMPLATES).as_posix()]
    if not path.name.startswith("_")
    and not name.startswith(("site/admin/", "rooms/admin/", "peerchat/"))
]


@cache
def scripts(path: Path) -> frozenset[Path]:
    """A script and all that it imports."""
    names = IMPORT.findall(path.read_text())
    return frozenset({path}).union(*(scripts((path.parent / name).resolve()) for name in names))


def page_scripts(page: str) -> set[Path]:
    return {one for name in SCRIPT.findall(source(page)) for one in scripts(SCRIPTS / name)}


@cache
def words_of_page(page: str) -> set[str]:
    """Return the classes and custom elements in a page."""
    text = source(page)
    classes = {word for found in CLASSES.findall(text) for word in WORD.findall(found)}
    return classes | set(ELEMENT.findall(text))


@cache
def words_of_script(path: Path) -> set[str]:
    """Return the words that may name classes or elements: strings of nothing but such words."""
    text = COMMENT.sub("", path.read_text())
    strings = (plain or template for plain, template in STRING.findall(text))
    plain = (re.sub(r"\$\{[^}]*\}", "", string).strip() for string in strings)
    return {word for string in plain if WORDS.fullmatch(string) for word in string.split()}


def names_in(selector: str) -> set[str]:
    """Return the classes and custom elements that a selector names."""
    names = re.findall(r"\.([a-z][\w-]*)|(?<![\w.:-])([a-z]+-[a-z-]+)(?![\w-]*[\]=(])", selector)
    return {one or other for one, other in names}


@cache
def homes() -> dict[str, set[str]]:
    """The sheets that style a class or an element by itself, wherever it stands."""
    found: dict[str, set[str]] = {}
    for sheet in read_sheets():
        for rule in sheet.rules:
            for selector in rule.selectors:
                if not COMBINATOR.search(selector):
                    for name in names_in(selector):
                        found.setdefault(name, set()).add(sheet.name)
    return found


def needed(page: str) -> set[str]:
    """Return the sheets of everything on a page or made by its scripts, from `core/` and from the
    folders of its scripts; each thing on the page itself has at least one sheet."""
    ran = page_scripts(page)
    folders = {"core"} | {path.parent.name for path in ran}
    made = {word for path in ran for word in words_of_script(path)}
    written = words_of_page(page)
    sheets = set()
    for name, places in homes().items():
        if name in written | made:
            near = {place for place in places if place.partition("/")[0] in folders}
            sheets |= near or (places if name in written else set())
    return sheets


@pytest.mark.parametrize("page", PAGES)
def test_a_page_links_the_sheets_of_what_it_shows(page: str):
    text = source(page)
    linked = SHEET.findall(text)
    if "<link" not in text:
        assert needed(page) == set()
        return
    assert linked[0] == FIRST
    assert len(linked) == len(set(linked))
    assert sorted(linked) == sorted(needed(page) | ON_EVERY_PAGE)


def test_every_sheet_is_linked():
    linked = {sheet for page in PAGES for sheet in SHEET.findall(source(page))}
    assert {sheet.name for sheet in read_sheets()} == linked


def test_every_rule_is_about_something():
    known = {word for page in PAGES for word in words_of_page(page)}
    ours = (path for path in SHEETS.rglob("*.js") if VENDOR not in path.parts)
    known |= {word for path in ours for word in words_of_script(path)}
    styled = {
        name
        for sheet in read_sheets()
        for rule in sheet.rules
        for selector in rule.selectors
        for name in names_in(selector)
    }
    assert styled - known == set()
