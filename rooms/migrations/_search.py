"""The indexes of the search, which Django has no words for."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Expressions that the search must repeat word for word: rooms/queries/search.py. The second has the
# characters of the few messages in scripts without spaces; pg_trgm would find nothing of a word of
# two.
INDEXES = {
    "peerchat_rooms_message_search": (
        "USING gin (to_tsvector('simple', text)) WHERE removed_at IS NULL"
    ),
    "peerchat_rooms_message_characters": (
        "USING gin (string_to_array(text, NULL)) WHERE removed_at IS NULL AND text ~ '"
        "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf"
        "\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
        "\ua9e0-\ua9ff\uaa60-\uaadf\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]'"
    ),
}


def create(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """SQLite, which serves one process, searches without an index."""
    if schema_editor.connection.vendor == "postgresql":
        for name, definition in INDEXES.items():
            schema_editor.execute(f"CREATE INDEX {name} ON peerchat_rooms_message {definition}")


def drop(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX {name}")
