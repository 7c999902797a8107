"""The middleware for static files, across versions of the site."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware
from servestatic.middleware import ServeStaticMiddleware
from servestatic.responders import Redirect, StaticFile

KEPT_UP_TO = 100_000
"""Bytes of a file that a worker keeps in memory once it was requested."""

# One thread, so that requests for files that do not exist take it from nobody but each other.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="static")


class StaticFiles(ServeStaticMiddleware):
    """ServeStatic's middleware, which looks at a file when it is requested for the first time.

    To look at all of them takes an eighth of a worker's start. It also serves the hashed files of
    other versions of the site: while `serve` replaces its workers, pages of the old and of the new
    version request their files from any worker, and a worker knows only the manifest that it
    started with. So it looks for a name with a hash in STATIC_ROOT, whatever its manifest says. It
    remembers what it finds: at most the files that are there.

    A page loads a hundred small modules. ServeStatic reads each in a thread, eight kilobytes at a
    time, which takes five times as long as the rest of the request.

    It stands before Django's SecurityMiddleware, and does the same for the files itself. Around
    this one, which works on the event loop, that would change threads twice for each request.
    """

    _named: frozenset[str] = frozenset()
    """The URLs of the files in the manifest."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._kept: dict[str, bytes] = {}
        """The contents of small files, by path. A file with a hash in its name never changes."""
        super().__init__(*arguments, **options)
        self._security = SecurityMiddleware(self.get_response)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        url = request.path_info
        if self.use_manifest and url not in self.files and self._may_exist(url):
            found = await _in_thread(self.find_file, url)
            if found is not None:
                self.files[url] = found
        response: HttpResponseBase = await super().__call__(request)
        return response

    async def aserve(
        self, static_file: StaticFile | Redirect, request: HttpRequest
    ) -> HttpResponseBase:
        response: Any = self._security.process_request(request)
        if response is None:
            response = await self._file(static_file, request)
        return self._security.process_response(request, response)

    async def _file(
        self, static_file: StaticFile | Redirect, request: HttpRequest
    ) -> HttpResponseBase:
        if (
            isinstance(static_file, StaticFile)
            and self._has_hash(request.path_info)
            and self._wants_all(static_file, request)
        ):
            path, headers = static_file.get_path_and_headers(request.META)
            content = self._kept.get(path)
            if content is None and int(dict(headers)["Content-Length"]) <= KEPT_UP_TO:
                content = self._kept[path] = await _in_thread(Path(path).read_bytes)
            if content is not None:
                return HttpResponse(content, headers=dict(headers))
        response: HttpResponseBase = await super().aserve(static_file, request)
        return response

    def add_files_from_manifest(self) -> None:
        storage: Any = staticfiles_storage
        names = storage.hashed_files
        self._named = frozenset(f"{self.static_prefix}{name}" for name in (*names, *names.values()))

    def _may_exist(self, url: str) -> bool:
        return url in self._named or self._has_hash(url)

    def _has_hash(self, url: str) -> bool:
        test = self.DEFAULT_IMMUTABLE_FILE_TEST
        return url.startswith(self.static_prefix) and test.match(url) is not None

    def _wants_all(self, static_file: StaticFile, request: HttpRequest) -> bool:
        return (
            self.use_manifest
            and request.method == "GET"
            and "HTTP_RANGE" not in request.META
            and not static_file.is_not_modified(request.META)
        )


async def _in_thread(function: Any, *arguments: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(_thread, function, *arguments)
