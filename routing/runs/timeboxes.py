"""Timeboxes of exceptions, from the SLA policy of the flow or else from exception routing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Run
from routing.sla.operations.calendars import STANDARD, standard
from routing.sla.operations.clocks import start
from routing.sla.policies import SLAPolicy


def start_timeboxes(
    cases: Sequence[ExceptionCase], minutes: Mapping[str, int], at: datetime
) -> None:
    """
    Start the clock of each new exception.

    If the flow has an SLA policy of its own with a target for exceptions, that target counts.
    Otherwise the minutes of exception routing count, in the working hours of the standard policy.

    :param minutes: working minutes of exception routing, by reason; 0 for no timebox
    """
    runs = Run.objects.filter(pk__in={case.run_id for case in cases if case.run_id})
    chosen = dict(runs.values_list("pk", "version__policy"))
    own = (
        SLAPolicy.objects.filter(slug__in=set(chosen.values()), targets__kind="exceptioncase")
        .exclude(slug=STANDARD)
        .distinct()
    )
    left = list(cases)
    for policy in own if chosen else ():
        mine = [case for case in left if case.run_id and chosen.get(case.run_id) == policy.slug]
        start([case.item for case in mine], policy, at)
        left = [case for case in left if case not in mine]
    # The rest, including exceptions without a run.
    left = [case for case in left if minutes[case.reason]]
    worktimes = {case.item.pk: timedelta(minutes=minutes[case.reason]) for case in left}
    if left and (usual := standard()):
        start([case.item for case in left], usual, at, worktimes=worktimes)
