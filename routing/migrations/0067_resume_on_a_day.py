from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0066_change_promises"),
    ]

    operations = [
        migrations.AddField(
            model_name=name,
            name="resumes_date",
            field=models.DateField(blank=True, null=True, verbose_name="resumes on"),
        )
        for name in ("historicalworkitem", "workitem")
    ]
