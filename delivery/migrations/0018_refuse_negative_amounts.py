from django.core.validators import MinValueValidator
from django.db import migrations, models


def not_negative(model: str, name: str, digits: int) -> migrations.AlterField:
    field = models.DecimalField(
        blank=True,
        decimal_places=2,
        max_digits=digits,
        null=True,
        validators=[MinValueValidator(0)],
        verbose_name=name,
    )
    return migrations.AlterField(model_name=model, name=name, field=field)


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0017_drop_index_of_questions"),
    ]

    operations = [
        not_negative("engagement", "amount", 14),
        not_negative("engagement", "hours", 8),
        not_negative("historicalengagement", "amount", 14),
        not_negative("historicalengagement", "hours", 8),
    ]
