"""Gates of a deliverable, from plan to publication."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from delivery.deliverables.details import SignOffDetails, UploadDetails
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience
from routing.kernel.roles import holders
from routing.work.gates import ContextWith, GateContext, GateResult, Words, passed, refused


@dataclass(frozen=True, slots=True)
class DeliverableGateFacts:
    """Facts about the newest version of a deliverable, loaded for its gates."""

    unsigned: tuple[str, ...] = ()  # names of checks that wait for a sign-off
    failed: tuple[str, ...] = ()  # names of checks whose newest result failed
    open_question: str = ""  # reference of the pending approval
    next_audience: str = ""  # audience of the next stage; empty after the last one
    approvers: int = 0  # contacts of the client who may approve
    reachable: int = 0  # those of them with portal access, who get an e-mail
    needed: int = 0  # approvals that the next stage needs, if it is a set number
    colleagues: int = 0  # people of the agency who may approve the newest version
    clients_page: str = ""
    destination: str = ""  # name of the destination, if it is active
    by_hand: bool = False  # no adapter serves the destination
    content_faults: tuple[str, ...] = ()  # what the destination would not take as it is
    judged_by_author: bool = False
    slug_fault: str = ""  # why the destination will not have the slug of the newest version


def _facts(context: GateContext, row: Deliverable) -> DeliverableGateFacts:
    found: DeliverableGateFacts = context.facts.get(row.pk, DeliverableGateFacts())
    return found


def has_new_version(row: Deliverable, context: GateContext) -> GateResult:
    """Refuses work without a version, or with the version that was returned for rework."""
    if row.version_id is None:
        return refused(
            "version",
            _("No version has been uploaded."),
            clears_by=_("The assignee, by uploading a version"),
        )
    # The same version would fail the same checks, or get the same answer, once more.
    if row.version_id == row.reworked_id:
        return refused(
            "version",
            _("This version was returned for rework."),
            clears_by=_("The assignee, by uploading a new version"),
        )
    return passed("version", _("There is a version to review."))


def destination_takes_it(row: Deliverable, context: GateContext) -> GateResult:
    """Refuses a version that the destination would refuse or change."""
    faults = _facts(context, row).content_faults
    if faults:
        return refused(
            "content",
            _("The destination does not accept this version as it is."),
            evidence=" ".join(faults),
            clears_by=_("The assignee, by uploading a new version"),
        )
    return passed("content", _("The destination accepts the content as it is."))


def judgment_is_asked(row: Deliverable, context: ContextWith[SignOffDetails]) -> GateResult:
    """Refuses a sign-off that no check asks for, and a failed one without findings."""
    unsigned, signature = _facts(context, row).unsigned, context.details
    if signature is None:
        if unsigned:
            return passed("sign_off", _("A check needs a sign-off."), ", ".join(unsigned))
        return refused("sign_off", _("Nothing needs a sign-off."))
    # The operation takes the check out if it does not wait for a sign-off any more.
    if signature.check is None or signature.passed not in {True, False}:
        return refused("sign_off", _("Choose the check and whether it passed."), clears_by=_("You"))
    if signature.passed is False and not signature.note.strip():
        return refused("sign_off", _("Describe what must be fixed."), clears_by=_("You"))
    return passed("sign_off")


def not_its_author(row: Deliverable, context: GateContext) -> GateResult:
    """Refuses a sign-off by the author of the version."""
    if _facts(context, row).judged_by_author:
        return refused(
            "author",
            _("The author of a version cannot sign it off."),
            clears_by=_("Another QA reviewer"),
        )
    return passed("author")


def checks_passed(row: Deliverable, context: GateContext) -> GateResult:
    """Refuses a version with a failed check or a missing sign-off."""
    facts = _facts(context, row)
    if facts.failed or facts.unsigned:
        words = _("Not all checks have passed.")
        missing = ", ".join((*facts.failed, *facts.unsigned))
        return refused(
            "checks",
            words,
            evidence=missing,
            clears_by=_("QA reviewers, or the assignee with a new version"),
        )
    return passed("checks", _("All checks have passed."))


def _open(facts: DeliverableGateFacts) -> GateResult:
    words = _("An approval is already open.")
    return refused("question", words, evidence=facts.open_question, clears_by=_("The approvers"))


def agency_can_be_asked(row: Deliverable, context: GateContext) -> GateResult:
    """Refuses if an approval is open, or if the next stage does not ask the agency."""
    facts = _facts(context, row)
    if facts.open_question:
        return _open(facts)
    if facts.next_audience != Audience.INTERNAL:
        return refused("agency_stage", _("No approval stage for the agency is due."))
    if facts.needed > facts.colleagues:
        return _too_few(facts.needed, facts.colleagues, _("Operations leads"))
    return passed("agency_stage", _("The agency can be asked to approve."))


def _too_few(needed: int, able: int, clears_by: Words) -> GateResult:
    words = _("This stage needs %(needed)s approvals, and %(able)s people can give one.")
    return refused("quorum", words % {"needed": needed, "able": able}, clears_by=clears_by)


def client_can_be_asked(row: Deliverable, context: GateContext) -> GateResult:
    """
    Refuses if an approval is open, the agency has not approved, or the client has no approver.
    """
    facts = _facts(context, row)
    if facts.open_question:
        return _open(facts)
    if facts.next_audience == Audience.INTERNAL:
        return refused(
            "internal",
            _("The agency has not approved it yet."),
            clears_by=holders("delivery.approve_approval"),
        )
    if facts.next_audience != Audience.CLIENT:
        return refused("client_stage", _("There is no approval stage for the client."))
    return _approvers_can_be_asked(facts)


def _approvers_can_be_asked(facts: DeliverableGateFacts) -> GateResult:
    if not facts.approvers:
        words = _("The client has no approver.")
        clears = _("Account managers, by giving a contact the approver role")
        return refused("approvers", words, clears_by=clears, where=facts.clients_page)
    if facts.needed > facts.approvers:
        return _too_few(
            facts.needed,
            facts.approvers,
            _("Account managers, by giving contacts the approver role"),
        )
    if facts.reachable < facts.approvers:
        # Asking is still useful: the agency can ask these people itself and record their answer.
        words = _(
            "The client can be asked to approve. Approvers without portal access get no e-mail. "
            "Invite them or ask them yourself."
        )
        text = _("%(reachable)s of %(approvers)s approvers have access")
        return passed(
            "approvers",
            words,
            text % {"reachable": facts.reachable, "approvers": facts.approvers},
        )
    return passed("approvers", _("The client can be asked to approve."))


def slug_will_be_kept(row: Deliverable, context: GateContext) -> GateResult:
    """Refuses a slug that the destination would change, or that other work has there."""
    fault = _facts(context, row).slug_fault
    if fault:
        return refused(
            "slug",
            _("The page cannot have this slug."),
            evidence=fault,
            clears_by=_("The assignee, with a new version"),
        )
    return passed("slug", _("The destination will keep the slug."))


def has_destination(row: Deliverable, context: GateContext) -> GateResult:
    """Refuses work without a destination, with an inactive one, or with one by hand."""
    facts = _facts(context, row)
    if facts.destination and not facts.by_hand:
        return passed("destination", _("The destination is set."), facts.destination)
    if facts.destination:
        words = _("No adapter publishes there. Launch it by hand instead.")
        return refused("destination", words, evidence=facts.destination)
    return _without_destination(row)


def _without_destination(row: Deliverable) -> GateResult:
    if row.destination_id is None:
        return refused("destination", _("It has no destination. Hand over the files instead."))
    words = _("The destination is inactive.")
    return refused(
        "destination", words, clears_by=_("Operations leads, by reactivating the destination")
    )


def is_launched_by_hand(row: Deliverable, context: GateContext) -> GateResult:
    """Refuses work without an active destination, or with one that an adapter serves."""
    facts = _facts(context, row)
    if not facts.destination:
        return _without_destination(row)
    if not facts.by_hand:
        words = _("An adapter publishes there. Publish it instead.")
        return refused("destination", words, evidence=facts.destination)
    return passed("destination", _("A person launches it there."), facts.destination)


def has_no_destination(row: Deliverable, context: GateContext) -> GateResult:
    """Refuses to hand over files of work that is published."""
    if row.destination_id is None:
        return passed(
            "destination", _("This deliverable is files to hand over, not a page to publish.")
        )
    return refused(
        "destination",
        _("This deliverable goes live at its destination. It is not files to hand over."),
    )


def version_is_readable(row: Any, context: ContextWith[UploadDetails]) -> GateResult:
    """Refuses a version that cannot be stored."""
    fault = context.details.fault if context.details else ""
    if fault:
        return refused(
            "version", _("This version cannot be saved."), evidence=fault, clears_by=_("You")
        )
    return passed("version")
