"""Finds texts for people that no translator would get: those that are not marked for gettext."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from tests.translations.scripts import Token, parts_of, tokens

LETTERS = re.compile(r"[^\W\d_]{2,}")
NAMES = {"peerchat", "daphne", "YAML", "GIFT", "Moodle", "XML"}

# --- Templates ---------------------------------------------------------------------------------

BLOCK = re.compile(r"\{%\s*blocktranslate\b.*?\{%\s*endblocktranslate\s*%\}", re.DOTALL)
CLASSES = re.compile(r"\{% block body_class %\}.*?\{% endblock %\}")
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
CHOSEN = re.compile(r"\|(?:yesno|default|default_if_none|pluralize):([\"'])(.*?)\1")
READ = {"aria-label", "placeholder", "title", "alt", "label", "empty"}
"""Attributes that people read or hear."""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style", "code"}
        for name, value in attrs:
            # An address for an example needs no translation.
            if name in READ and value and LETTERS.search(value) and "@example." not in value:
                self.found.append(f'{name}="{value}"')

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style", "code"}

    def handle_data(self, data: str) -> None:
        text = data.strip()
        if not self._silent and set(LETTERS.findall(text)) - NAMES:
            self.found.append(text)


def in_template(text: str) -> list[str]:
    """The texts and attributes of a template that stand outside the tags for translations."""
    chosen = [word for _, word in CHOSEN.findall(text) if LETTERS.search(word)]
    page = _Page()
    rest = TAG.sub(" ", CLASSES.sub(" ", BLOCK.sub(" ", text)))
    # A template may be the attributes of an element.
    page.feed(rest if "<" in rest or "=" not in rest else f"<i {rest}>")
    page.close()
    return [*chosen, *page.found]


# --- Scripts -----------------------------------------------------------------------------------

MARKS = {"gettext", "ngettext", "pgettext"}
COMPARES = {"===", "!=="}
TAKE_TEXT = {
    "h": range(2, 100),
    "setText": range(1, 2),
    **dict.fromkeys(("announce", "say", "tryLater", "this.#say", "this.#toast"), range(1)),
}
"""Functions, and which of their arguments are shown to people."""
TAKE_NAMES = re.compile(
    r"querySelector|matchMedia|closest|matches|setProperty|setAttribute|getAttribute"
    r"|addEventListener|createElement|Error$|getPropertyValue"
)
PLAIN_KEYS = {
    *("class", "credentials", "cache", "method", "Accept", "Content-Type"),
    "aria-describedby",
}
SELECTOR = re.compile(r"[\[\]{}()>#=*/<]|^\W*$")
TECHNICAL = {
    # Keys of the keyboard, headers and names of HTTP, and a class of errors.
    *("Enter", "Escape", "ArrowUp", "ArrowDown", "Home", "End", "Tab"),
    *("Authorization", "Content-Type", "Accept", "Retry-After", "X-CSRFToken", "Bearer"),
    *("PeerError", "Infinity"),
    # The colours of the system, which a chart has where colours are forced.
    *("Canvas", "CanvasText", "GrayText", "Highlight"),
    # A type of dragged data; ids, classes and a selector.
    "br, p, li, pre, th, td, blockquote, h4, h5, h6",
    *("Files", "picture-hint picture-wrong", "own latest"),
    # Errors say this to programs; pages explain errors by their code.
    "Cannot reach the server. Try again in a moment.",
    # Classes that are chosen by conditions.
    *("own strong", "text gone", "button small", "button primary large", "message own"),
}


@dataclass
class _Place:
    """A bracket that is open: what is called, which argument this is, and under which key."""

    name: str
    bracket: str
    argument: int = 0
    key: str = ""


def in_script(source: str) -> Iterator[str]:
    """The texts of a module that look as if people read them, outside calls of gettext."""
    found = list(tokens(source))
    places = [_Place("", "")]
    for index, token in enumerate(found):
        before = found[index - 1] if index else Token("", "")
        after = found[index + 1].value if index + 1 < len(found) else ""
        place = places[-1]
        if token.kind == "operator" and token.value in {"(", "[", "{"}:
            is_call = token.value == "(" and before.kind == "name"
            places.append(_Place(before.value if is_call else "", token.value))
        elif token.kind == "operator" and token.value in {")", "]", "}"} and len(places) > 1:
            places.pop()
        elif token.value == ",":
            place.argument += 1
            place.key = ""
        elif after == ":" and before.value in {"{", ","}:
            place.key = token.value.strip("\"'")
        elif (
            token.kind in {"string", "template"}
            and before.value not in {"from", "import", *COMPARES}
            and after not in COMPARES
            and not any(one.name.split(".")[-1] in MARKS for one in places)
        ):
            yield from _judged(token, place)


def _judged(token: Token, place: _Place) -> Iterator[str]:
    text = token.value[1:-1]
    if token.kind == "template":
        text, parts = parts_of(token.value)
        # There may be texts within the parts.
        for part in parts:
            yield from in_script(part)
    if not LETTERS.search(text) or text in TECHNICAL or text in NAMES:
        return
    name = place.name
    is_read = place.key in READ or (
        place.bracket == "(" and place.argument in TAKE_TEXT.get(name, ())
    )
    if is_read:
        yield text
        return
    if place.key in PLAIN_KEYS or TAKE_NAMES.search(name) or SELECTOR.search(text):
        return
    looks_written = re.match(r"[A-Z][a-z]", text) or re.search(r"[^\W\d_]\S* \S*[^\W\d_]", text)
    if looks_written and not re.fullmatch(r"(button|tag|muted|bar|choice|rooms)\b.*", text):
        yield text


# --- Python ------------------------------------------------------------------------------------

TELL = {"ValidationError": 0, "add_error": 1, "message_user": 1}
"""Calls with a text for people, and which argument it is."""
KEYWORDS = {"verbose_name", "verbose_name_plural", "help_text", "description", "label"}
ATTRIBUTES = {*(KEYWORDS - {"label"}), "title", "short_description", "empty_value_display"}
MARKERS = {"_", "gettext", "ngettext", "pgettext"}


def in_module(source: str) -> Iterator[str]:
    """The texts of models, forms, views and the admin that are not marked."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _in_call(node)
        elif isinstance(node, ast.ClassDef):
            yield from _in_class(node)


