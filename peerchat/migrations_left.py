"""Tells which migrations the database lacks."""

import pkgutil
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader

TABLE = "django_migrations"


def missing(database: Any = connection) -> list[str]:
    """Return the names of the migrations that `migrate` has not applied.

    It compares the names of the files with those in the database. So it loads no migration, which
    would take a large part of a worker's start.
    """
    with database.cursor() as cursor:
        applied = set()
        if TABLE in database.introspection.table_names(cursor):
            cursor.execute(f"SELECT app, name FROM {TABLE}")  # noqa: S608 - a constant
            applied = set(cursor.fetchall())
    return [
        f"{app.label}.{module.name}"
        for app in apps.get_app_configs()
        for module in pkgutil.iter_modules(_folders(app.label))
        if not module.ispkg
        and not module.name.startswith(("_", "~"))
        and (app.label, module.name) not in applied
    ]


def _folders(label: str) -> Sequence[str]:
    name, _ = MigrationLoader.migrations_module(label)
    spec = find_spec(name) if name else None
    return spec.submodule_search_locations or () if spec else ()


def missing_at_start() -> list[str]:
    """Return the same over a connection without a pool, which would go on trying by itself."""
    database: Any = connection.copy()
    database.settings_dict["OPTIONS"].pop("pool", None)
    try:
        return missing(database)
    finally:
        database.close()


def advice(names: list[str]) -> str:
    """Return a sentence on what is missing and what to do."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"The database lacks the migration {names[0]}{more}: run manage.py migrate."
