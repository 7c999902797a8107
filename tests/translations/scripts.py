"""The tokens of a script, as far as a search for texts needs them."""

import re
from collections.abc import Iterator
from typing import NamedTuple


class Token(NamedTuple):
    kind: str
    value: str


TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<template>`)
    |(?P<name>[#\w$]+(?:\s*\??\.\s*[#\w$]+)*)
    |(?P<regexp>/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])*/\w*)
    |(?P<operator>===|!==|=>|\.\.\.|[^\w\s])""",
    re.VERBOSE | re.DOTALL,
)
ENDS_A_VALUE = re.compile(r"[\w$)\]}\"'`]$")
"""After one of these, a slash divides."""


def tokens(source: str) -> Iterator[Token]:
    """The tokens without spaces and comments; `a.b.c` is one name, a template one token."""
    at, before = 0, ""
    while at < len(source):
        found = TOKEN.match(source, at)
        assert found is not None, source[at : at + 40]
        kind, value = found.lastgroup or "", found[0]
        if kind == "template":
            value = source[at : _end_of_template(source, at)]
        elif kind == "regexp" and ENDS_A_VALUE.search(before) and before != "return":
            kind, value = "operator", "/"
        at += len(value)
        if kind != "space":
            before = value
            yield Token(kind, value)


def _end_of_template(source: str, start: int) -> int:
    """Return the end of a template literal, past the templates within its parts."""
    at = start + 1
    while source[at] != "`":
        if source[at] == "\\":
            at += 2
        elif source.startswith("${", at):
            at = _end_of_part(source, at)
        else:
            at += 1
    return at + 1


def _end_of_part(source: str, start: int) -> int:
    at, depth = start + 2, 1
    while depth:
        if source[at] == "`":
            at = _end_of_template(source, at)
            continue
        depth += {"{": 1, "}": -1}.get(source[at], 0)
        at += 1
    return at


def parts_of(template: str) -> tuple[str, list[str]]:
    """The text of a template literal, with spaces for its parts, and the code of the parts."""
    text, parts, at = "", [], 1
    while at < len(template) - 1:
        if template.startswith("${", at):
            end = _end_of_part(template, at)
            parts.append(template[at + 2 : end - 1])
            text, at = text + " ", end
        else:
            text, at = text + template[at], at + 1
    return text.strip(), parts
