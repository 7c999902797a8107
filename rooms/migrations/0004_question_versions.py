from collections.abc import Iterator
from typing import Any

import django.db.models.deletion
from django.db import migrations, models

KINDS = [("single", "one choice")]


def keep_what_was_asked(apps: Any, schema_editor: Any) -> None:
    """Give each round the version of its question that the class was told when it was asked."""
    Round = apps.get_model("peerchat_rooms", "Round")
    courses = Round.objects.order_by().values_list("question__course", flat=True).distinct()
    for course in courses:
        rounds = list(
            Round.objects.filter(question__course=course, number=1)
            .select_related("question")
            .prefetch_related("question__choices")
            .order_by("opened_at", "pk")
        )
        told = dict(_told(apps, course, {round_.opened_at for round_ in rounds}))
        versions: dict[int, list[Any]] = {}
        for round_ in rounds:
            of_question = versions.setdefault(round_.question_id, [])
            version = _version(apps, round_, told.get(round_.opened_at), of_question)
            Round.objects.filter(models.Q(pk=round_.pk) | models.Q(first=round_.pk)).update(
                version=version
            )


def _told(apps: Any, course: int, times: set[Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield the fields that a course was told at these times."""
    Message = apps.get_model("peerchat_rooms", "Message")
    controls = Message.objects.filter(
        room__course=course, room__kind="course", kind="control", control__isnull=False
    )
    for at, control in controls.values_list("created_at", "control").iterator():
        if at in times:
            yield at, control


def _version(apps: Any, round_: Any, told: dict[str, Any] | None, known: list[Any]) -> Any:
    """Return the version with which a round was asked, and add it to those known if it is new.

    The class was not told the correct choice, so it is that of today.
    """
    question = round_.question
    choices = sorted(question.choices.all(), key=lambda choice: choice.letter)
    correct = {choice.letter for choice in choices if choice.is_correct}
    prompt, texts = question.prompt, [(choice.letter, choice.text) for choice in choices]
    body = (told or {}).get("question")
    if body and body["question"] == question.slug:
        prompt, texts = body["prompt"], [(one["choice"], one["text"]) for one in body["choices"]]
    content = [
        {"letter": letter, "text": text, "is_correct": letter in correct} for letter, text in texts
    ]
    for version in known:
        if (version.prompt, version.choices) == (prompt, content):
            return version
    version = apps.get_model("peerchat_rooms", "QuestionVersion").objects.create(
        question=question,
        number=len(known) + 1,
        prompt=prompt,
        kind=question.kind,
        choices=content,
        created_at=round_.opened_at,
    )
    known.append(version)
    return version


class Migration(migrations.Migration):
    dependencies = [("peerchat_rooms", "0003_drafts")]

    operations = [
        migrations.CreateModel(
            name="QuestionVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("prompt", models.TextField()),
                ("kind", models.CharField(choices=KINDS, max_length=8)),
                ("choices", models.JSONField()),
                ("created_at", models.DateTimeField()),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="peerchat_rooms.question",
                    ),
                ),
            ],
            options={
                "ordering": ("question", "number"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("question", "number"), name="peerchat_question_version_once"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="round",
            name="version",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rounds",
                to="peerchat_rooms.questionversion",
            ),
        ),
        migrations.RunPython(keep_what_was_asked, migrations.RunPython.noop),
    ]
