"""Tells failures of the database itself from faults of the code, and counts them."""

import logging
import time

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections

from accounts import metrics

ERRORS = (OperationalError, InterfaceError)

# Classes of SQLSTATE: no connection, no resources, intervention of the operator.
_STATES = {"08", "53", "57"}
_SQLITE_BUSY, _SQLITE_CANTOPEN = 5, 14

# States in which the connection has ended: 57P01 and 57P02 as the server stops.
_ENDED = {"08003", "08006", "57P01", "57P02"}

AT_MOST_EVERY = 1.0
"""Seconds between two replacements of all connections."""

_replaced = -AT_MOST_EVERY


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
    """Count a failure of the database, log it in one line, and replace connections lost with it."""
    count(error)
    logger.warning("the database is unavailable: %s", in_one_line(error))


def count(error: BaseException | None) -> None:
    """Count a failure of the database, and replace the connections that were lost with it.

    When the database restarts, all connections of the pool are lost at once. Each would otherwise
    fail whoever gets it next.
    """
    global _replaced
    metrics.DATABASE_ERRORS.inc()
    pool = getattr(connections[DEFAULT_DB_ALIAS], "pool", None)
    if (
        pool is not None
        and _lost_connection(error)
        and time.monotonic() > _replaced + AT_MOST_EVERY
    ):
        _replaced = time.monotonic()
        # It asks none of them whether it is lost, so none can keep it waiting.
        pool.drain()


def _lost_connection(error: BaseException | None) -> bool:
    """Return whether a connection was lost, and not only refused, or a statement on it."""
    cause = error.__cause__ if isinstance(error, ERRORS) else None
    state = getattr(cause, "sqlstate", "")
    # The client sets no state where the connection broke off, nor where the pool had none in time.
    return type(cause).__name__ != "PoolTimeout" if state is None else state in _ENDED


def in_one_line(error: BaseException) -> str:
    """Return the text of the error, which may have several lines."""
    return " ".join(f"{error}".split()) or type(error).__name__
