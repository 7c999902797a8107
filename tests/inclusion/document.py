"""The snippets of docs/inclusion.md."""

import re

from tests.servers import ROOT

PAGE = (ROOT / "docs" / "inclusion.md").read_text()
SNIPPETS = re.findall(r"```(\w+)\n(.*?)```", PAGE, flags=re.DOTALL)
PYTHON = [text for kind, text in SNIPPETS if kind == "python"]
COMMANDS = [line for kind, text in SNIPPETS if kind == "sh" for line in text.splitlines()]
"""The lines for a shell, in their order."""
TAGS = next(text for kind, text in SNIPPETS if kind == "django")


def lines_for(name: str) -> str:
    """The snippet for a file of the site, which it names in its first line."""
    (found,) = (text for text in PYTHON if text.startswith(f"# {name}\n"))
    return found
