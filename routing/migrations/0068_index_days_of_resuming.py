from django.db import migrations, models

from routing.kernel.migrating import AddIndexOnce


class Migration(migrations.Migration):
    atomic = False  # an index that is made beside running work needs no transaction

    dependencies = [
        ("routing", "0067_resume_on_a_day"),
    ]

    operations = [
        AddIndexOnce(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("resumes_date__isnull", False)),
                fields=["resumes_date"],
                name="workitem_resumes_idx",
            ),
        ),
    ]
