"""Gates of a question to the client about a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from delivery.requests.details import AskDetails
from delivery.requests.models import Request
from routing.work.gates import ContextWith, GateContext, GateResult, passed, refused

A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuestionGateFacts:
    """
    ``answering`` names the people who can answer in the portal. ``called`` is true if the details
    name a person of the client and evidence of the call.
    """

    answering: str = ""
    called: bool = False


def reaches_somebody(row: Request, context: ContextWith[AskDetails]) -> GateResult:
    """Refuses a question that reaches nobody: neither in the portal nor in a recorded call."""
    facts: QuestionGateFacts = context.facts[row.pk]
    details = context.details
    tried = details is not None and (details.contact or details.evidence)
    if tried and not facts.called:
        return refused(
            "call",
            _("A recorded call needs the person at the client whom you called, and evidence."),
            clears_by=_("You"),
        )
    if facts.called:
        return passed("reach", _("The question was asked in a call."))
    if facts.answering:
        return passed("reach", _("Can answer in the portal:"), evidence=facts.answering)
    # The form opens nevertheless, because it is where a call is recorded.
    if context.preview:
        return passed("reach", _("Nobody at the client has access to the portal."))
    return refused(
        "reach",
        _("This question would reach nobody: no requester or approver has access to the portal."),
        clears_by=_("You: invite a contact to the portal, or call the client and record the call"),
    )


def can_be_reminded(row: Request, context: GateContext) -> GateResult:
    """Refuses a reminder that would reach nobody."""
    facts: QuestionGateFacts = context.facts[row.pk]
    if facts.answering:
        return passed("reach", _("Can answer in the portal:"), evidence=facts.answering)
    return refused(
        "reach",
        _("A reminder would reach nobody: no requester or approver has access to the portal."),
        clears_by=_("You: invite a contact to the portal, or call the client"),
    )


def was_not_asked_today(row: Request, context: GateContext) -> GateResult:
    """Refuses a reminder within 24 hours of the question or of another reminder."""
    last = row.reminded_at or row.asked_at or row.item.changed_at
    if context.at - last >= A_DAY:
        return passed("reminded", _("No reminder was sent today."))
    return refused(
        "reminded",
        _("They were asked or reminded less than a day ago."),
        clears_by=_("Nobody. Wait until tomorrow"),
    )
