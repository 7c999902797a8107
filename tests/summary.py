"""Lines of tests that are shown at the end of the run.

Where several processes share the tests (pytest-xdist), each hands in its own.
"""

from typing import Any

import pytest

SECTIONS = pytest.StashKey[dict[str, list[str]]]()


def section(config: pytest.Config, title: str) -> list[str]:
    """The lines under this title, to be added to."""
    return config.stash.setdefault(SECTIONS, {}).setdefault(title, [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["sections"] = session.config.stash.get(SECTIONS, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    for title, lines in (getattr(node, "workeroutput", None) or {}).get("sections", {}).items():
        section(node.config, title).extend(lines)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for title, lines in config.stash.get(SECTIONS, {}).items():
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.line(line)
