from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0012_fold_search")]

    operations = [
        migrations.AddIndex(
            model_name="brief",
            index=models.Index(
                condition=models.Q(("state", "in_review")),
                fields=["item"],
                name="brief_in_review_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="deliverable",
            index=models.Index(
                condition=models.Q(("state", "in_qa")),
                fields=["item"],
                name="deliverable_in_qa_idx",
            ),
        ),
    ]
