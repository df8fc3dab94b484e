"""A run that ends early needs nothing more to go out: what was not begun is discarded with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from integrations.models import Outbound
from integrations.operations.outbox.rows import write
from routing.actions import react
from routing.actors import Actor
from routing.models import Run


@react("routing.run.cancel")
def call_off(runs: Sequence[Run], by: Actor, at: datetime) -> None:
    """What was begun is finished, or waits for a person: what an attempt did there is not undone by itself."""
    of = Q(run__in=[run.pk for run in runs]) | Q(item__run__in=[run.pk for run in runs])
    waiting = Outbound.objects.filter(of, state__in=Outbound.waiting, attempts=0, begun_at=None)
    rows = list(waiting.select_for_update(of=("self",)).order_by("pk"))
    for row in rows:
        row.discard(at=at)
    write(rows)
