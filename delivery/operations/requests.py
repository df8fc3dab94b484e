"""What happens to a request, from its capture to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.gates import has_answer, has_question, original_fits, says_what_is_wanted
from delivery.models.requests import Request
from routing.actors import Actor
from routing.creation import create
from routing.door import operation
from routing.models.clients import Client, Contact
from routing.models.policies import SLAPolicy
from routing.models.work import WorkItem
from routing.operations.calendars import STANDARD
from routing.operations.clocks import start
from routing.roles import AM, EVERYONE, OPS, grant

grant("delivery.add_request", AM, OPS)
grant("delivery.view_request", *EVERYONE)


def open_request(
    *,
    client: Client,
    title: str,
    by: Actor,
    at: datetime,
    details: str = "",
    kind: str = Request.Kind.NEW,
    channel: str = Request.Channel.EMAIL,
    contact: Contact | None = None,
    wanted_date: date | None = None,
    priority: int = WorkItem.Priority.NORMAL,
    reason: str = "",
) -> Request:
    """
    Capture a request for ``client``, owned by the client's pair, and start the clocks of the standard policy.

    :param wanted_date: in the client's time zone
    :raises PermissionDenied: if ``by`` may not create requests
    """
    by.require("delivery.add_request", to="create requests")
    item = WorkItem(
        title=title, client=client, team_id=client.team_id, owner_id=client.owner_id, backup_id=client.backup_id, priority=priority
    )
    request = Request(item=item, kind=kind, channel=channel, details=details, contact=contact, wanted_date=wanted_date)
    with transaction.atomic():
        [made] = create([request], by=by, at=at, reason=reason)
        for policy in SLAPolicy.objects.filter(slug=STANDARD):
            start([made.item], policy, at)
    return made


def named_original(rows: Sequence[Request], by: Actor, at: datetime, details: Mapping[str, Any]) -> Mapping[int, str]:
    """For each row that the named request could be the original of, its reference: the same client's, and no duplicate itself."""
    named = Request.objects.filter(pk=details.get("duplicate_of")).exclude(state=Request.State.DUPLICATE).select_related("item").first()
    if named is None:
        return {}
    return {row.pk: named.item.ref for row in rows if row.item.client_id == named.item.client_id and row.pk != named.pk}


_BOTH = (AM, OPS)

triage = operation(Request, "triage", _("Triage"), may=_BOTH, gates=(says_what_is_wanted,))
accept = operation(Request, "accept", _("Accept"), may=_BOTH, gates=(says_what_is_wanted,))
ask = operation(Request, "ask", _("Ask the client"), may=_BOTH, gates=(has_question,), details=("question",))
answer = operation(Request, "answer", _("Add the answer"), may=_BOTH, gates=(has_answer,), details=("details",))
edit = operation(
    Request, "edit", _("Edit"), may=_BOTH, details=("title", "kind", "channel", "details", "wanted_date", "contact_id", "priority")
)
reject = operation(Request, "reject", _("Reject"), may=_BOTH, needs_reason=True, danger=True)
mark_duplicate = operation(
    Request,
    "mark_duplicate",
    _("Mark as duplicate"),
    may=_BOTH,
    gates=(original_fits,),
    facts=named_original,
    details=("duplicate_of",),
    danger=True,
)
cancel = operation(Request, "cancel", _("Cancel"), may=_BOTH, needs_reason=True, through_hold=True, danger=True)
begin = operation(Request, "begin", _("Begin delivery"), system=True)
deliver = operation(Request, "deliver", _("Deliver"), system=True)
close = operation(Request, "close", _("Close"), system=True)
