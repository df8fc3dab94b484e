"""Judge whether the SLA of a run was met, once no clock of its policy is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from routing.people.actors import Actor
from routing.runs.models import Run
from routing.runs.operations import outcomes
from routing.runs.outcomes import Outcome
from routing.sla.clock_words import purpose_of
from routing.sla.clocks import Clock
from routing.sla.policies import SLAPolicy, Target

AGAIN = timedelta(minutes=10)  # while a clock is still open
MET, MISSED = "met", "missed"


def judge_slas(*, at: datetime, limit: int = 200) -> int:
    """
    Prove or fail the outcomes about an SLA that are due, and count those that were judged.

    A run whose work is done may have an open clock for a moment, or while an exception is open.
    """
    due = Outcome.objects.due(at).filter(kind=Outcome.Kind.SLA_MET, state=Outcome.State.EXPECTED)
    judged = 0
    for pk in list(due.order_by("next_probe_at").values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            outcomes.lock_work(pk)
            row = due.select_related("run__version").filter(pk=pk).first()
            if row is not None and row.run is not None:
                judged += _judge(row, row.run, at)
    return judged


def clocks_of(run: Run) -> Sequence[Clock]:
    """Return the clocks that the policy of a run's version started for the run and its work."""
    policy = SLAPolicy.objects.filter(slug=run.version.policy)
    # Exceptions without a target of their own count minutes of exception routing.
    kinds = Target.objects.filter(policy__in=policy).values("kind")
    mine = Clock.objects.filter(item__run=run, policy__in=policy, item__kind__in=kinds)
    return list(mine.select_related("item", "policy").order_by("id"))


def _judge(row: Outcome, run: Run, at: datetime) -> bool:
    clocks = clocks_of(run)
    if any(clock.stopped_at is None for clock in clocks):
        Outcome.objects.filter(pk=row.pk).update(probed_at=at, next_probe_at=at + AGAIN)
        return False
    judged = [clock for clock in clocks if clock.met_at or clock.breached_at]
    missed = [clock for clock in judged if clock.breached_at]
    evidence: dict[str, Any] = {
        "clocks": [_told(clock) for clock in judged],
        "looked_at": at.isoformat(),
    }
    Outcome.objects.filter(pk=row.pk).update(probed_at=at, next_probe_at=None)
    if judged and not missed:
        return outcomes.prove(row.pk, evidence, by=Actor.system(), at=at)
    words = _("%(work)s missed its target for %(purpose)s.")
    evidence["differences"] = [
        words % {"work": clock.item.ref, "purpose": purpose_of(clock)} for clock in missed
    ] or [_("No clock of the policy was met or missed, so nothing proves it.")]
    return outcomes.fail(row.pk, evidence, by=Actor.system(), at=at)


def _told(clock: Clock) -> dict[str, Any]:
    """Return a clock as evidence: what it was about, its policy, and when it was met or missed."""
    ended = clock.breached_at or clock.met_at
    return {
        "clock": clock.pk,
        "work": clock.item.ref,
        "purpose": clock.purpose,
        "policy": clock.policy.name,
        "version": clock.policy_version,
        "result": MISSED if clock.breached_at else MET,
        "at": ended.isoformat() if ended else "",
    }
