"""Retry quarantined events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from routing.kernel.events import Dispatch
from routing.kernel.roles import AUDITOR, INTEGRATIONS, OPS, grant
from routing.people.actors import Actor
from routing.people.saving import tell

grant("routing.view_dispatch", OPS, INTEGRATIONS, AUDITOR)
grant("routing.unpark_dispatch", OPS, INTEGRATIONS, name="Can retry failed events")


def retry_quarantined(ids: Sequence[int], *, by: Actor, at: datetime) -> int:
    """
    Queue quarantined events again as if they had never failed, and return how many there were.

    :raises PermissionDenied: if ``by`` may not retry events
    """
    by.require("routing.unpark_dispatch", to="retry events")
    return queue_again(ids, by=by, at=at)


def queue_again(ids: Sequence[int], *, by: Actor, at: datetime) -> int:
    """Queue quarantined events again without asking for the permission: see ``own_failures``."""
    with transaction.atomic():
        rows = list(
            Dispatch.objects.filter(pk__in=ids)
            .exclude(parked_reason="")
            .select_for_update()
            .order_by("pk")
        )
        for row in rows:
            row.parked_reason, row.attempts, row.due_at = "", 0, at
            tell("routing.dispatch.unpark", row.event_id, by=by, at=at)
        Dispatch.objects.bulk_update(rows, ["parked_reason", "attempts", "due_at"])
    return len(rows)
