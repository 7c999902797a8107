"""A database or a Redis that does not answer: a line in the log, and a page that says so."""

import logging
import sys

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults

from accounts.outages import count, in_one_line, is_outage

RETRY_AFTER = 5
"""Seconds until a browser tries again."""


class OneLine(logging.Filter):
    """Replaces the traceback of an outage by its reason.

    Whatever asks during an outage fails, at the same places and for the same reason.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        while error is not None and not (is_outage(error) or _is_of_redis(error)):
            error = error.__cause__ or error.__context__
        if error is not None:
            record.msg = f"{record.getMessage()}: {in_one_line(error)}"
            record.args = None
            record.exc_info = record.exc_text = None
        return True


def _is_of_redis(error: BaseException) -> bool:
    # A process that has not loaded the client has no error of it.
    known = sys.modules.get("redis.exceptions")
    return known is not None and isinstance(error, known.ConnectionError | known.TimeoutError)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a page that failed, with 503 if the database did."""
    error = sys.exc_info()[1]
    if not is_outage(error):
        return defaults.server_error(request)
    count(error)
    return HttpResponse(
        loader.get_template("503.html").render(),
        status=503,
        headers={"Retry-After": str(RETRY_AFTER)},
    )
