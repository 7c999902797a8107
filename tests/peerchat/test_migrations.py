import io
from importlib import import_module

from django.core.management import call_command


def test_models_and_migrations_agree(db):
    out = io.StringIO()
    try:
        call_command("makemigrations", "--check", "--dry-run", stdout=out)
    except SystemExit:
        raise AssertionError(out.getvalue()) from None


def test_the_user_is_ours_from_the_first_migration():
    first = import_module("accounts.migrations.0001_initial").Migration
    assert [operation.name for operation in first.operations][:2] == ["User", "Token"]
