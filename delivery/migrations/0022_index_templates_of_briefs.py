from django.db import migrations, models

from routing.kernel.migrating import AddIndexOnce


class Migration(migrations.Migration):
    atomic = False  # an index that is made beside running work needs no transaction

    dependencies = [
        ("delivery", "0021_add_plan_templates"),
    ]

    operations = [
        AddIndexOnce(
            model_name="brief",
            index=models.Index(
                fields=["template"],
                condition=models.Q(template__isnull=False),
                name="brief_template_idx",
            ),
        ),
    ]
