import io
from importlib import import_module
from pathlib import Path

from django.core.management import call_command
from django.db.migrations import AddField, CreateModel

import rooms.migrations


def test_models_and_migrations_agree(db):
    out = io.StringIO()
    try:
        call_command("makemigrations", "--check", "--dry-run", stdout=out)
    except SystemExit:
        raise AssertionError(out.getvalue()) from None


def test_the_user_is_ours_from_the_first_migration():
    first = import_module("accounts.migrations.0001_initial").Migration
    assert [operation.name for operation in first.operations][:2] == ["User", "Token"]


def test_workers_of_before_can_go_on_beside_a_new_column():
    """They write rows without it: it is null, or the database has a value for it."""
    folder = Path(rooms.migrations.__file__).parent
    for name in sorted(path.stem for path in folder.glob("0*.py")):
        operations = import_module(f"rooms.migrations.{name}").Migration.operations
        made = {one.name.lower() for one in operations if isinstance(one, CreateModel)}
        for one in operations:
            if isinstance(one, AddField) and one.model_name.lower() not in made:
                told = f"{name}: {one.model_name}.{one.name}"
                assert one.field.null or one.field.has_db_default(), told
