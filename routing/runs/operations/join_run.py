"""Let work that has no run yet belong to one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from routing.people.actors import Actor
from routing.runs.details import JoinRunDetails
from routing.work.door import Operation, carry
from routing.work.items import WorkItem

JOIN_RUN: Operation[JoinRunDetails] = Operation(
    WorkItem,
    "join_run",
    _("Join run"),
    done=_("%(who)s added the work to a run"),
    system=True,
    through_hold=True,
    details=JoinRunDetails,
)


def join_run(
    runs: Mapping[int, int], parents: Mapping[int, int], *, at: datetime, reason: str
) -> None:
    """
    Set the run of work, and of the topmost work its parent.

    :param runs: the run by work item id
    :param parents: the parent by work item id, for work that gets one
    """
    details = JoinRunDetails(dict(runs), dict(parents))
    carry(JOIN_RUN, sorted(runs), by=Actor.system(), at=at, reason=reason, details=details)
