from django.db import migrations, models
from django.db.migrations.operations.base import Operation

import routing.sla.calendars

COUNTRY = models.CharField(
    blank=True,
    default="",
    help_text="Country code, such as DE. Leave empty for none.",
    max_length=2,
    verbose_name="public holidays of",
)
DATES = models.JSONField(
    blank=True,
    default=dict,
    help_text=(
        "Dates with the hours that stay open, if any, and names: {“2026-12-24”: "
        "“09:00-13:00 Christmas Eve”}."
    ),
    validators=[routing.sla.calendars.validate_dates],
    verbose_name="other days off",
)
NATIONAL_ONLY = models.BooleanField(
    db_default=False,
    default=False,
    help_text="Leave out the days that only some regions have.",
    verbose_name="national days only",
)


def changes_of(model: str) -> list[Operation]:
    return [
        migrations.AlterField(model, "holiday_country", COUNTRY),
        migrations.AlterField(model, "extra_dates", DATES),
        migrations.AddField(model, "holiday_national_only", NATIONAL_ONLY),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0022_use_standard_terms"),
    ]

    operations = [*changes_of("calendar"), *changes_of("historicalcalendar")]
