from django.db import migrations, models

REASONS = [
    ("missing_fields", "Required information missing"),
    ("missing_context", "Client unclear"),
    ("duplicate", "Several clients match"),
    ("failed_connector", "Credentials refused"),
    ("conflicting_duplicate", "Conflicting duplicate event"),
    ("no_rule", "No routing rule matches"),
    ("nobody_available", "Nobody available"),
    ("failed_step", "Step keeps failing"),
    ("rounds_exceeded", "Change rounds exceeded"),
    ("rejected", "Deliverable rejected"),
    ("outcome_missing", "Published page not visible"),
    ("outcome_decayed", "Proof no longer holds"),
    ("no_answer", "No answer in time"),
    ("approvers_missing", "Too few approvers left"),
    ("connection_failing", "Connection keeps failing"),
    ("failed_delivery", "Delivery to external system failed"),
    ("unreadable", "Received data cannot be read"),
    ("form_changed", "Form sends other fields"),
    ("remote_conflict", "Changed or removed in external system"),
    ("security_alarm", "Security alarm"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0039_add_security_events"),
    ]

    operations = [
        migrations.AlterField(
            model_name="exceptioncase",
            name="reason",
            field=models.CharField(
                choices=REASONS,
                max_length=40,
                verbose_name="reason",
            ),
        ),
        migrations.AlterField(
            model_name="exceptionroute",
            name="reason",
            field=models.CharField(
                choices=REASONS,
                max_length=40,
                unique=True,
                verbose_name="reason",
            ),
        ),
        migrations.AlterField(
            model_name="historicalexceptioncase",
            name="reason",
            field=models.CharField(
                choices=REASONS,
                max_length=40,
                verbose_name="reason",
            ),
        ),
        migrations.AlterField(
            model_name="historicalexceptionroute",
            name="reason",
            field=models.CharField(
                choices=REASONS,
                max_length=40,
                verbose_name="reason",
            ),
        ),
    ]
