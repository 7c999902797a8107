"""Emptying the tables after a test that commits.

Django's `flush` truncates all of them, which makes each table and index anew, and then looks for
all permissions. Most are empty, and what `migrate` stores stays as it is.
"""

from functools import cache

from django.db import connection
from django.test import TransactionTestCase

from rooms.conf import group_of_lecturers

KEPT = {"django_migrations", "django_content_type", "auth_permission", "auth_group"}
_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


@cache
def _statements(database: str) -> str:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    quoted = [connection.ops.quote_name(name) for name in names if name not in KEPT]
    return "; ".join(
        [
            "BEGIN",
            # Without foreign keys, so in any order.
            "SET LOCAL session_replication_role = replica",
            *(f"DELETE FROM {name}" for name in quoted),
            # `migrate` makes this one.
            f"DELETE FROM auth_group WHERE name <> '{group_of_lecturers()}'",
            "COMMIT",
        ]
    )


def _empty(case: TransactionTestCase) -> None:
    if connection.vendor != "postgresql":
        _flush(case)
        return
    with connection.cursor() as cursor:
        cursor.execute(_statements(str(connection.settings_dict["NAME"])))


def use() -> None:
    """Empty tables in this way from here on."""
    TransactionTestCase._fixture_teardown = _empty  # type: ignore[attr-defined]
