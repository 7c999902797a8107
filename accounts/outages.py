"""Tells failures of the database itself from faults of the code, and counts them."""

import logging
import threading
from typing import Any

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections

from accounts import metrics

ERRORS = (OperationalError, InterfaceError)

# Classes of SQLSTATE: no connection, no resources, intervention of the operator.
_STATES = {"08", "53", "57"}
_SQLITE_BUSY, _SQLITE_CANTOPEN = 5, 14

_checking = threading.Lock()


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
    """Count a failure of the database, log it in one line, and have lost connections replaced."""
    count()
    logger.warning("the database is unavailable: %s", in_one_line(error))


def count() -> None:
    """Count a failure of the database, and have the connections replaced that were lost with it.

    When the database restarts, all connections of the pool are lost at once. Each would otherwise
    fail whoever gets it next.
    """
    metrics.DATABASE_ERRORS.inc()
    pool = getattr(connections[DEFAULT_DB_ALIAS], "pool", None)
    if pool is not None and _checking.acquire(blocking=False):
        threading.Thread(target=_check, args=(pool,), name="lost-connections", daemon=True).start()


def _check(pool: Any) -> None:
    try:
        pool.check()
    finally:
        _checking.release()


def in_one_line(error: BaseException) -> str:
    """Return the text of the error, which may have several lines."""
    return " ".join(f"{error}".split()) or type(error).__name__
