"""Whose turn it is with runs, exceptions, steps and outcomes."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, Min, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from routing.runs.exceptions import ExceptionCase
from routing.runs.held_events import HeldEvent
from routing.runs.models import Run, RunStep
from routing.runs.outcomes import AWAITS, DOCUMENT, Outcome, next_look
from routing.work.items import WorkItem
from routing.work.turns import OWNER, PARTS, SYSTEM, Party, next_attempt, nobodys_turn, turn

# An event is no work item. The exception about its flow says whose turn it is.
SWITCHERS = Party(
    "switchers",
    _("Operations lead"),
    lambda items: {},
    nobodys_turn,
    _("an operations lead"),
)

# Notified where the event is rejected, which knows who recorded it.
RECORDER = Party(
    "recorder",
    _("Whoever recorded it by hand"),
    lambda items: {},
    nobodys_turn,
    _("whoever recorded it by hand"),
)


def _next_of_run(item: WorkItem) -> datetime | None:
    """Return the time of a run's next step or, after the last one, of the next look for proof."""
    steps = RunStep.objects.unfinished().filter(run=item.run_id)
    due: datetime | None = steps.aggregate(due=Min("due_at"))["due"]
    return due or next_look(Outcome.objects.filter(run=item.run_id))


next_attempt(Run, _next_of_run)
turn(
    Run,
    Run.State.RECEIVED,
    Run.State.ENRICHING,
    party=SYSTEM,
    act=_("collect facts and decide"),
    waits=_("Throughline has been collecting facts to decide since %(since)s"),
    by=("wait", "route"),
)
# The exception that blocks a run has its own owner, who is notified of it.
turn(
    Run,
    Run.State.WAITING,
    party=PARTS,
    act=_("resolve what blocks the run"),
    waits=_("Waits for %(parts)s to be resolved since %(since)s"),
    by=("proceed", "route", "cancel", "close_unproven"),
    parts=("exceptioncase",),
)
turn(
    Run,
    Run.State.ROUTED,
    party=SYSTEM,
    act=_("open the request and its brief"),
    waits=_("Throughline has been opening the request and its brief since %(since)s"),
    by=("begin", "await_outcome"),
)
turn(
    Run,
    Run.State.IN_DELIVERY,
    party=PARTS,
    act=_("deliver the request"),
    waits=_("Waits for %(parts)s to be delivered since %(since)s"),
    by=("await_outcome",),
    parts=("request",),
)
AWAITS_INVOICE = Q(
    Exists(
        Outcome.objects.filter(
            item=OuterRef("pk"),
            kind=Outcome.Kind.INVOICE_SENT,
            state__in=Outcome.unmet_states,
            evidence__contains={AWAITS: DOCUMENT},
        )
    )
)
turn(
    Run,
    Run.State.AWAITING_OUTCOME,
    party=OWNER,
    act=_("record the invoice"),
    waits=_("Waits for %(who)s to record the invoice since %(since)s"),
    by=("record_invoice", "close_unproven"),
    when=AWAITS_INVOICE,
)
turn(
    Run,
    Run.State.AWAITING_OUTCOME,
    party=SYSTEM,
    act=_("prove the outcome"),
    waits=_("Throughline has been proving the outcome since %(since)s"),
    by=("complete", "close_unproven"),
)
turn(
    ExceptionCase,
    ExceptionCase.State.OPEN,
    ExceptionCase.State.ESCALATED,
    party=OWNER,
    act=_("resolve the exception"),
    waits=_("Waits for %(who)s to resolve the exception since %(since)s"),
    by=("claim", "resolve", "skip", "cover", "dismiss"),
    decision=True,
)
turn(
    ExceptionCase,
    ExceptionCase.State.CLAIMED,
    party=OWNER,
    act=_("resolve the exception"),
    waits=_("Waits for %(who)s to resolve the exception since %(since)s"),
    by=("resolve", "skip", "cover", "dismiss"),
    decision=True,
)
turn(
    RunStep,
    RunStep.State.DUE,
    party=SYSTEM,
    act=_("take the step"),
    waits=_("Throughline has been taking the step since %(since)s"),
    by=("finish", "stop"),
)
# A step stops with an exception, which has an owner.
turn(
    RunStep,
    RunStep.State.STOPPED,
    party=OWNER,
    act=_("resolve the exception of the step"),
    waits=_("Waits for %(who)s to resolve the exception of the step since %(since)s"),
    by=("resume", "finish"),
)
turn(
    Outcome,
    Outcome.State.EXPECTED,
    Outcome.State.DECAYED,
    party=SYSTEM,
    act=_("look for the proof"),
    waits=_("Throughline has been looking for the proof since %(since)s"),
    by=("prove", "waive"),
)
# The exception about it has an owner, who is notified.
turn(
    Outcome,
    Outcome.State.FAILED,
    party=OWNER,
    act=_("resolve the exception about the proof"),
    waits=_("Waits for %(who)s to resolve the exception about the proof since %(since)s"),
    by=("waive", "supersede"),
)
turn(
    Outcome,
    Outcome.State.PROVEN,
    party=SYSTEM,
    act=_("check that the proof still holds"),
    waits=_("Throughline has been checking the proof since %(since)s"),
    by=("decay", "supersede"),
)
turn(
    HeldEvent,
    HeldEvent.State.HELD,
    party=SWITCHERS,
    act=_("switch the flow on, which releases or rejects the event"),
    waits=_("Waits for %(who)s to switch the flow on since %(since)s"),
    by=("release", "reject"),
)
turn(
    HeldEvent,
    HeldEvent.State.RELEASED,
    party=SYSTEM,
    act=_("process the event"),
    waits=_("Throughline has been processing the event since %(since)s"),
    by=("settle", "wait_again"),
)
