"""The middleware for static files, across versions of the site."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware

# One thread, so that requests for files that do not exist take it from nobody but each other.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="static")


class StaticFiles(ServeStaticMiddleware):
    """ServeStatic's middleware, which also serves the hashed files of other versions of the site.

    While `serve` replaces its workers, pages of the old and of the new version request their files
    from any worker, and a worker knows only the manifest that it started with. So it looks for a
    name with a hash in STATIC_ROOT. It remembers what it finds: at most the files that are there.
    """

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        url = request.path_info
        if self.use_manifest and url not in self.files and self._has_hash(url):
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(_thread, self.find_file, url)
            if found is not None:
                self.files[url] = found
        response: HttpResponseBase = await super().__call__(request)
        return response

    def _has_hash(self, url: str) -> bool:
        test = self.DEFAULT_IMMUTABLE_FILE_TEST
        return url.startswith(self.static_prefix) and test.match(url) is not None
