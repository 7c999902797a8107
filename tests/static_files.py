"""The middleware for static files, which looks for them once in each process.

Django's test client builds its middleware anew for each client, and ServeStatic looks at some
360 files while it is built: a third of a second, most of the time of many tests.
"""

from typing import ClassVar

from peerchat import static_files


class StaticFiles(static_files.StaticFiles):
    """The site's own, with the files of the manifest read once for each folder and prefix."""

    _known: ClassVar[dict[tuple[str, str], dict[str, object]]] = {}

    def add_files_from_manifest(self) -> None:
        place = (str(self.static_root), self.static_prefix)
        if place not in self._known:
            super().add_files_from_manifest()
            self._known[place] = dict(self.files)
        self.files.update(self._known[place])
