"""Stalled runs: those that wait for a person, are overdue, or ended without proof."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from routing.runs.by_hand import SOURCE
from routing.runs.models import Run, RunStep
from routing.work.items import WorkItem


def is_stalled(at: datetime) -> Q:
    """
    Return the condition on runs that are stalled at ``at`` (aware).

    A run is stalled while an exception stops it, while any work of it is overdue, and if it was
    closed unproven.
    """
    late = WorkItem.objects.filter(run=OuterRef("pk"), is_open=True, next_due_at__lt=at)
    ended = Q(state=Run.State.CLOSED_UNPROVEN)
    return Q(state=Run.State.WAITING) | ended | Q(state__in=Run.open_states) & Q(Exists(late))


def is_set_up() -> Q:
    """Return the condition on runs that a person recorded, or that skipped a step."""
    skipped = RunStep.objects.filter(run=OuterRef("pk"), state=RunStep.State.SKIPPED)
    return Q(source=SOURCE) | Q(Exists(skipped))
