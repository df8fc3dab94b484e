"""Operations on a request, from triage to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.requests.change_gates import impact_is_accepted
from delivery.requests.details import (
    AnswerDetails,
    AskDetails,
    DuplicateDetails,
    EditRequestDetails,
    RemindDetails,
)
from delivery.requests.gates import (
    asked_for_it,
    edit_fits,
    has_answer,
    has_question,
    original_fits,
    says_what_is_wanted,
)
from delivery.requests.models import Request
from delivery.requests.operations.asking_client import ask_client, remind_client, who_is_asked
from delivery.requests.question_gates import (
    can_be_reminded,
    reaches_somebody,
    was_not_asked_today,
)
from delivery.requests.reach import ASKING
from delivery.requests.rule_gates import (
    edit_keeps_rule,
    is_named_by_rule,
    is_tagged_by_rule,
    request_rules,
)
from delivery.requests.rules import NamingRule
from routing.kernel.roles import AM, EVERYONE, OPS, grant
from routing.people.actors import Actor
from routing.people.clients import Membership
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.items import WorkItem

grant("delivery.add_request", AM, OPS)
grant("delivery.view_request", *EVERYONE)


def named_original(
    rows: Sequence[Request], by: Actor, at: datetime, details: DuplicateDetails | None
) -> Mapping[int, str]:
    """
    Return the reference of the named original for each row that may point to it.

    The original belongs to the same client and is no duplicate itself.
    """
    # A button is drawn before anyone has named the original.
    if details is None:
        return {}
    named = (
        Request.objects.filter(pk=details.duplicate_of)
        .exclude(state=Request.State.DUPLICATE)
        .select_related("item")
        .first()
    )
    if named is None:
        return {}
    return {
        row.pk: named.item.ref
        for row in rows
        if row.item.client_id == named.item.client_id and row.pk != named.pk
    }


@dataclass(frozen=True, slots=True)
class EditFacts:
    """
    Whether the named contact belongs to the client or is the requester now, and the client's rule.
    """

    contact_fits: bool
    rule: NamingRule


def edit_facts(
    rows: Sequence[Request], by: Actor, at: datetime, details: EditRequestDetails | None
) -> Mapping[int, EditFacts]:
    contact = details.contact_id if details else None
    theirs: set[int] = set()
    if isinstance(contact, int):
        memberships = Membership.objects.filter(contact=contact, contact__erased_at=None)
        theirs = set(memberships.values_list("client_id", flat=True))
    # A button is drawn without them.
    rules = request_rules(rows, by, at, details) if details else {}
    # A requester who has left the client stays on the request until somebody changes it.
    return {
        row.pk: EditFacts(
            isinstance(contact, int)
            and (contact == row.contact_id or row.item.client_id in theirs),
            rules.get(row.pk) or NamingRule(""),
        )
        for row in rows
    }


def mark_behind_original(
    step: Operation[DuplicateDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: DuplicateDetails,
) -> list[OperationResult]:
    """Mark requests as duplicates while the original is locked as well."""
    together = [*ids, details.duplicate_of]
    with transaction.atomic(savepoint=False):
        items = Request.objects.filter(pk__in=together).values("item_id")
        # Two requests that name each other at the same time would both end as duplicates. The lock
        # makes the second one wait and see the state of the first. Items are locked by id, as
        # everywhere, so neither can deadlock; NO KEY leaves room for rows that refer to them.
        list(
            WorkItem.objects.filter(pk__in=items)
            .order_by("pk")
            .select_for_update(no_key=True)
            .values_list("pk")
        )
        return move(step, ids, by=by, at=at, reason=reason, details=details)


_BOTH = (AM, OPS)

triage = operation(
    Request,
    "triage",
    _("Triage"),
    done=_("%(who)s triaged the request"),
    may=_BOTH,
    gates=(says_what_is_wanted,),
)
accept = operation(
    Request,
    "accept",
    _("Accept"),
    done=_("%(who)s accepted the request"),
    may=_BOTH,
    gates=(says_what_is_wanted, impact_is_accepted, is_named_by_rule, is_tagged_by_rule),
    facts=request_rules,
)
ask = operation(
    Request,
    "ask",
    _("Ask client"),
    done=_("%(who)s asked the client a question"),
    may=_BOTH,
    gates=(has_question, reaches_somebody),
    facts=who_is_asked,
    details=AskDetails,
    for_gates=("contact", "evidence"),
    run=ask_client,
)
remind = operation(
    Request,
    "remind",
    _("Remind"),
    done=_("%(who)s reminded the client of the question"),
    may=_BOTH,
    gates=(can_be_reminded, was_not_asked_today),
    facts=who_is_asked,
    verb_details=RemindDetails,
    run=remind_client,
)
answer = operation(
    Request,
    "answer",
    _("Add answer"),
    done=_("%(who)s added an answer"),
    may=_BOTH,
    contacts=ASKING,
    gates=(has_answer,),
    details=AnswerDetails,
)
edit = operation(
    Request,
    "edit",
    _("Edit"),
    done=_("%(who)s edited the request"),
    may=_BOTH,
    gates=(edit_fits, edit_keeps_rule),
    facts=edit_facts,
    details=EditRequestDetails,
)
reject = operation(
    Request,
    "reject",
    _("Reject"),
    done=_("%(who)s rejected the request"),
    may=_BOTH,
    needs_reason=True,
    danger=True,
)
mark_duplicate = operation(
    Request,
    "mark_duplicate",
    _("Mark as duplicate"),
    done=_("%(who)s marked the request as a duplicate"),
    may=_BOTH,
    gates=(original_fits,),
    facts=named_original,
    run=mark_behind_original,
    details=DuplicateDetails,
    danger=True,
)
cancel = operation(
    Request,
    "cancel",
    _("Cancel"),
    done=_("%(who)s cancelled the request"),
    may=_BOTH,
    needs_reason=True,
    through_hold=True,
    danger=True,
)
withdraw = operation(
    Request,
    "withdraw",
    _("Withdraw"),
    done=_("%(who)s withdrew the request"),
    contacts=ASKING,
    gates=(asked_for_it,),
    through_hold=True,
    danger=True,
)
stall = operation(
    Request,
    "stall",
    _("Escalate to the owner"),
    done=_("%(who)s escalated the unanswered question to the owner"),
    system=True,
    through_hold=True,
)
wait_again = operation(
    Request,
    "wait_again",
    _("Wait for the client again"),
    done=_("%(who)s gave the turn back to the client: somebody can answer again"),
    system=True,
    through_hold=True,
    details=RemindDetails,
)
# These follow from something that has happened. A hold cannot undo that, and nothing would call
# them a second time, so they pass through a hold.
begin = operation(
    Request,
    "begin",
    _("Start delivery"),
    done=_("%(who)s started delivery"),
    system=True,
    through_hold=True,
)
deliver = operation(
    Request,
    "deliver",
    _("Deliver"),
    done=_("%(who)s marked the request as delivered"),
    system=True,
    through_hold=True,
)
close = operation(
    Request,
    "close",
    _("Close"),
    done=_("%(who)s closed the request"),
    system=True,
    through_hold=True,
)
