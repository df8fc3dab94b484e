from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0008_add_discrepancies"),
    ]

    operations = [
        migrations.AddField(
            model_name="inbound",
            name="settled_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="settled"),
        ),
    ]
