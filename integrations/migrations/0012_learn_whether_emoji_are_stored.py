from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0011_add_token_origin"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="stores_emoji",
            field=models.BooleanField(editable=False, null=True, verbose_name="stores emoji"),
        ),
        migrations.AddField(
            model_name="connection",
            name="emoji_asked_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
