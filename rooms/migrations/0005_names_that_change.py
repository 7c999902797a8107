from collections.abc import Iterator
from typing import Any

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import CharField, OuterRef, Q, Subquery, TextField
from django.db.models.functions import Cast

from accounts import people

ROWS = 2000
"""Rows whose acts are read at a time."""


def find_objects(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Find the objects that the rows of the use log name, if these still have their names."""
    alias = schema_editor.connection.alias
    rows = apps.get_model("peerchat_rooms", "UseLog").objects.using(alias)
    courses = apps.get_model("peerchat_rooms", "Course").objects.using(alias)
    questions = apps.get_model("peerchat_rooms", "Question").objects.using(alias)
    users = apps.get_model(settings.AUTH_USER_MODEL)._base_manager.using(alias)
    name = people.by_name()
    if isinstance(users.model._meta.get_field(name), (CharField, TextField)):
        bearers = users.filter(**{name: OuterRef("sid")})
    else:
        bearers = users.annotate(as_text=Cast(name, TextField())).filter(as_text=OuterRef("sid"))
    asked = questions.filter(course__slug=OuterRef("course_id"), slug=OuterRef("div_id"))
    rows.update(
        in_course=Subquery(courses.filter(slug=OuterRef("course_id")).values("pk")[:1]),
        question=Subquery(asked.values("pk")[:1]),
        user=Subquery(bearers.values("pk")[:1]),
    )
    keys = {str(text): people.as_plain(key) for text, key in users.values_list(name, "pk")}
    for batch in _naming(rows):
        for row in batch:
            row.named = [keys.get(text) for text in _names(row.event, row.act)]
        rows.bulk_update(batch, ["named"])


def _naming(rows: Any) -> Iterator[list[Any]]:
    """Yield the rows with names in their acts."""
    naming = rows.filter(
        Q(event="peergroup")
        | Q(event="moderate", act__startswith="mute:")
        | Q(event="moderate", act__startswith="unmute:")
        | (Q(event="sendmessage") & ~Q(act__startswith="to:*:"))
    ).order_by("pk")
    last = 0
    while batch := list(naming.filter(pk__gt=last).only("event", "act")[:ROWS]):
        last = batch[-1].pk
        yield batch


def _names(event: str, act: str) -> list[str]:
    if event == "peergroup":
        return act.partition(":")[2].split(",")
    return act.split(":")[1:2]


class Migration(migrations.Migration):
    dependencies = [
        ("peerchat_rooms", "0004_question_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerSlug",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=60, unique=True)),
                ("left_at", models.DateTimeField()),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_slugs",
                        to="peerchat_rooms.course",
                    ),
                ),
            ],
            options={"ordering": ("course", "-left_at")},
        ),
        migrations.AddField(
            model_name="question",
            name="former_slugs",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                editable=False,
            ),
        ),
        migrations.RemoveIndex(model_name="uselog", name="peerchat_uselog_by_course"),
        *(
            migrations.AddField(
                model_name="uselog",
                name=name,
                field=models.ForeignKey(
                    blank=True,
                    db_constraint=False,
                    db_index=False,
                    null=True,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    related_name="+",
                    to=to,
                ),
            )
            for name, to in (
                ("in_course", "peerchat_rooms.course"),
                ("question", "peerchat_rooms.question"),
                ("user", settings.AUTH_USER_MODEL),
            )
        ),
        migrations.AddField(
            model_name="uselog",
            name="named",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.RunPython(find_objects, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="uselog",
            index=models.Index(fields=["in_course", "timestamp"], name="peerchat_uselog_in_course"),
        ),
        migrations.AddIndex(
            model_name="uselog",
            index=models.Index(
                condition=models.Q(("in_course", None)),
                fields=["course_id", "timestamp"],
                name="peerchat_uselog_by_slug",
            ),
        ),
    ]
