"""The pure modules: each function that a file in `cases/` exports is a test."""

import re
from pathlib import Path

import pytest
import pytest_asyncio

from tests.static.browser import ORIGIN, PLACES, page_of_modules
from tests.static.stylesheets import VENDOR

CASES = [
    (file.name, name)
    for file in sorted(PLACES["/cases/"].glob("*.js"))
    if file.name != "check.js"
    for name in re.findall(r"^export (?:async )?function (\w+)", file.read_text(), re.MULTILINE)
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(browser):
    async with page_of_modules(browser) as page:
        yield page


def test_cases_are_found():
    assert {file for file, _ in CASES} == {
        "answers.js",
        "asks.js",
        "ballot.js",
        "client.js",
        "clients.js",
        "format.js",
        "inline.js",
        "meeting.js",
        "next-step.js",
        "me.js",
        "pictures.js",
        "question-edits.js",
        "results.js",
        "questions.js",
        "rooms.js",
        "screen.js",
        "storage.js",
        "store.js",
        "text.js",
        "votes.js",
    }


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(("file", "name"), CASES, ids=[f"{f[:-3]}-{n}" for f, n in CASES])
async def test_case(page, file, name):
    await page.evaluate(
        "async ([url, name]) => { const cases = await import(url); await cases[name](); }",
        [f"{ORIGIN}/cases/{file}", name],
    )


# The folders whose scripts those of a folder may import.
MAY_IMPORT = {
    "core": {"core"},
    "chat": {"core", "chat"},
    "student": {"core", "chat", "student"},
    "instructor": {"core", "chat", "instructor"},
    "screen": {"core", "screen"},
}
IMPORT = re.compile(r"^(?:import|export)\b[^;\"]*?\"(\.[^\"]+)\"", re.MULTILINE)


def scripts() -> list[Path]:
    """Return all scripts of the pages but those that others wrote."""
    root = PLACES["/static/"] / "peerchat"
    return [script for script in root.rglob("*.js") if VENDOR not in script.parts]


def test_scripts_import_only_from_folders_below_them() -> None:
    root = PLACES["/static/"] / "peerchat"
    found: dict[str, set[str]] = {}
    for script in scripts():
        folder = script.parent.relative_to(root).as_posix()
        targets = {(script.parent / name).resolve() for name in IMPORT.findall(script.read_text())}
        assert [target for target in targets if not target.is_file()] == []
        found.setdefault(folder, set()).update(target.parent.name for target in targets)
    assert found.keys() == MAY_IMPORT.keys()
    assert {folder: found[folder] - MAY_IMPORT[folder] for folder in found} == {
        folder: set() for folder in found
    }


def test_scripts_remember_things_through_one_module() -> None:
    root = PLACES["/static/"] / "peerchat"
    users = {
        script.relative_to(root).as_posix()
        for script in scripts()
        if re.search(r"\b(?:session|local)Storage\b", script.read_text())
    }
    assert users == {"core/storage.js"}


def test_scripts_set_html_in_one_module() -> None:
    root = PLACES["/static/"] / "peerchat"
    setting = re.compile(r"(inner|outer)HTML\s*=[^=]|insertAdjacentHTML|setHTML|document\.write")
    setters = {
        script.relative_to(root).as_posix()
        for script in scripts()
        if setting.search(script.read_text())
    }
    assert setters == {"core/rich.js"}
