"""
Say whose a run is as soon as it is known: from then on it is seen by those who see the client's
work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from routing.people.actors import Actor
from routing.runs.details import IdentifyDetails, NameClientDetails
from routing.runs.models import Run
from routing.work.door import Operation, operation
from routing.work.items import WorkItem

IDENTIFY = operation(
    Run,
    "identify",
    _("Set client"),
    done=_("%(who)s set the client"),
    system=True,
    through_hold=True,
    details=IdentifyDetails,
)
NAME_CLIENT: Operation[NameClientDetails] = Operation(
    WorkItem,
    "name_client",
    _("Set client"),
    done=_("%(who)s set the client"),
    system=True,
    through_hold=True,
    details=NameClientDetails,
)
WHY = "The client was identified."


def identify(run_ids: Sequence[int], clients: Mapping[int, int | None], *, at: datetime) -> None:
    """
    Give each run, and the exceptions it has so far, its client; a run that has one keeps it.

    :param clients: by run id; None where nobody knows yet
    """
    known = {run: client for run, client in clients.items() if client is not None}
    unnamed = list(
        Run.objects.filter(
            pk__in=[run for run in run_ids if run in known], item__client=None
        ).values_list("pk", flat=True)
    )
    if not unnamed:
        return
    IDENTIFY(unnamed, by=Actor.system(), at=at, reason=WHY, details=IdentifyDetails(known))
    parts: dict[int, list[int]] = defaultdict(list)
    for item, run in (
        WorkItem.objects.filter(run__in=unnamed, client=None)
        .order_by("pk")
        .values_list("pk", "run_id")
    ):
        parts[known[run or 0]].append(item)
    for client, items in parts.items():
        NAME_CLIENT(items, by=Actor.system(), at=at, reason=WHY, details=NameClientDetails(client))