def _name(node: ast.AST) -> str:
    return ast.unparse(node).split(".")[-1]


def _is_plain(node: ast.AST | None) -> bool:
    if isinstance(node, ast.JoinedStr):
        return True
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and bool(LETTERS.search(node.value))
        and node.value not in NAMES
    )


def _in_call(node: ast.Call) -> Iterator[str]:
    name = _name(node.func)
    if name in MARKERS:
        if node.args and not isinstance(node.args[0], ast.Constant):
            yield f"{ast.unparse(node)}: only a text that is written out can be extracted"
        return
    told = node.args[TELL[name]] if name in TELL and len(node.args) > TELL[name] else None
    if _is_plain(told):
        yield ast.unparse(node)
    for keyword in node.keywords:
        if keyword.arg in KEYWORDS and _is_plain(keyword.value):
            yield ast.unparse(node)


def _in_class(node: ast.ClassDef) -> Iterator[str]:
    bases = {_name(base) for base in node.bases}
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            yield from _in_display(statement)
        if not isinstance(statement, ast.Assign):
            continue
        target, value = _name(statement.targets[0]), statement.value
        if target in ATTRIBUTES and _is_plain(value):
            yield ast.unparse(statement)
        if "TextChoices" in bases and not isinstance(value, ast.Tuple):
            yield f"{node.name}.{target} has no label"
        if "Model" in bases and _is_field(value) and not _is_named(value):
            yield f"{node.name}.{target} has no verbose name"
    if "Model" in bases and "verbose_name" not in ast.unparse(node).partition("class Meta")[2]:
        yield f"{node.name} has no verbose name"


def _is_field(value: ast.AST) -> bool:
    return isinstance(value, ast.Call) and bool(
        re.search(r"(Field|ForeignKey)$", _name(value.func))
    )


def _is_named(value: Any) -> bool:
    first = value.args[0] if value.args else None
    is_marked = isinstance(first, ast.Call) and _name(first.func) in MARKERS
    return is_marked or any(keyword.arg == "verbose_name" for keyword in value.keywords)


def _in_display(node: ast.FunctionDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        if not isinstance(decorator, ast.Call) or _name(decorator.func) != "display":
            continue
        if not any(keyword.arg == "description" for keyword in decorator.keywords):
            yield f"{node.name} has no description"
