"""Django's handler for ASGI, whose middlewares and views share a call of a thread."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import connection, connections
from django.http import HttpResponse
from django.utils.decorators import async_only_middleware

from peerchat.handler import KEPT, Handler
from tests.pace import patient
from tests.running import until

ran: list[tuple[str, int]] = []
"""The steps of middlewares that ran, and in which thread."""


class Noting:
    """A middleware that works in threads only."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        ran.append(("request", threading.get_ident()))
        response = self.get_response(request)
        ran.append(("response", threading.get_ident()))
        return response


@async_only_middleware
def on_the_loop(get_response):
    async def middleware(request):
        ran.append(("loop", threading.get_ident()))
        return await get_response(request)

    return middleware


holds, held = threading.Event(), threading.Event()
used: list[Any] = []
"""The connections to the database of the requests that wait."""


def hangs(get_response):
    """Let requests with a query wait, as for a database that does not answer."""

    def middleware(request):
        if request.GET:
            connection.ensure_connection()
            used.append(connections[connection.alias])
            held.set()
            holds.wait()
            return HttpResponse("too late")
        return get_response(request)

    return middleware


def breaks(get_response):
    def middleware(request):
        raise RuntimeError("A middleware is broken.")

    return middleware


def answers(get_response):
    return lambda request: HttpResponse("at once")


def request_of(path: str, handler: Handler, query: bytes = b"") -> ApplicationCommunicator:
    """Return a request of a client that has not been sent."""
    return ApplicationCommunicator(
        handler,
        {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query,
            "root_path": "",
            "headers": [(b"host", b"testserver")],
            "server": ("testserver", 80),
        },
    )


async def get(path: str, handler: Handler | None = None) -> tuple[int, bytes]:
    """Return the status and the body of an answer of the site."""
    asked = request_of(path, handler or Handler())
    await asked.send_input({"type": "http.request", "body": b"", "more_body": False})
    start: dict[str, Any] = await asked.receive_output(patient(10))
    body = b""
    more = True
    while more:
        part: dict[str, Any] = await asked.receive_output(patient(10))
        body += part.get("body", b"")
        more = part.get("more_body", False)
    await asked.wait(patient(10))
    return start["status"], body


@pytest.fixture(autouse=True)
def nothing_ran():
    ran.clear()


@pytest.mark.django_db(transaction=True)
async def test_a_request_changes_threads_a_few_times_only(monkeypatch):
    calls = []
    submit = ThreadPoolExecutor.submit

    def counted(*arguments, **options):
        calls.append(arguments[1])
        return submit(*arguments, **options)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", counted)
    status, body = await get("/accounts/login/")
    assert (status, b"csrfmiddlewaretoken" in body) == (200, True)
    # The start and the end of a request, and all the rest.
    assert len(calls) <= 3


async def test_threads_serve_one_request_after_another(settings, monkeypatch):
    settings.MIDDLEWARE = [f"{__name__}.Noting"]
    handler = Handler()
    assert (await get("/healthz", handler))[0] == 200
    started = []
    start = threading.Thread.start

    def counted(thread):
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", counted)
    for _ in range(3):
        assert (await get("/healthz", handler))[0] == 200
    assert started == []
    # Those that are served at the same time have a thread each, and wait for nobody.
    ran.clear()
    answered = await asyncio.gather(*(get("/healthz", handler) for _ in range(KEPT + 5)))
    assert {status for status, _ in answered} == {200}
    assert len({thread for _, thread in ran}) == KEPT + 5
    until(lambda: sum(thread.is_alive() for thread in started) <= KEPT)


# Django does not close the body of a request that is cancelled.
@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
async def test_nobody_waits_for_a_request_that_hangs_and_was_given_up(settings):
    settings.MIDDLEWARE = [f"{__name__}.hangs"]
    handler = Handler()
    assert (await get("/healthz", handler))[0] == 200
    asked = request_of("/healthz", handler, b"hang")
    await asked.send_input({"type": "http.request", "body": b"", "more_body": False})
    try:
        assert await asyncio.to_thread(held.wait, patient(10))
        # As daphne does some seconds after the client has gone.
        asked.future.cancel()
        with suppress(asyncio.CancelledError):
            await asked.future
        assert (await get("/healthz", handler))[0] == 200
    finally:
        holds.set()
    if connection.vendor == "postgresql":
        # Once the database answers, the connection goes back to the pool.
        until(lambda: used[0].connection is None)


async def test_files_and_pages_are_for_https_where_the_site_is(settings):
    paths = (staticfiles_storage.url("peerchat/core/page.js"), "/accounts/login/")
    settings.SECURE_SSL_REDIRECT = True
    for path in paths:
        assert (await get(path))[0] == 301
    settings.SECURE_SSL_REDIRECT = False
    assert (await get(paths[0]))[0] == 200


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (["Noting", "Noting"], ["request", "request", "response", "response"]),
        (["on_the_loop", "Noting"], ["loop", "request", "response"]),
        (
            ["Noting", "on_the_loop", "Noting"],
            ["request", "loop", "request", "response", "response"],
        ),
        (["on_the_loop"], ["loop"]),
    ],
)
async def test_middlewares_of_both_kinds_in_any_order(settings, order, expected):
    settings.MIDDLEWARE = [f"{__name__}.{name}" for name in order]
    status, _ = await get("/healthz")
    assert status == 200
    assert [name for name, _ in ran] == expected
    here = threading.get_ident()
    assert {name for name, thread in ran if thread == here} == {"loop"} & {*expected}
    assert len({thread for _, thread in ran if thread != here}) <= 1


async def test_a_middleware_that_breaks_or_answers(settings, caplog):
    settings.MIDDLEWARE = [f"{__name__}.on_the_loop", f"{__name__}.breaks"]
    assert (await get("/healthz"))[0] == 500
    assert "A middleware is broken." in caplog.text
    settings.MIDDLEWARE = [f"{__name__}.answers", f"{__name__}.breaks"]
    assert await get("/healthz") == (200, b"at once")


async def test_views_on_the_event_loop_run_side_by_side():
    answered = await asyncio.gather(*(get("/healthz") for _ in range(5)))
    assert {status for status, _ in answered} == {200}
