"""The static file storage of production."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from servestatic.compress import Compressor
from servestatic.storage import CompressedManifestStaticFilesStorage

ADDRESS = (
    r"""(?P<matched>new URL\("(?P<url>\.[^"]+)", import\.meta\.url\))""",
    """new URL("%(url)s", import.meta.url)""",
)


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashed, compressed files, in which scripts refer to the hashed names of others.

    They do so by imports between ES modules, and by `new URL("./...", import.meta.url)`.

    Workers serve these files while `collectstatic` writes them. So a file is replaced in one step,
    and not at all if it stays the same. Files of earlier versions stay for the pages that refer to
    them; `collectstatic --clear` removes them.
    """

    support_js_module_import_aggregation = True
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("*.js", (ADDRESS,)))
    _processing = False

    def post_process(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, str | None, Any]]:
        self._processing = True
        try:
            yield from super().post_process(*args, **kwargs)
        finally:
            self._processing = False

    def delete(self, name: str) -> None:
        # Django deletes each file just before it writes it again, and the manifest, too.
        if not self._processing:
            super().delete(name)

    def _save(self, name: str, content: Any) -> str:
        if not self._processing:
            return str(super()._save(name, content))
        file = Path(self.path(name))
        if not file.is_file() or file.read_bytes() != b"".join(content.chunks()):
            Path(self.path(super()._save(f"{name}.new", content))).replace(file)
        return name

    def create_compressor(self, **kwargs: Any) -> Compressor:
        return _Compressor(**kwargs)


class _Compressor(Compressor):
    """Compresses what changed since, and replaces files in one step."""

    def compress(self, path: str | os.PathLike[str]) -> list[str]:
        return [] if self._is_current(os.fspath(path)) else list(super().compress(path))

    @staticmethod
    def _is_current(path: str) -> bool:
        """Return whether gzip, which is the last, compressed the file as it is.

        A compressed file has the time of its source.
        """
        try:
            apart = Path(path).stat().st_mtime - Path(f"{path}.gz").stat().st_mtime
        except FileNotFoundError:
            return False
        return abs(apart) < 0.001

    @staticmethod
    def write_data(path: str, data: bytes, suffix: str, stat_result: os.stat_result) -> str:
        file = Path(f"{path}{suffix}")
        Path(Compressor.write_data(path, data, f"{suffix}.new", stat_result)).replace(file)
        return str(file)
