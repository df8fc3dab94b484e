"""Act 8: read the whole trace, verify the audit trail, and end what is still open."""

from __future__ import annotations

import json
from io import StringIO

from django.core.management import CommandError, call_command
from django.db.models import Q

from delivery.approvals.operations import deliverables
from delivery.models import Deliverable
from demo.walkthrough.people import by
from demo.walkthrough.walk import WORKER, Walk, fresh, now
from integrations.models import Outbound
from routing.models import Run, RunStep
from routing.runs.operations.runs import cancel

SECTIONS = {
    "event",
    "step",
    "enrichment",
    "decision",
    "exception",
    "request",
    "brief",
    "clock",
    "outbound",
    "attempt",
    "outcome",
}
OWN = {"escalation"}  # only with the walkthrough's own SLA policy, which escalates in seconds


def traced(walk: Walk) -> None:
    """Check the output of `trace --json` and `verify`."""
    transcript, ref, out = walk.transcript, walk.jobs[0].run.item.ref, StringIO()
    call_command("trace", ref, "--json", stdout=out)
    found = {entry["section"] for entry in json.loads(out.getvalue())["entries"]}
    wanted = SECTIONS | OWN if walk.deals.is_own else SECTIONS
    transcript.check(
        wanted <= found,
        f"manage.py trace {ref} --json has every section: {', '.join(sorted(found))}",
        sorted(wanted - found),
    )
    out = StringIO()
    try:
        call_command("verify", stdout=out, no_color=True)
    except CommandError as error:
        transcript.check(False, "manage.py verify finds the audit trail intact", error)
    last = out.getvalue().strip().splitlines()[-1]
    transcript.check("intact" in out.getvalue(), f"manage.py verify: {last}")


def quiet(walk: Walk) -> None:
    """Wait until nothing is left to send or read, because the simulated systems end next."""
    runs = [job.run.pk for job in walk.jobs]
    outside = [walk.deals.connection.pk, walk.site.connection.pk]
    leaving = Outbound.objects.unfinished().filter(
        Q(run__in=runs) | Q(item__run__in=runs), connection__in=outside
    )
    steps = RunStep.objects.filter(run__in=runs, state=RunStep.State.DUE)
    walk.transcript.wait(
        "nothing is left to be sent or read",
        lambda: not leaving.exists() and not steps.exists(),
        60,
        WORKER,
    )


def leave(walk: Walk) -> None:
    """Archive live pages on a simulated site, and cancel runs that were interrupted."""
    runs = [job.run.pk for job in walk.jobs if job.run.pk]
    open_runs = list(
        Run.objects.filter(pk__in=runs, item__is_open=True).values_list("pk", flat=True)
    )
    if open_runs:
        cancel(
            open_runs,
            by=by(walk.cast.lead),
            at=now(),
            reason="The walkthrough was interrupted here.",
        )
    if walk.owns_site:
        live = Deliverable.objects.filter(item__run__in=runs, state=Deliverable.State.LIVE)
        ids = list(live.values_list("pk", flat=True))
        if ids:
            deliverables.archive(
                ids, by=by(walk.cast.lead), at=now(), reason="The walkthrough's site is gone."
            )


def archived(walk: Walk) -> None:
    leave(walk)
    walk.transcript.check(
        all(not fresh(job.run).is_open for job in walk.jobs),
        "nothing of this walkthrough stays open",
    )
