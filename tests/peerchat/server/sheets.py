"""A style sheet of which two versions are served."""

import asyncio
import json
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management import call_command

from tests.pace import patient
from tests.running import Site


class Sheet:
    """The style sheet of a site of its own, and the requests for its versions."""

    def __init__(self, folder: Path, settings: Any) -> None:
        self._source = folder / "source"
        self._source.mkdir()
        self._root = folder / "static"
        self.urls: dict[str, str] = {}
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        settings.STATIC_ROOT = str(self._root)
        settings.STATICFILES_DIRS = [str(self._source)]
        settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]

    def collect(self, text: str) -> None:
        (self._source / "own.css").write_text(text)
        call_command("collectstatic", interactive=False, verbosity=0)
        manifest = json.loads((self._root / "staticfiles.json").read_text())
        self.urls[manifest["paths"]["own.css"]] = text

    async def request(self, site: Site, over: asyncio.Event) -> None:
        """Request all versions again and again, as pages of any age do."""

        def ask(name: str, text: str) -> None:
            try:
                with urllib.request.urlopen(f"{site.url}static/{name}", timeout=patient(20)) as got:
                    if got.read().decode() != text:
                        self.wrong.append(f"{name}: another text")
            except OSError as error:
                self.wrong.append(f"{name}: {error}")
            self.answers[name] += 1

        while not over.is_set():
            for name, text in list(self.urls.items()):
                await asyncio.to_thread(ask, name, text)
