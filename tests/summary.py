"""What a run tells beside pytest's own lines.

Tests add lines that are shown at the end. Where several processes share the tests (pytest-xdist),
each hands in its own. A test that fails is named at once, and a run that is told to end
(SIGTERM) still shows what failed so far, and which tests were running.
"""

import signal
from typing import Any, NoReturn

import pytest

SECTIONS = pytest.StashKey[dict[str, list[str]]]()
STOPPED = "running when it was stopped"


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


# --- Runs that do not come to their end --------------------------------------------------------


def controls(config: pytest.Config) -> bool:
    """Return whether this process shows the results."""
    return not hasattr(config, "workerinput")


class Told:
    """Names what fails at once, and what runs when the run is told to end."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.running: dict[str, None] = {}

    def stop(self, *_: object) -> NoReturn:
        # The whole group of processes may be told, so that it comes twice.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        section(self.config, STOPPED).extend(self.running)
        raise KeyboardInterrupt

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.running[nodeid] = None

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.running.pop(nodeid, None)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            shown: Any = self.config.pluginmanager.get_plugin("terminalreporter")
            shown.write_line(f"\nFAILED {report.nodeid}")
            if report.when not in {"setup", "call", "teardown"}:
                self.running.pop(report.nodeid, None)  # its process crashed


def pytest_configure(config: pytest.Config) -> None:
    if controls(config):
        told = Told(config)
        config.pluginmanager.register(told)
        signal.signal(signal.SIGTERM, told.stop)
