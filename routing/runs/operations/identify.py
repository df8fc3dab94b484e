"""
Set the client of a run as soon as it is known. From then on, people who may see the client's work
see the run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from routing.people.actors import Actor
from routing.runs.details import IdentifyDetails, NameClientDetails
from routing.runs.models import Run
from routing.work.door import Operation, carry, operation
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


def identify(
    run_ids: Sequence[int], clients: Mapping[int, int | None], *, by: Actor, at: datetime
) -> None:
    """
    Set the client of each run, and of its exceptions so far. A run with a client keeps it.

    Call it in the transaction that stores how the client became known.

    :param clients: by run id; None if the client is unknown
    :param by: the person who chose it, or the system that recognised it
    """
    known = {run: client for run, client in clients.items() if client is not None}
    named = [run for run in run_ids if run in known]
    missing = Run.objects.filter(pk__in=named, item__client=None)
    unnamed = list(missing.values_list("pk", flat=True))
    if not unnamed:
        return
    # Carried: whoever may fill in facts was allowed to before, and no person may do this alone.
    carry(IDENTIFY, unnamed, by=by, at=at, reason=WHY, details=IdentifyDetails(known))
    rest = WorkItem.objects.filter(run__in=unnamed, client=None).order_by("pk")
    parts: dict[int, list[int]] = defaultdict(list)
    for item, run in rest.values_list("pk", "run_id"):
        parts[known[run or 0]].append(item)
    for client, items in parts.items():
        carry(NAME_CLIENT, items, by=by, at=at, reason=WHY, details=NameClientDetails(client))
