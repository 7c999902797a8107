"""The imports that the design allows, and the length that a file may have.

A new module or folder of `rooms` fails here until it has been given a place in LAYERS on purpose.
"""

import ast
import graphlib
import re
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A module or folder of `rooms` may import from its own row and the rows below.
LAYERS = [
    {
        *("consumers", "api", "admin", "views", "urls", "embed", "addresses", "templatetags"),
        *("management", "signals", "apps", "texts", "pages"),
    },
    {"commands"},
    {"process"},
    {"actions"},
    {"queries"},
    {"permissions", "frames", "yields_said"},
    {"delivery"},
    {"models", "migrations", "ratelimit"},
    {"wire", "metrics", "flaws", "formats_said", "pairing_said", "audit_said"},
    {"formats"},
    {"peer", "conf", "qr", "markup", "pictures", "redrawing"},
]
# Tighter than their row: these know nothing of `rooms` but what is listed, and themselves.
ONLY = {
    "delivery": {"wire", "metrics"},
    "delivery.hub": {"delivery", "metrics"},
    "delivery.order": {
        *("delivery.audience", "delivery.connection", "delivery.notices", "delivery.tasks"),
        "metrics",
    },
    "delivery.audience": {"delivery.connection", "metrics"},
    "delivery.connection": {"delivery.subscriptions", "delivery.tasks", "metrics"},
    "delivery.subscriptions": {
        *("delivery.names", "delivery.notices", "delivery.tasks", "metrics"),
    },
    "delivery.layer": {"delivery.pubsub"},
    "delivery.pubsub": {"delivery.tasks"},
    "delivery.tasks": set(),
    "delivery.revisions": {"wire.errors"},
    "process.writer": {"wire.errors", "metrics", "delivery.publish"},
    "process.threads": {"wire.errors", "metrics"},
    "wire": set(),
    "formats_said": {"formats"},
    "pairing_said": set(),
    "audit_said": set(),
    "formats": {"peer"},
    "peer": set(),
    "markup": set(),
}
NEVER = {"consumers": {"models"}}
PURE = [
    "peer",
    "formats",
    "wire",
    "markup",
    "delivery.names",
    "delivery.notices",
    "delivery.topics",
    "ratelimit",
]
FRAMEWORKS = {"django", "channels", "asgiref", "asyncio", "twisted", "rest_framework"}
MAY_SEND_TO_GROUPS = {
    "rooms.delivery.publish",
    "rooms.delivery.subscriptions",
    "peerchat.views",  # readyz, to a group without members
}
# `tell` is the only action that may import these.
TELLING = {"rooms.delivery.publish", "rooms.delivery.notices"}
LONGEST = 400
"""Lines of a file."""
MEDIAN = 130
"""Lines of the module in the middle of `rooms`."""
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
    """`delivery.hub` for rooms.delivery.hub; empty outside `rooms` and for `rooms` itself."""
    app, _, rest = name.partition(".")
    return rest if app == "rooms" else ""


def is_in(name: str, place: str) -> bool:
    """Return whether a part of `rooms` is the module `place` or in the folder `place`."""
    return name == place or name.startswith(f"{place}.")


def row(name: str) -> int:
    return next(n for n, names in enumerate(LAYERS) if name.partition(".")[0] in names)


OF_ROOMS = [name for name in modules() if part(name)]


def test_every_module_of_rooms_has_a_place():
    placed = set().union(*LAYERS)
    assert {part(name).partition(".")[0] for name in OF_ROOMS} == placed
    assert sum(map(len, LAYERS)) == len(placed)


def wrong_imports(name: str) -> set[str]:
    """Return the parts of `rooms` that this module of it imports although it may not."""
    own = part(name)
    targets = {part(target) for target in imports(name)} - {""}
    wrong = {target for target in targets if row(target) < row(own)}
    for place, never in NEVER.items():
        if is_in(own, place):
            wrong |= {target for target in targets if any(is_in(target, n) for n in never)}
    for place, only in ONLY.items():
        if is_in(own, place):
            may = {place, *only}
            wrong |= {target for target in targets if not any(is_in(target, m) for m in may)}
    return wrong


def test_imports_point_to_the_right():
    assert {name: wrong for name in OF_ROOMS if (wrong := wrong_imports(name))} == {}


def test_every_place_of_a_rule_is_there():
    assert {f"rooms.{place}" for place in [*ONLY, *NEVER, *PURE]} <= modules().keys()


@pytest.mark.parametrize("place", PURE)
def test_decisions_are_kept_away_from_the_framework(place):
    outside = {
        target.partition(".")[0]
        for name in OF_ROOMS
        if is_in(part(name), place)
        for target in imports(name)
    }
    assert outside & FRAMEWORKS == set()


@pytest.mark.parametrize(
    ("app", "above"), [("accounts", {"rooms", "peerchat"}), ("rooms", {"peerchat"})]
)
def test_an_app_knows_nothing_of_those_above_it(app, above):
    found = {
        (name, target)
        for name in modules()
        for target in imports(name)
        if name.split(".")[0] == app and target.split(".")[0] in above
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


def test_actions_tell_others_through_one_module():
    actions = {name for name in OF_ROOMS if is_in(part(name), "actions")}
    assert {name for name in actions if imports(name) & TELLING} == {"rooms.actions.tell"}


def silent_imports(name: str) -> set[int]:
    """Return the lines of imports inside a function that no comment explains."""
    lines = modules()[name].read_text(encoding="utf-8").splitlines()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    inside = {
        node.lineno
        for function in ast.walk(tree(name))
        if isinstance(function, functions)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    return {
        number
        for number in inside
        if not REASON.search(lines[number - 1])
        and not (lines[number - 2].lstrip().startswith("#") and REASON.search(lines[number - 2]))
    }


def test_an_import_inside_a_function_says_why():
    assert {name: silent for name in modules() if (silent := silent_imports(name))} == {}


def lengths() -> dict[str, int]:
    """Return the number of lines of each module, script and style sheet, without migrations."""
    written = [path for name, path in modules().items() if ".migrations." not in name]
    for kind in ("js", "css"):
        written += (ROOT / "static/peerchat").rglob(f"*.{kind}")
    return {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in written
    }


def test_no_file_is_long():
    found = lengths()
    assert any(path.endswith(".css") for path in found)
    assert {path: lines for path, lines in found.items() if lines > LONGEST} == {}


def test_most_modules_of_rooms_are_short():
    # Most files named __init__ are empty, and tell nothing.
    of_rooms = [lines for path, lines in lengths().items() if path.startswith("rooms/") and lines]
    assert statistics.median(of_rooms) <= MEDIAN
