"""Reads long tables in batches, without a cursor that stays open between them."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

AT_ONCE = 1000
"""Rows that are read at once."""

Batch = list[tuple[Any, ...]]


def pages(found: QuerySet[Any], *fields: str) -> Iterator[Batch]:
    """Return the ids and these fields of all rows, in the order of the ids."""
    last = None
    while page := list(after(found, last).values_list("pk", *fields)[:AT_ONCE]):
        yield page
        if len(page) < AT_ONCE:
            return
        last = page[-1][0]


def objects(found: QuerySet[Any], at_once: int) -> Iterator[list[Any]]:
    """Return all objects, so many at once, in the order of their ids."""
    last = None
    while page := list(after(found, last)[:at_once]):
        yield page
        if len(page) < at_once:
            return
        last = page[-1].pk


def after(found: QuerySet[Any], last: Any) -> QuerySet[Any]:
    """Return the rows with greater ids than the last one, or all, in the order of the ids."""
    return (found if last is None else found.filter(pk__gt=last)).order_by("pk")
