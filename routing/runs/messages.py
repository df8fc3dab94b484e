"""Messages about any work, runs, exceptions, steps and outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from routing.cover.operations.leaving import replace_person
from routing.kernel.reasons import Reason
from routing.messages.models import ANY_OPEN, ON_HOLD, Notification
from routing.messages.telling import tells, tells_nobody
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionCase
from routing.runs.held_events import HeldEvent
from routing.runs.models import Run, RunStep
from routing.runs.operations import cover_cases, exceptions, migrating, outcomes, runs
from routing.runs.operations.raising import WAIT
from routing.runs.operations.route_runs import BEGIN, ROUTE
from routing.runs.outcomes import Outcome
from routing.runs.turns import RECORDER
from routing.work.creation import created
from routing.work.items import WorkItem
from routing.work.last_change import (
    FORMER_ASSIGNEE,
    FORMER_BACKUP,
    FORMER_OWNER,
    NEW_ASSIGNEE,
    NEW_BACKUP,
    NEW_OWNER,
    was,
)
from routing.work.operations.items import hand_over, hold, resume, resume_later
from routing.work.registry import EventKind
from routing.work.turns import BACKUP, MAKER, OWNER

Words = Notification.Words


def by_a_person(rows: Sequence[Any], by: Actor) -> Sequence[Any]:
    """Return the rows, unless the product did it as part of something that was notified."""
    return () if by.is_service else rows


def itself(rows: Sequence[WorkItem], by: Actor) -> Sequence[WorkItem]:
    """Return the items that were held or resumed for themselves, not with the work above them."""
    held_by = was(rows, "held_by_id")
    return [row for row in rows if row.pk in {row.held_by_id, held_by.get(row.pk)}]


def flows_off(rows: Sequence[ExceptionCase], by: Actor) -> Sequence[ExceptionCase]:
    """Return the exceptions about flows that were switched off."""
    return [row for row in rows if row.reason == Reason.FLOW_OFF]


# -- Any work --------------------------------------------------------------------------------------

tells(hand_over, NEW_OWNER, words=Words.OWNS, lasts=ANY_OPEN)
tells(hand_over, NEW_BACKUP, words=Words.BACKS_UP, lasts=ANY_OPEN)
tells(hand_over, NEW_ASSIGNEE, words=Words.ASSIGNED, lasts=ANY_OPEN)
tells(hand_over, FORMER_OWNER, words=Words.NOT_OWNER)
tells(hand_over, FORMER_BACKUP, words=Words.NOT_BACKUP)
tells(hand_over, FORMER_ASSIGNEE, words=Words.NOT_ASSIGNED)
# The person who left reads nothing any more.
tells(replace_person, NEW_OWNER, words=Words.OWNS, lasts=ANY_OPEN)
tells(replace_person, NEW_BACKUP, words=Words.BACKS_UP, lasts=ANY_OPEN)
tells(replace_person, NEW_ASSIGNEE, words=Words.ASSIGNED, lasts=ANY_OPEN)
tells(hold, OWNER, BACKUP, words=Words.HELD, lasts=ON_HOLD, only=itself)
# Makers have parts of the work, and may not know that the whole is on hold.
tells(hold, MAKER, words=Words.HELD, lasts=ON_HOLD)
tells(resume, OWNER, BACKUP, words=Words.RESUMED, only=itself)
tells(resume, MAKER, words=Words.RESUMED)
tells_nobody(resume_later, because=_("The owner is notified when the work resumes on that day."))

# -- Runs ------------------------------------------------------------------------------------------

tells(runs.cancel, OWNER, BACKUP, words=Words.CANCELLED, only=by_a_person)
tells(migrating.migrate, OWNER, BACKUP, words=Words.MIGRATED)
tells(runs.close_unproven, OWNER, BACKUP, words=Words.UNPROVEN, only=by_a_person)
tells_nobody(
    created(Run),
    EventKind.of(Run, "enrich"),
    EventKind.of(Run, "follow"),
    EventKind.of(Run, "identify"),
    EventKind.of(Run, "proceed"),
    ROUTE,
    BEGIN,
    because=_(
        "The product continues by itself. The owner is notified of the request or an exception."
    ),
)
tells_nobody(WAIT, because=_("The owner of the exception that blocks the run is notified of it."))
# The product looks for any other proof by itself.
tells(
    runs.await_outcome,
    OWNER,
    words=Words.INVOICE,
    turn=Run.State.AWAITING_OUTCOME,
)
tells_nobody(
    EventKind.of(Run, "record_invoice"),
    because=_("The message that asks the owner for the invoice is settled with it."),
)
tells_nobody(
    EventKind.of(Run, "remove_drafts"),
    because=_("It changes nobody's turn. The history shows it."),
)
tells_nobody(runs.complete, because=_("Nothing is left to do."))
tells_nobody(outcomes.REOPEN, because=_("The owner of the exception about the proof is notified."))

# -- Exceptions ------------------------------------------------------------------------------------

# ``raise_exceptions`` notifies, once for all of a batch.
tells(created(ExceptionCase), OWNER, words=Words.EXCEPTION, lasts=ANY_OPEN, reaction=False)
# Whoever owns the flow in place of an absent owner must know as well that it starts nothing.
tells(
    created(ExceptionCase),
    BACKUP,
    words=Words.BACKS_UP,
    lasts=ANY_OPEN,
    only=flows_off,
    reaction=False,
)
tells(exceptions.claim, OWNER, BACKUP, words=Words.CLAIMED, lasts=ExceptionCase.State.CLAIMED)
tells(exceptions.resolve, OWNER, BACKUP, words=Words.RESOLVED, only=by_a_person)
tells(exceptions.skip, OWNER, BACKUP, words=Words.RESOLVED, only=by_a_person)
tells(cover_cases.cover, OWNER, BACKUP, words=Words.RESOLVED, only=by_a_person)
tells(exceptions.dismiss, OWNER, BACKUP, words=Words.DISMISSED, only=by_a_person)
tells_nobody(exceptions.escalate, because=_("The escalation itself notifies people, by its level."))
tells_nobody(
    runs.withdraw_case, because=_("It is settled, so the message about it disappears by itself.")
)

# -- Steps and outcomes ----------------------------------------------------------------------------

tells_nobody(
    *(
        EventKind.of(RunStep, verb)
        for verb in ("call_off", "finish", "finish_untried", "queue", "resume", "skip", "take")
    ),
    because=_("A step belongs to its run, and the product takes it by itself."),
)
tells_nobody(
    EventKind.of(RunStep, "stop"), because=_("The owner of the exception of the step is notified.")
)
tells(EventKind.of(Outcome, "waive"), OWNER, BACKUP, words=Words.WAIVED)
# Many at once after an upgrade: they leave in one e-mail.
tells(outcomes.REPORTED, OWNER, words=Words.DIFFERS)
tells_nobody(
    EventKind.of(Outcome, "decay"),
    EventKind.of(Outcome, "fail"),
    because=_("The owner of the exception about it is notified."),
)
tells_nobody(
    EventKind.of(Outcome, "prove"),
    EventKind.of(Outcome, "supersede"),
    because=_("Nothing is left to do."),
)

# -- Held events -----------------------------------------------------------------------------------

# ``switch_on`` notifies, once for all of a person's requests: an event is no work item, so the
# message leads to the exception about the flow, which says why.
tells(
    EventKind.of(HeldEvent, "reject"),
    RECORDER,
    words=Words.NOT_TAKEN_IN,
    reaction=False,
)
tells_nobody(
    *(EventKind.of(HeldEvent, verb) for verb in ("release", "settle", "wait_again")),
    because=_("The owner of the exception about the flow is notified when it is switched."),
)
