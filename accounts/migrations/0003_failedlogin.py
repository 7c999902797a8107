from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_usedlink"),
    ]

    operations = [
        migrations.CreateModel(
            name="FailedLogin",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("username", models.CharField(max_length=150)),
                (
                    "address",
                    models.GenericIPAddressField(
                        blank=True, help_text="Empty where the server does not know it.", null=True
                    ),
                ),
                (
                    "device",
                    models.CharField(
                        blank=True,
                        help_text="The id of a browser in which the user has logged in before.",
                        max_length=32,
                    ),
                ),
                ("times", models.PositiveIntegerField()),
                ("last_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "failed log-in",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("username", "address", "device"),
                        name="one_failed_login_per_source",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("address", None)),
                        fields=("username", "device"),
                        name="one_failed_login_without_address",
                    ),
                ],
            },
        ),
    ]
