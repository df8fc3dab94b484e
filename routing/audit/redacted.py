"""Rows whose text was removed on purpose."""

from __future__ import annotations

from collections.abc import Collection

from django.db import models

from routing.audit.models import Redaction


def redacted_rows(model: type[models.Model], ids: Collection[int]) -> set[int]:
    """Return those of the ids whose rows of evidence were redacted."""
    rows = Redaction.objects.filter(ledger=model._meta.db_table, row_id__in=ids)
    return set(rows.values_list("row_id", flat=True))
