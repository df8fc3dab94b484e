from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0034_name_workers_of_reads"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImagePreview",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64, unique=True, verbose_name="SHA-256")),
                ("picture", models.BinaryField(null=True, verbose_name="picture")),
                (
                    "fault",
                    models.CharField(blank=True, default="", max_length=30, verbose_name="fault"),
                ),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(default=0, verbose_name="attempts"),
                ),
                ("due_at", models.DateTimeField(null=True, verbose_name="due")),
            ],
            options={
                "verbose_name": "image preview",
                "verbose_name_plural": "image previews",
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["due_at"],
                        name="image_preview_due_idx",
                    )
                ],
            },
        ),
    ]
