"""Timeboxes of exceptions: from the routes and the SLA policy of the flow, or exception routing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Run
from routing.runs.version_routes import Routes
from routing.sla.operations.calendars import STANDARD, standard
from routing.sla.operations.clocks import start
from routing.sla.policies import SLAPolicy


def start_timeboxes(cases: Sequence[ExceptionCase], routes: Routes, at: datetime) -> None:
    """
    Start the clock of each new exception.

    A route that the flow has for the reason counts first. Then, if the flow has an SLA policy of
    its own with a target for exceptions, that target counts. Otherwise the minutes of exception
    routing count. Minutes are in the working hours of the standard policy; 0 is no timebox.

    :param routes: of the runs of these exceptions
    """
    routed: dict[int, int] = {}  # minutes by case
    for case in cases:
        route = routes.own_route(case.reason, case.run)
        if route is not None:
            routed[case.pk] = route.timebox_minutes
    runs = Run.objects.filter(pk__in={case.run_id for case in cases if case.run_id})
    chosen = dict(runs.values_list("pk", "version__policy"))
    own = (
        SLAPolicy.objects.filter(slug__in=set(chosen.values()), targets__kind="exceptioncase")
        .exclude(slug=STANDARD)
        .distinct()
    )
    left = [case for case in cases if case.pk not in routed]
    for policy in own if chosen else ():
        mine = [case for case in left if case.run_id and chosen.get(case.run_id) == policy.slug]
        start([case.item for case in mine], policy, at)
        left = [case for case in left if case not in mine]
    # The rest, including exceptions without a run.
    routed |= {case.pk: routes.agency_minutes(case.reason) for case in left}
    timed = [case for case in cases if routed.get(case.pk)]
    worktimes = {case.item.pk: timedelta(minutes=routed[case.pk]) for case in timed}
    if timed and (usual := standard()):
        start([case.item for case in timed], usual, at, worktimes=worktimes)
