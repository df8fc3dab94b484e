from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0033_add_proof_version"),
    ]

    operations = [
        migrations.AddField(
            model_name="runstep",
            name="worker",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="outcome",
            name="worker",
            field=models.UUIDField(null=True),
        ),
    ]
