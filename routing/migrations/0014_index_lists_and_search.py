"""Lists in the order of what is due, also far down, and search for any part of a reference or a title."""

from datetime import UTC, datetime

import django.db.models.deletion
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently, TrigramExtension
from django.db import migrations, models
from django.db.models.functions import Coalesce, Upper

SOONEST = Coalesce(
    "next_due_at",
    models.Value(datetime(9999, 12, 31, tzinfo=UTC)),
    output_field=models.DateTimeField(),
)


class Migration(migrations.Migration):
    atomic = False  # the indexes are made while work goes on

    dependencies = [("routing", "0013_add_visits")]

    operations = [
        TrigramExtension(),  # trusted, so the owner of the database may make it
        AddIndexConcurrently("workitem", models.Index(SOONEST, "id", name="workitem_soonest_idx")),
        AddIndexConcurrently(
            "workitem",
            models.Index(
                SOONEST, "id", condition=models.Q(is_open=True), name="workitem_open_soonest_idx"
            ),
        ),
        AddIndexConcurrently(
            "workitem", models.Index("client", SOONEST, "id", name="workitem_client_idx")
        ),
        AddIndexConcurrently(
            "workitem",
            GinIndex(
                OpClass(Upper("ref"), "gin_trgm_ops"),
                OpClass(Upper("title"), "gin_trgm_ops"),
                name="workitem_words_idx",
            ),
        ),
        migrations.AlterField(
            "workitem",
            "client",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="work",
                to="routing.client",
                verbose_name="client",
            ),
        ),
    ]
