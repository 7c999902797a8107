from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import accounts.models
from accounts.text import name_key


def give_keys(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give each username its key. Of several that look alike, the oldest gets it."""
    users = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    taken = set()
    for pk, username in users.order_by("pk").values_list("pk", "username"):
        key = name_key(username)[:450]
        if key not in taken:
            taken.add(key)
            users.filter(pk=pk).update(username_key=key)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_failedlogin")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="username_key",
            field=accounts.models.NameKey(editable=False, max_length=450, null=True, unique=True),
        ),
        migrations.RunPython(give_keys, migrations.RunPython.noop),
    ]
