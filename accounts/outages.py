"""Tells failures of the database itself from faults of the code, and counts them."""

import logging

from django.db import InterfaceError, OperationalError

from accounts import metrics

ERRORS = (OperationalError, InterfaceError)

# Classes of SQLSTATE: no connection, no resources, intervention of the operator.
_STATES = {"08", "53", "57"}
_SQLITE_BUSY, _SQLITE_CANTOPEN = 5, 14


def is_outage(error: BaseException | None) -> bool:
    """Return whether the error says that the database cannot be used now."""
    if not isinstance(error, ERRORS):
        return False
    cause = error.__cause__
    if (code := getattr(cause, "sqlite_errorcode", None)) is not None:
        return code & 0xFF in {_SQLITE_BUSY, _SQLITE_CANTOPEN}
    # The client sets no state where it got no connection.
    state = getattr(cause, "sqlstate", None)
    return state is None or state[:2] in _STATES


def note(error: BaseException, logger: logging.Logger) -> None:
    """Count a failure of the database, and log it in one line."""
    metrics.DATABASE_ERRORS.inc()
    logger.warning("the database is unavailable: %s", in_one_line(error))


def in_one_line(error: BaseException) -> str:
    """Return the text of the error, which may have several lines."""
    return " ".join(f"{error}".split()) or type(error).__name__
