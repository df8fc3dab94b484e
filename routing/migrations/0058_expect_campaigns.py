from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0057_list_value_streams"),
    ]

    operations = [
        migrations.AlterField(
            model_name="historicaloutcome",
            name="kind",
            field=models.CharField(
                choices=[
                    ("live", "Live as approved"),
                    ("handed_over", "Received by the client"),
                    ("launched", "Launched by hand"),
                    ("campaign", "Campaign live"),
                ],
                max_length=12,
                verbose_name="what",
            ),
        ),
        migrations.AlterField(
            model_name="outcome",
            name="kind",
            field=models.CharField(
                choices=[
                    ("live", "Live as approved"),
                    ("handed_over", "Received by the client"),
                    ("launched", "Launched by hand"),
                    ("campaign", "Campaign live"),
                ],
                max_length=12,
                verbose_name="what",
            ),
        ),
    ]
