from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rooms", "0004_fewer_indexes")]

    operations = [
        migrations.AddField(
            model_name="classsession",
            name="revision",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
    ]
