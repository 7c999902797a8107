"""Requests of the client to the HTTP API."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from peerchat.client.reconnecting import Body, Denied, Unreachable

ANSWER_WITHIN = 15.0
"""Seconds an HTTP request may take."""


def checked(url: str) -> str:
    """Return the address of a site without a slash at its end. Raises ValueError for another."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"the URL must look like https://peer.example.edu, not {url!r}")
    return url.rstrip("/")


async def ask(method: str, url: str, body: Body | None = None, *, token: str = "") -> Any:
    """Return the body of the answer, None for one without. Raises Denied or Unreachable."""
    return await asyncio.to_thread(_ask, method, url, body, token)


def _ask(method: str, url: str, body: Body | None, token: str) -> Any:
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 the scheme was checked by the caller
        url, data, headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_WITHIN) as answer:  # noqa: S310
            return None if answer.status == 204 else json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            try:
                text = str(json.load(error)["error_message"])
            except (ValueError, KeyError, TypeError):
                text = f"The site answered with HTTP {error.code}."
        if error.code in (400, 401, 403, 404, 429):
            raise Denied(text) from None
        raise Unreachable(text) from None
    except OSError as error:
        raise Unreachable(f"Cannot reach the site: {error}.") from None
