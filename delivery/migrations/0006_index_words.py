"""Search for any part of what was written down."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    atomic = False  # the indexes are made while work goes on

    dependencies = [
        ("delivery", "0005_add_deliverables"),
        ("routing", "0014_index_lists_and_search"),
    ]

    operations = [
        AddIndexConcurrently(
            "request", GinIndex(OpClass(Upper("details"), "gin_trgm_ops"), name="request_words_idx")
        ),
        AddIndexConcurrently(
            "brief", GinIndex(OpClass(Upper("body"), "gin_trgm_ops"), name="brief_words_idx")
        ),
    ]
