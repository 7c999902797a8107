"""A reader of the pages' style sheets, which finds their problems.

`python -m tests.static.stylesheets` prints the problems and fails where there are some.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tinycss2
from tinycss2.ast import AtRule, Declaration, Node, ParseError, QualifiedRule

ROOT = Path(__file__).resolve().parent.parent.parent
SHEETS = ROOT / "static" / "peerchat"
FIRST = "core/tokens.css"
"""The sheet that every page links first, and that says in which order the layers come."""
VENDOR = "vendor"
"""The folder of what others wrote."""
CONDITIONS = {"media", "container"}
PHYSICAL = re.compile(
    r"left|right|(margin|padding|border)-(left|right)(-\w+)?|border-(top|bottom)-(left|right)-radius"
)
VARIABLE = re.compile(r"var\(\s*(--[\w-]+)")


@dataclass(frozen=True)
class Rule:
    """A rule of a sheet, with the at-rules and the rules that it stands in."""

    sheet: str
    line: int
    layer: str
    within: tuple[str, ...]
    selector: str
    properties: tuple[str, ...]
    variables: frozenset[str]

    @property
    def selectors(self) -> list[str]:
        """The selectors of the list, each by itself."""
        return [one.strip() for one in re.split(r",(?![^(\[]*[)\]])", self.selector)]


class Sheet:
    """One sheet: its rules, the order of layers that it declares, and its problems."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.rules: list[Rule] = []
        self.order: list[str] = []
        self.problems: list[str] = []
        nodes = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
        self._read(nodes, layer="", within=())

    def _complain(self, node: Node, problem: str) -> None:
        self.problems.append(f"{self.name}:{node.source_line}: {problem}")

    def _read(self, nodes: Iterable[Node], *, layer: str, within: tuple[str, ...]) -> None:
        for node in nodes:
            if isinstance(node, ParseError):
                self._complain(node, node.message)
            elif isinstance(node, AtRule):
                self._read_at_rule(node, layer=layer, within=within)
            elif isinstance(node, QualifiedRule):
                self._read_rule(node, layer=layer, within=within)

    def _read_at_rule(self, node: AtRule, *, layer: str, within: tuple[str, ...]) -> None:
        prelude = _text(node.prelude)
        if node.at_keyword == "keyframes":
            return
        if node.at_keyword == "layer" and node.content is None:
            self.order += [name.strip() for name in prelude.split(",")]
        elif node.at_keyword == "layer" and not within and not layer:
            self._read(_contents(node), layer=prelude, within=within)
        elif node.at_keyword in CONDITIONS and node.content is not None:
            condition = f"@{node.at_keyword} {prelude}"
            self._read(_contents(node), layer=layer, within=(*within, condition))
        else:
            self._complain(node, f"@{node.at_keyword} {prelude} has no place here")

    def _read_rule(self, node: QualifiedRule, *, layer: str, within: tuple[str, ...]) -> None:
        selector = _text(node.prelude)
        contents = _contents(node)
        declared = [one for one in contents if isinstance(one, Declaration)]
        if not layer:
            self._complain(node, f"{selector} is in no layer")
        if not contents:
            self._complain(node, f"{selector} is empty")
        for one in declared:
            if one.name == "content" and any(map(_has_words, one.value)):
                self._complain(one, f"{selector} has a text, which nobody can translate")
        values = " ".join(tinycss2.serialize(one.value) for one in declared)
        self.rules.append(
            Rule(
                sheet=self.name,
                line=node.source_line,
                layer=layer,
                within=within,
                selector=selector,
                properties=tuple(one.name for one in declared),
                variables=frozenset(VARIABLE.findall(values)),
            )
        )
        nested = [one for one in contents if not isinstance(one, Declaration)]
        self._read(nested, layer=layer, within=(*within, selector))


def _has_words(node: Node) -> bool:
    return node.type == "string" and bool(re.search(r"[^\W\d_]", node.value))


def _contents(node: AtRule | QualifiedRule) -> list[Node]:
    return list(
        tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True)
    )


def _text(nodes: Iterable[Node]) -> str:
    return re.sub(r"\s+", " ", tinycss2.serialize(nodes)).strip()


def read_sheets(folder: Path = SHEETS) -> list[Sheet]:
    """Reads all of our sheets below a folder, that with the order of the layers first."""
    found = (path for path in folder.rglob("*.css") if VENDOR not in path.parts)
    files = sorted(found, key=lambda path: (path != folder / FIRST, path))
    return [Sheet(path.relative_to(folder).as_posix(), path.read_text()) for path in files]


def problems(sheets: list[Sheet]) -> list[str]:
    """List the problems of the sheets, each by itself and all together."""
    found = [problem for sheet in sheets for problem in sheet.problems]
    rules = [rule for sheet in sheets for rule in sheet.rules]
    return [
        *found,
        *_layers(sheets, rules),
        *_variables(rules),
        *_duplicates(rules),
        *_directions(rules),
    ]


def _layers(sheets: list[Sheet], rules: list[Rule]) -> Iterator[str]:
    order = sheets[0].order if sheets else []
    for sheet in sheets[1:]:
        if sheet.order:
            yield f"{sheet.name}: only {FIRST} says in which order the layers come"
    used = {rule.layer for rule in rules if rule.layer}
    for layer in sorted(used - set(order)):
        yield f"the layer {layer} is not declared in {FIRST}"
    for layer in sorted(set(order) - used):
        yield f"{FIRST}: nothing is in the layer {layer}"
    folders = {sheet.name.partition("/")[0] for sheet in sheets}
    for rule in rules:
        folder = rule.sheet.partition("/")[0]
        if rule.layer in folders and rule.layer != folder:
            yield f"{rule.sheet}:{rule.line}: the layer {rule.layer} is that of another folder"


def _variables(rules: list[Rule]) -> Iterator[str]:
    declared = {name for rule in rules for name in rule.properties if name.startswith("--")}
    used = {name for rule in rules for name in rule.variables}
    for name in sorted(declared - used):
        yield f"nothing uses {name}"
    for name in sorted(used - declared):
        yield f"nothing declares {name}"


def _directions(rules: list[Rule]) -> Iterator[str]:
    """Properties that do not follow the direction of the script."""
    for rule in rules:
        for name in rule.properties:
            if PHYSICAL.fullmatch(name):
                yield f"{rule.sheet}:{rule.line}: {name} is the same side in every script"


def _duplicates(rules: list[Rule]) -> Iterator[str]:
    seen: dict[tuple[str, tuple[str, ...], str], Rule] = {}
    for rule in rules:
        first = seen.setdefault((rule.layer, rule.within, rule.selector), rule)
        if first is not rule:
            yield (
                f"{rule.sheet}:{rule.line}: {rule.selector} has a rule at "
                f"{first.sheet}:{first.line} already"
            )


if __name__ == "__main__":
    complaints = problems(read_sheets())
    sys.stdout.writelines(f"{complaint}\n" for complaint in complaints)
    sys.exit(bool(complaints))
