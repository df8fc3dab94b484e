"""Gates of a deliverable: from its plan to the place it belongs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience
from routing.kernel.roles import holders
from routing.work.gates import Context, GateResult, passed, refused


@dataclass(frozen=True, slots=True)
class Standing:
    """What the gates know besides the deliverable, of its newest version."""

    unsigned: tuple[str, ...] = ()  # judgments that nobody has signed, by name
    failed: tuple[str, ...] = ()  # checks whose newest result failed, by name
    open_question: str = ""  # reference of the approval that is pending
    next_audience: str = ""  # whom the next stage asks; empty when every stage is through
    approvers: int = 0  # contacts of the client who may approve
    reachable: int = 0  # of those, who have access to the portal and so get a letter
    clients_page: str = ""
    destination: str = ""  # name of where it goes, if that is in use
    judged_by_author: bool = False


def _standing(context: Context, row: Deliverable) -> Standing:
    found: Standing = context.facts.get(row.pk, Standing())
    return found


def has_new_version(row: Deliverable, context: Context) -> GateResult:
    """Refuses work without a version, or with the version that was sent back."""
    if row.version_id is None:
        return refused("version", _("There is no version yet."), clears_by=_("Whoever makes it: upload one"))
    if row.version_id == row.reworked_id:
        return refused("version", _("This version was sent back."), clears_by=_("Whoever makes it: upload a new one"))
    return passed("version", _("There is a version to judge."))


def judgment_is_asked(row: Deliverable, context: Context) -> GateResult:
    """Refuses to sign what is not asked, or without saying what was found wrong."""
    unsigned = _standing(context, row).unsigned
    if context.preview:
        if unsigned:
            return passed("sign_off", _("A person must judge it."), ", ".join(unsigned))
        return refused("sign_off", _("There is nothing to sign."))
    if context.details.get("check") is None or context.details.get("passed") not in {True, False}:
        return refused("sign_off", _("Say which judgment, and whether it passes."), clears_by=_("You"))
    if context.details["passed"] is False and not str(context.details.get("note", "")).strip():
        return refused("sign_off", _("Say what is wrong, so that it can be put right."), clears_by=_("You"))
    return passed("sign_off")


def not_its_author(row: Deliverable, context: Context) -> GateResult:
    """Refuses a judgment by the person who made the version."""
    if _standing(context, row).judged_by_author:
        return refused("author", _("Who made a version cannot judge it."), clears_by=_("Another QA reviewer"))
    return passed("author")


def checks_passed(row: Deliverable, context: Context) -> GateResult:
    """Refuses a version of which a check failed or a judgment is missing."""
    standing = _standing(context, row)
    if standing.failed or standing.unsigned:
        words = _("Not every check has passed.")
        missing = ", ".join((*standing.failed, *standing.unsigned))
        return refused("checks", words, evidence=missing, clears_by=_("QA reviewers, or whoever makes it with a new version"))
    return passed("checks", _("Every check has passed."))


def _open(standing: Standing) -> GateResult:
    words = _("A question is open already.")
    return refused("question", words, evidence=standing.open_question, clears_by=_("Whoever is asked"))


def agency_can_be_asked(row: Deliverable, context: Context) -> GateResult:
    """Refuses when a question is open already, or when no stage asks the agency now."""
    standing = _standing(context, row)
    if standing.open_question:
        return _open(standing)
    if standing.next_audience != Audience.INTERNAL:
        return refused("agency_stage", _("No stage asks the agency now."))
    return passed("agency_stage", _("The agency can be asked."))


def client_can_be_asked(row: Deliverable, context: Context) -> GateResult:
    """Refuses when a question is open, the agency has not approved, or nobody may approve for the client."""
    standing = _standing(context, row)
    if standing.open_question:
        return _open(standing)
    if standing.next_audience == Audience.INTERNAL:
        return refused("internal", _("The agency has not approved it yet."), clears_by=holders("delivery.approve_approval"))
    if standing.next_audience != Audience.CLIENT:
        return refused("client_stage", _("No stage asks the client."))
    if not standing.approvers:
        words = _("The client has nobody who may approve.")
        clears = _("Account managers: give a contact of the client the role approver")
        return refused("approvers", words, clears_by=clears, where=standing.clients_page)
    if standing.reachable < standing.approvers:
        words = _("The client can be asked. Whoever has no access to the portal gets no letter: invite them, or ask them yourself.")
        told = _("%(reachable)s of %(approvers)s approvers have access")
        return passed("approvers", words, told % {"reachable": standing.reachable, "approvers": standing.approvers})
    return passed("approvers", _("The client can be asked."))


def has_destination(row: Deliverable, context: Context) -> GateResult:
    """Refuses work that has no destination, or one that is no longer in use."""
    name = _standing(context, row).destination
    if name:
        return passed("destination", _("It is known where it goes."), name)
    if row.destination_id is None:
        return refused("destination", _("It goes nowhere: hand it over instead."))
    words = _("Where it goes is no longer in use.")
    return refused("destination", words, clears_by=_("Operations leads: take the destination into use again"))


def has_no_destination(row: Deliverable, context: Context) -> GateResult:
    """Refuses to hand over work that is published instead."""
    if row.destination_id is None:
        return passed("destination", _("It is handed over, not published."))
    return refused("destination", _("It is published, not handed over."))


def version_is_readable(row: Any, context: Context) -> GateResult:
    """Refuses a version that cannot be stored."""
    fault = context.details.get("fault", "")
    if fault:
        return refused("version", _("This version cannot be kept."), evidence=fault, clears_by=_("You"))
    return passed("version")
