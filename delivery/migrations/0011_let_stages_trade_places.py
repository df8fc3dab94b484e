from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0010_use_standard_terms"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="approvalstage", name="stage_position_once"),
        migrations.AddConstraint(
            model_name="approvalstage",
            constraint=models.UniqueConstraint(
                deferrable=models.Deferrable.IMMEDIATE,
                fields=("flow_version", "position"),
                name="stage_position_once",
            ),
        ),
    ]
