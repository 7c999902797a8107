from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# An expression that the search must repeat word for word: rooms/queries/search.py.
CREATE = (
    "CREATE INDEX rooms_message_search ON rooms_message"
    " USING gin (to_tsvector('simple', text)) WHERE removed_at IS NULL"
)


def create(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """SQLite, which serves one process, searches without an index."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE)


def drop(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX rooms_message_search")


class Migration(migrations.Migration):
    dependencies = [("rooms", "0002_moderation")]

    operations = [migrations.RunPython(create, drop)]
