from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0024_settle_notifications"),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="language",
            field=models.CharField(
                choices=[("en", "English"), ("de", "German")],
                db_default="en",
                default="en",
                help_text="E-mails to this contact are in this language.",
                max_length=8,
                verbose_name="language",
            ),
        ),
    ]
