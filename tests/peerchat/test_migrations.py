import io
import os
import subprocess
import sys
import uuid
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.core.management import call_command
from django.db.migrations import AddField, CreateModel

import rooms.migrations
from tests.running import environment, manage
from tests.servers import ROOT


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


SINGLY = """
import django
django.setup()
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

executor = MigrationExecutor(connection)
executor.loader.replace_migrations = False
executor.loader.build_graph()
executor.migrate([("peerchat_rooms", "0015_former_groups")])
"""
"""Runs the migrations one by one that the squashed one replaces."""
TABLES = """
SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default
FROM information_schema.columns WHERE table_name LIKE 'peerchat_rooms_%'
UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), 0, '', ''
FROM pg_constraint WHERE conrelid::regclass::text LIKE 'peerchat_rooms_%'
UNION ALL SELECT tablename, indexname, indexdef, 0, '', ''
FROM pg_indexes WHERE tablename LIKE 'peerchat_rooms_%'
"""


@pytest.mark.long
def test_a_new_database_has_the_tables_of_one_that_grew(django_db_setup):
    server = urlsplit(os.environ["DATABASE_URL"])
    tables = {}
    with psycopg.connect(urlunsplit(server._replace(path="/postgres")), autocommit=True) as admin:
        for name in ("grown", "new"):
            database = f"{name}_{uuid.uuid4().hex[:8]}"
            admin.execute(f"CREATE DATABASE {database}")
            try:
                url = urlunsplit(server._replace(path=f"/{database}"))
                env = environment(DATABASE_URL=url)
                if name == "grown":
                    subprocess.run([sys.executable, "-c", SINGLY], cwd=ROOT, env=env, check=True)
                done = manage("migrate", env=env)
                assert done.returncode == 0, done.stderr
                left = manage("showmigrations", "--plan", env=env)
                assert "[ ]" not in left.stdout
                with psycopg.connect(url) as connection:
                    tables[name] = sorted(map(str, connection.execute(TABLES).fetchall()))
            finally:
                admin.execute(f"DROP DATABASE {database} WITH (FORCE)")
    assert len(tables["new"]) > 500
    assert tables["new"] == tables["grown"]
