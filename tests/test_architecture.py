"""The arrows of the design: who may import whom.

A new module of `rooms` fails here until it has been given a place in LAYERS on purpose.
"""

import ast
import graphlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Each module of `rooms` may import from its own row and the rows below.
LAYERS = [
    {"consumers", "api", "views", "urls", "admin", "management", "signals", "apps", "templatetags"},
    {"commands", "runtime", "drain", "clock", "polling", "revalidation", "silence"},
    {"actions"},
    {
        *("publish", "frames", "queries", "permissions", "embed", "writer", "threads", "standing"),
        *("gaps", "hub", "order", "audience", "connection", "subscriptions", "revisions"),
    },
    {"models", "migrations"},
    {
        *("protocol", "phases", "pairing", "groups", "topics", "errors", "envelope", "ratelimit"),
        *("metrics", "layer"),
    },
    {"conf"},
]
# Tighter than their row: these know nothing of `rooms` but what is listed.
ONLY = {
    "hub": {
        *("hub", "order", "audience", "connection", "subscriptions", "revisions"),
        *("frames", "groups", "topics", "envelope", "errors", "metrics"),
    },
    "order": {"audience", "connection", "envelope", "metrics"},
    "audience": {"connection", "metrics"},
    "connection": {"subscriptions", "metrics"},
    "subscriptions": {"groups", "envelope", "metrics"},
    "revisions": {"errors"},
    "writer": {"writer", "frames", "groups", "errors", "metrics"},
    "threads": {"threads", "errors", "metrics"},
}
NEVER = {"consumers": {"models"}}
PURE = ["protocol", "phases", "pairing", "groups", "topics", "errors", "envelope", "ratelimit"]
MAY_SEND_TO_GROUPS = {
    "rooms.delivery.publish",
    "rooms.delivery.subscriptions",
    "peerchat.views",  # readyz, to a group without members
}
# A comment for people, not one for a tool alone.
REASON = re.compile(r"#(?! ?(noqa|type:))")


@cache
def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name; a package is its __init__."""
    found = {}
    for app in ("peerchat", "accounts", "rooms"):
        for path in sorted((ROOT / app).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(modules()[name].read_text(encoding="utf-8"))


def imported(name: str, node: ast.AST) -> Iterator[str]:
    """The dotted names that an import statement of the module `name` names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        origin = node.module or ""
        if node.level:
            is_package = modules()[name].name == "__init__.py"
            parts = name.split(".")
            package = parts[: len(parts) - node.level + is_package]
            origin = ".".join([*package, *filter(None, [node.module])])
        for alias in node.names:
            inner = f"{origin}.{alias.name}"
            yield inner if inner in modules() else origin


@cache
def imports(name: str) -> frozenset[str]:
    """All imports of a module, those inside functions and for type checkers included."""
    return frozenset(target for node in ast.walk(tree(name)) for target in imported(name, node))


def part(name: str) -> str:
    """`commands` for rooms.commands and what is in it; empty outside `rooms` and for `rooms`."""
    app, _, rest = name.partition(".")
    return rest.partition(".")[0] if app == "rooms" else ""


ROW = {name: row for row, names in enumerate(LAYERS) for name in names}
OF_ROOMS = [name for name in modules() if part(name)]


def test_every_module_of_rooms_has_a_place():
    assert {part(name) for name in OF_ROOMS} - set(ROW) == set()


@pytest.mark.parametrize("name", OF_ROOMS)
def test_imports_point_to_the_right(name):
    own = part(name)
    targets = {part(target) for target in imports(name)} - {""}
    wrong = {target for target in targets if ROW[target] < ROW[own]}
    wrong |= targets & NEVER.get(own, set())
    wrong |= targets - ONLY.get(own, targets)
    assert wrong == set()


@pytest.mark.parametrize("own", PURE)
def test_decisions_are_kept_away_from_the_framework(own):
    outside = {target.partition(".")[0] for target in imports(f"rooms.{own}")}
    assert (
        outside & {"django", "channels", "asgiref", "asyncio", "twisted", "rest_framework"} == set()
    )


def test_accounts_knows_nothing_of_rooms():
    found = {
        (name, target)
        for name in modules()
        for target in imports(name)
        if name.split(".")[0] == "accounts" and target.split(".")[0] in ("rooms", "peerchat")
    }
    assert found == set()


def test_there_are_no_cycles_hidden_or_not():
    graph = {name: imports(name) & modules().keys() - {name} for name in modules()}
    graphlib.TopologicalSorter(graph).prepare()


def test_only_publish_and_subscriptions_send_to_groups():
    senders = {
        name
        for name in modules()
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Attribute) and node.attr == "group_send"
    }
    assert senders - MAY_SEND_TO_GROUPS == set()


@pytest.mark.parametrize("name", modules())
def test_an_import_inside_a_function_says_why(name):
    lines = modules()[name].read_text(encoding="utf-8").splitlines()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    inside = {
        node.lineno
        for function in ast.walk(tree(name))
        if isinstance(function, functions)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    silent = {
        number
        for number in inside
        if not REASON.search(lines[number - 1])
        and not (lines[number - 2].lstrip().startswith("#") and REASON.search(lines[number - 2]))
    }
    assert silent == set()
