"""Operations on a deliverable, from plan to publication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations.deliverable_facts import asked, judged, placed, to_submit
from delivery.checks import operations as checks
from delivery.deliverables import gates
from delivery.deliverables.details import (
    GoLiveDetails,
    RenewDetails,
    ReplanDetails,
    ReworkDetails,
    SignOffDetails,
    StartDetails,
)
from delivery.deliverables.models import Deliverable
from routing.kernel.roles import AM, CREATIVE, EVERYONE, OPS, QA, grant
from routing.people.actors import Actor
from routing.work.door import Operation, OperationResult, carry, move, operation
from routing.work.locking import lock

grant("delivery.view_deliverable", *EVERYONE)


def begin(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Start production. The actor becomes the assignee if there is none and they may upload."""
    doer = by.user_id if by.may("delivery.upload_deliverable") and not by.is_service else None
    inner = step.with_details(StartDetails)
    return move(inner, ids, by=by, at=at, reason=reason, details=StartDetails(doer))


def judge_again(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Run the checks again, and act on the results in the same transaction."""
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason)
        evaluate_checks([result.row for result in results if result.done], by=by, at=at)
    return results


def sign(
    step: Operation[SignOffDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: SignOffDetails,
) -> list[OperationResult]:
    """Sign off one check of the newest version of each deliverable, if it waits for that."""
    check, note = details.check, details.note
    with transaction.atomic(savepoint=False):
        # Two reviewers may sign off at once: the second one must see the result of the first.
        lock(Deliverable, ids)
        waiting = _waiting_for(check, ids)
        results: list[OperationResult] = []
        for pk in dict.fromkeys(ids):
            # Without a check, the gate refuses the row with its message.
            signature = details if pk in waiting else replace(details, check=None)
            results += move(step, [pk], by=by, at=at, reason=reason or note, details=signature)
        done = [result.row for result in results if result.done]
        for row in done:
            checks.sign(row, check or 0, passed=bool(details.passed), note=note, by=by, at=at)
        conclude(checks.judged_checks(done), by=by, at=at)
    return results


def _waiting_for(check: int | None, ids: Sequence[int]) -> set[int]:
    """Return the ids of the deliverables whose newest version waits for this sign-off."""
    rows = list(Deliverable.objects.filter(pk__in=ids).select_related("item"))
    waiting = set()
    for pk, known in checks.judged_checks(rows).items():
        if any(each.unsigned and each.check.pk == check for each in known):
            waiting.add(pk)
    return waiting


def evaluate_checks(rows: Sequence[Deliverable], *, by: Actor, at: datetime) -> None:
    """Run the checks of deliverables in QA, and act on the results."""
    if rows:
        # Whoever handed the work in has not returned it or passed it: the checks have.
        conclude(checks.judge(rows, by=by, at=at), by=Actor.system(), at=at)


def conclude(known: Mapping[int, Sequence[checks.Judged]], *, by: Actor, at: datetime) -> None:
    """
    Return failed deliverables for rework, and pass those that are clear.

    The others wait in QA for a sign-off.
    """
    failed, clear, _waiting = checks.split(known)
    for pk, names in failed.items():
        carry(
            return_for_rework,
            [pk],
            by=by,
            at=at,
            reason=str(_("Failed checks: %(checks)s")) % {"checks": ", ".join(names)},
            details=ReworkDetails(),
        )
    if clear:
        carry(pass_qa, clear, by=by, at=at, reason=str(_("All checks passed.")))


_MAKE, _LEAD = (AM, CREATIVE, OPS), (AM, OPS)

start = operation(
    Deliverable,
    "start",
    _("Start production"),
    done=_("%(who)s started production"),
    may=_MAKE,
    verb_details=StartDetails,
    run=begin,
)
submit = operation(
    Deliverable,
    "submit",
    _("Submit for QA"),
    done=_("%(who)s submitted the version for QA"),
    may=_MAKE,
    gates=(gates.has_new_version, gates.destination_takes_it, gates.slug_will_be_kept),
    facts=to_submit,
)
sign_off = operation(
    Deliverable,
    "sign_off",
    _("Sign off"),
    done=_("%(who)s signed off a check"),
    may=(QA,),
    gates=(gates.judgment_is_asked, gates.not_its_author),
    facts=judged,
    details=SignOffDetails,
    for_gates=("check", "passed", "note"),
    run=sign,
)
ask_agency = operation(
    Deliverable,
    "ask_agency",
    _("Ask the agency again"),
    done=_("%(who)s asked the agency for approval again"),
    may=_LEAD,
    gates=(gates.agency_can_be_asked,),
    facts=asked,
)
ask_client = operation(
    Deliverable,
    "ask_client",
    _("Ask client"),
    done=_("%(who)s asked the client for approval"),
    may=_LEAD,
    gates=(gates.client_can_be_asked,),
    facts=asked,
)
publish = operation(
    Deliverable,
    "publish",
    _("Publish"),
    done=_("%(who)s started publishing"),
    may=_LEAD,
    gates=(gates.has_destination, gates.slug_will_be_kept),
    facts=placed,
)
hand_out = operation(
    Deliverable,
    "hand_out",
    _("Hand over files"),
    done=_("%(who)s handed over the files"),
    may=_LEAD,
    gates=(gates.has_no_destination,),
)
run_checks = operation(
    Deliverable,
    "run_checks",
    _("Rerun checks"),
    done=_("%(who)s reran the checks"),
    may=(AM, CREATIVE, QA, OPS),
    run=judge_again,
)
send_back = operation(
    Deliverable,
    "send_back",
    _("Send back for rework"),
    done=_("%(who)s sent the version back for rework"),
    may=(AM, QA, OPS),
    needs_reason=True,
)
reopen = operation(
    Deliverable,
    "reopen",
    _("Withdraw for rework"),
    done=_("%(who)s withdrew the deliverable for rework"),
    may=_LEAD,
    needs_reason=True,
    danger=True,
)
archive = operation(
    Deliverable,
    "archive",
    _("Archive"),
    done=_("%(who)s archived the deliverable"),
    may=_LEAD,
    needs_reason=True,
    danger=True,
)
cancel = operation(
    Deliverable,
    "cancel",
    _("Cancel"),
    done=_("%(who)s cancelled the deliverable"),
    may=_LEAD,
    needs_reason=True,
    through_hold=True,
    danger=True,
)
pass_qa = operation(
    Deliverable,
    "pass_qa",
    _("Pass QA"),
    done=_("%(who)s marked QA as passed"),
    gates=(gates.checks_passed,),
    facts=judged,
    system=True,
)
return_for_rework = operation(
    Deliverable,
    "return_for_rework",
    _("Return for rework"),
    done=_("%(who)s returned the version for rework"),
    system=True,
    through_hold=True,
    details=ReworkDetails,
)
stall = operation(
    Deliverable,
    "stall",
    _("Escalate to the owner"),
    done=_("%(who)s escalated the deliverable to its owner"),
    system=True,
    through_hold=True,
)
wait_again = operation(
    Deliverable,
    "wait_again",
    _("Wait for the client again"),
    done=_("%(who)s found that the client can answer again"),
    system=True,
    through_hold=True,
)
approve = operation(
    Deliverable,
    "approve",
    _("Approve"),
    done=_("%(who)s marked the deliverable as approved"),
    system=True,
)
go_live = operation(
    Deliverable,
    "go_live",
    _("Go live"),
    done=_("%(who)s marked the deliverable as live"),
    system=True,
    through_hold=True,
    details=GoLiveDetails,
)
renew = operation(
    Deliverable,
    "renew",
    _("Renew the page"),
    done=_("%(who)s recorded the page as the site shows it"),
    system=True,
    through_hold=True,
    details=RenewDetails,
)
fail_publishing = operation(
    Deliverable,
    "fail_publishing",
    _("Publishing failed"),
    done=_("%(who)s marked publishing as failed"),
    system=True,
    through_hold=True,
)
replan = operation(
    Deliverable,
    "replan",
    _("Plan again"),
    done=_("%(who)s planned the deliverable again"),
    system=True,
    through_hold=True,
    details=ReplanDetails,
)
