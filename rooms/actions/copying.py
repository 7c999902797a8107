"""Inserts many rows at once."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

FEW = 100
"""Rows that are worth no COPY."""


def insert(model: type[Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows in the current transaction, each with a value for each of the names.

    The names are those of attributes, such as `user_id`. All rows have the same defaults in the
    other columns, so a key that is made in Python has to be among the names. On PostgreSQL this is
    a COPY, which takes less CPU than `bulk_create`, as no object is made of a row.
    """
    given = list(rows)
    if connection.vendor != "postgresql" or len(given) < FEW:
        model._default_manager.bulk_create(
            model(**dict(zip(names, row, strict=True))) for row in given
        )
        return
    fields = {field.attname: field for field in model._meta.concrete_fields}
    blank = model()
    others = {
        name: field.get_db_prep_save(field.pre_save(blank, add=True), connection)
        for name, field in fields.items()
        if name not in names and not field.primary_key
    }
    columns = ", ".join(
        connection.ops.quote_name(fields[name].column or name) for name in (*names, *others)
    )
    table = connection.ops.quote_name(model._meta.db_table)
    prepares = [fields[name].get_db_prep_save for name in names]
    same = tuple(others.values())
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for row in given:
            values = (
                prepare(value, connection) for prepare, value in zip(prepares, row, strict=True)
            )
            copy.write_row((*values, *same))
