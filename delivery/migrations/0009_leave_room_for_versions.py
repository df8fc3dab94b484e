from django.db import migrations


class Migration(migrations.Migration):
    """As routing.0021 says."""

    dependencies = [
        ("delivery", "0008_add_change_requests"),
    ]

    operations = [
        migrations.RunSQL(
            [
                f"ALTER TABLE delivery_{table} SET (fillfactor = 60)"
                for table in ("request", "brief", "deliverable")
            ],
            [
                f"ALTER TABLE delivery_{table} RESET (fillfactor)"
                for table in ("request", "brief", "deliverable")
            ],
        ),
    ]
