"""Cases of one test that share a course, sockets and rows, as those take longer than a case."""

import contextlib
from collections.abc import Iterator

from django.db import transaction


@contextlib.contextmanager
def case(*names: object) -> Iterator[None]:
    """Name the case in the report of whatever fails in it."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in the case {', '.join(map(str, names))}")
        raise


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Take back what a case changes in the database, so that the next begins as it did."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
