from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0002_add_outbound")]

    operations = [
        migrations.AddField("connection", "call_s", models.FloatField(editable=False, null=True)),
    ]
