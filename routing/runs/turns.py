"""Whose turn it is with runs, exceptions, steps and outcomes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Run, RunStep
from routing.runs.outcomes import Outcome
from routing.work.turns import OWNER, PARTS, SYSTEM, turn

turn(
    Run,
    Run.State.RECEIVED,
    Run.State.ENRICHING,
    party=SYSTEM,
    act=_("collect facts and decide"),
    by=("wait", "route"),
)
# The exception that blocks a run has its own owner, who is notified of it.
turn(
    Run,
    Run.State.WAITING,
    party=PARTS,
    act=_("resolve what blocks the run"),
    by=("proceed", "route", "cancel", "close_unproven"),
)
turn(
    Run,
    Run.State.ROUTED,
    party=SYSTEM,
    act=_("open the request and its brief"),
    by=("begin", "await_outcome"),
)
turn(
    Run,
    Run.State.IN_DELIVERY,
    party=PARTS,
    act=_("deliver the request"),
    by=("await_outcome",),
)
turn(
    Run,
    Run.State.AWAITING_OUTCOME,
    party=SYSTEM,
    act=_("prove the outcome"),
    by=("complete", "close_unproven"),
)
turn(
    ExceptionCase,
    ExceptionCase.State.OPEN,
    ExceptionCase.State.ESCALATED,
    party=OWNER,
    act=_("resolve the exception"),
    by=("claim", "resolve", "dismiss"),
    decision=True,
)
turn(
    ExceptionCase,
    ExceptionCase.State.CLAIMED,
    party=OWNER,
    act=_("resolve the exception"),
    by=("resolve", "dismiss"),
    decision=True,
)
turn(
    RunStep,
    RunStep.State.DUE,
    party=SYSTEM,
    act=_("take the step"),
    by=("finish", "stop"),
)
# A step stops with an exception, which has an owner.
turn(
    RunStep,
    RunStep.State.STOPPED,
    party=OWNER,
    act=_("resolve the exception of the step"),
    by=("resume", "finish"),
)
turn(
    Outcome,
    Outcome.State.EXPECTED,
    Outcome.State.DECAYED,
    party=SYSTEM,
    act=_("look for the proof"),
    by=("prove", "waive"),
)
turn(
    Outcome,
    Outcome.State.PROVEN,
    party=SYSTEM,
    act=_("check that the proof still holds"),
    by=("decay", "supersede"),
)
