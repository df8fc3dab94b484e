from django.db import migrations


class Migration(migrations.Migration):
    """
    Leave room on each page for the next versions of its rows: a new state is no value of an index, so where it stays on its page
    PostgreSQL writes to no index at all (a heap-only tuple), and not its words again. Pages that are there stay as they are.
    """

    dependencies = [
        ("routing", "0020_add_unseen_since"),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE routing_workitem SET (fillfactor = 60)",
            "ALTER TABLE routing_workitem RESET (fillfactor)",
        ),
    ]
