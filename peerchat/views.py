"""Endpoints for machines: liveness, readiness and metrics of a worker."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import outages
from peerchat import migrations_left
from rooms import metrics as figures

logger = logging.getLogger(__name__)

TIME_LIMIT = 3.0  # seconds for each part of /readyz

# A thread of its own, so that a hanging database blocks no thread of a request. A later check then
# waits behind it and fails by its time limit, as it should.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readyz")


@require_safe
@never_cache
async def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the event loop of this worker runs."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
async def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if the worker can do its work, else 503 with what fails.

    It needs a database with all migrations and a channel layer that respond in time.
    """
    database, layer = await asyncio.gather(
        *(asyncio.wait_for(check(), TIME_LIMIT) for check in (_database, _channel_layer)),
        return_exceptions=True,
    )
    body = {"database": "ok", "migrations": "ok", "channel_layer": "ok"}
    if isinstance(database, BaseException):
        outages.count(database)
        logger.warning("Not ready: the database %s.", _reason(database))
        body |= {"database": "failed", "migrations": "unknown"}
    elif database:
        logger.warning("Not ready: %s", migrations_left.advice(database))
        body["migrations"] = "missing"
    if isinstance(layer, BaseException):
        logger.warning("Not ready: the channel layer %s.", _reason(layer))
        body["channel_layer"] = "failed"
    ready = all(state == "ok" for state in body.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", **body}, status=200 if ready else 503
    )


@require_safe
@never_cache
async def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the figures of all workers for Prometheus, protected by METRICS_TOKEN if set."""
    token: str = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if token and not constant_time_compare(given, f"Bearer {token}"):
        return HttpResponse(
            "Reading the metrics requires the token of the site.\n",
            status=401,
            content_type="text/plain; charset=utf-8",
            headers={"WWW-Authenticate": "Bearer"},
        )
    text = await asyncio.to_thread(figures.figures)
    return HttpResponse(text, content_type=figures.CONTENT_TYPE)


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"did not respond within {TIME_LIMIT:g} s"
    return f"failed: {outages.in_one_line(error)}"


async def _database() -> list[str]:
    """Return the migrations that the database lacks."""
    return await asyncio.get_running_loop().run_in_executor(_thread, _missing)


def _missing() -> list[str]:
    try:
        return migrations_left.missing()
    finally:
        connection.close()  # with a pool: gives it back, where a broken one is found out


# Of each event loop (a process has one): the channel to which it sends a message to itself, and
# the probe that does so now, which all requests share.
_echoes: WeakKeyDictionary[asyncio.AbstractEventLoop, str] = WeakKeyDictionary()
_probes: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[None]] = WeakKeyDictionary()


async def _channel_layer() -> None:
    loop = asyncio.get_running_loop()
    probe = _probes.get(loop)
    if probe is None:
        probe = _probes[loop] = loop.create_task(_echo(loop))
        probe.add_done_callback(lambda _: _probes.pop(loop, None))
    await asyncio.shield(probe)


async def _echo(loop: asyncio.AbstractEventLoop) -> None:
    """Send and receive a message, since a worker that receives nothing can still send."""
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("no channel layer is configured")
    try:
        async with asyncio.timeout(TIME_LIMIT):
            if loop not in _echoes:
                _echoes[loop] = await layer.new_channel()
            await layer.send(_echoes[loop], {"type": "echo"})
            await layer.receive(_echoes[loop])
    except BaseException:
        _echoes.pop(loop, None)  # cancelled, a layer forgets the channel
        raise
