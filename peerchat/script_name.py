"""Serves a whole site below a path, such as https://www.example.edu/peer/."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[Any]]


class ScriptName:
    """Set the path of the application: FORCE_SCRIPT_NAME, or the server's `root_path`.

    Django follows FORCE_SCRIPT_NAME in its URLs, Channels only the `root_path` of the scope. So
    this sets the one to the other, for requests and sockets alike. A proxy that leaves the prefix
    in the path is the usual way. Where a path lacks the prefix, the proxy has taken it away, and
    this puts it back: the application always sees the path that the browser asked for.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> Any:
        root = (settings.FORCE_SCRIPT_NAME or scope.get("root_path") or "").rstrip("/")
        if root and "path" in scope:
            path: str = scope["path"]
            if path != root and not path.startswith(f"{root}/"):
                path = root + path
            scope = {**scope, "root_path": root, "path": path}
        return await self.app(scope, receive, send)
