"""Search what was written down without case and accents."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations

from routing.work.folding import Fold


class Migration(migrations.Migration):
    atomic = False  # the indexes are made while work goes on

    dependencies = [
        ("delivery", "0011_let_stages_trade_places"),
        ("routing", "0028_fold_search"),
    ]

    operations = [
        AddIndexConcurrently(
            "request",
            GinIndex(OpClass(Fold("details"), "gin_trgm_ops"), name="request_folded_idx"),
        ),
        RemoveIndexConcurrently("request", "request_words_idx"),
        AddIndexConcurrently(
            "brief", GinIndex(OpClass(Fold("body"), "gin_trgm_ops"), name="brief_folded_idx")
        ),
        RemoveIndexConcurrently("brief", "brief_words_idx"),
    ]
