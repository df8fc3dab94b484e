from django.db import migrations, models

from routing.kernel.migrating import AddIndexOnce


class Migration(migrations.Migration):
    atomic = False  # an index that is made beside running work needs no transaction

    dependencies = [
        ("delivery", "0019_add_form_drafts"),
    ]

    operations = [
        AddIndexOnce(
            model_name="answer",
            index=models.Index(
                fields=["evidence"],
                condition=models.Q(evidence__isnull=False),
                name="answer_evidence_idx",
            ),
        ),
    ]
