"""Operations on an approval."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from delivery.approvals import gates
from delivery.approvals.details import DecideDetails, RecordDetails, StandInDetails
from delivery.approvals.models import Approval
from delivery.approvals.operations.answering import answer, record
from delivery.approvals.operations.approval_facts import approval_facts
from delivery.approvals.operations.settling import stand_in
from routing.kernel.roles import AM, OPS
from routing.people.clients import Membership
from routing.work.door import operation

_MAY = (AM, OPS)
_CLIENTS = (Membership.Role.APPROVER,)
_ASKED = (gates.saw_this_version, gates.still_asked, gates.asks_me)

approve = operation(
    Approval,
    "approve",
    _("Approve"),
    done=_("%(who)s approved the version"),
    may=_MAY,
    contacts=_CLIENTS,
    # More approvals may be needed.
    becomes=("answer",),
    gates=_ASKED,
    facts=approval_facts,
    details=DecideDetails,
    for_gates=("digest", "comment", "uploads"),
    run=answer,
)
request_changes = operation(
    Approval,
    "request_changes",
    _("Request changes"),
    done=_("%(who)s requested changes"),
    may=_MAY,
    contacts=_CLIENTS,
    gates=(*_ASKED, gates.says_what_to_change),
    facts=approval_facts,
    details=DecideDetails,
    for_gates=("digest", "comment", "uploads"),
    run=answer,
)
reject = operation(
    Approval,
    "reject",
    _("Reject"),
    done=_("%(who)s rejected the version"),
    may=_MAY,
    contacts=_CLIENTS,
    gates=(*_ASKED, gates.says_what_to_change),
    facts=approval_facts,
    details=DecideDetails,
    for_gates=("digest", "comment", "uploads"),
    run=answer,
    danger=True,
)
record_answer = operation(
    Approval,
    "record",
    _("Record the client's decision"),
    done=_("%(who)s recorded the client's decision"),
    may=_MAY,
    becomes=("answer", "approve", "request_changes", "reject"),
    gates=(gates.record_is_evidenced,),
    facts=approval_facts,
    details=RecordDetails,
    for_gates=("word", "contact", "comment", "evidence"),
    run=record,
)
one_of_several = operation(
    Approval,
    "answer",
    _("Answer as one of several"),
    done=_("%(who)s approved; more approvals are needed"),
    system=True,
)
withdraw = operation(
    Approval,
    "withdraw",
    _("Withdraw"),
    done=_("%(who)s withdrew the approval request"),
    system=True,
    through_hold=True,
)
expire = operation(
    Approval,
    "expire",
    _("Expire"),
    done=_("%(who)s closed the approval request after its deadline"),
    system=True,
    through_hold=True,
)
supersede = operation(
    Approval,
    "supersede",
    _("Supersede"),
    done=_("%(who)s replaced the approval request for a newer version"),
    system=True,
    through_hold=True,
)
drop_out = operation(
    Approval,
    "drop_out",
    _("Drop out"),
    done=_("%(who)s took somebody out who can no longer answer"),
    system=True,
    through_hold=True,
)
name_stand_in = operation(
    Approval,
    "name_stand_in",
    _("Name stand-in"),
    done=_("%(who)s asked somebody else as well"),
    may=_MAY,
    gates=(gates.still_asked, gates.misses_someone, gates.stand_in_fits),
    facts=approval_facts,
    details=StandInDetails,
    for_gates=("user", "contact"),
    run=stand_in,
)
nudge = operation(
    Approval,
    "nudge",
    _("Remind client"),
    done=_("%(who)s reminded the client"),
    may=_MAY,
    gates=(gates.is_the_clients, gates.was_not_reminded_today),
)
see = operation(
    Approval,
    "see",
    _("Mark as seen"),
    done=_("%(who)s opened the version"),
    contacts=_CLIENTS,
    system=True,
    through_hold=True,
)
