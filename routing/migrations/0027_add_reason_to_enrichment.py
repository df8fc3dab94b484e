from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0026_let_rows_trade_places"),
    ]

    operations = [
        migrations.AddField(
            model_name="enrichment",
            name="reason",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=500, verbose_name="reason"
            ),
        ),
    ]
