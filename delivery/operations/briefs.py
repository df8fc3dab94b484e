"""What happens to a brief."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from delivery.models.briefs import Brief
from delivery.models.requests import Request
from routing.actions import react
from routing.actors import Actor
from routing.door import operation
from routing.roles import AM, EVERYONE, OPS, grant

grant("delivery.view_brief", *EVERYONE)
grant("delivery.view_engagement", *EVERYONE)
grant("delivery.add_engagement", AM, OPS)
grant("delivery.change_engagement", AM, OPS)

edit = operation(Brief, "edit", _("Edit"), may=(AM, OPS), details=("body",))
cancel = operation(Brief, "cancel", _("Cancel"), may=(AM, OPS), needs_reason=True, through_hold=True, danger=True)


@react("delivery.request.cancel", "delivery.request.reject", "delivery.request.mark_duplicate")
def cancel_with_request(requests: Sequence[Request], by: Actor, at: datetime) -> None:
    """A request that ends before its work is done takes its open briefs with it."""
    briefs = Brief.objects.filter(request__in=[request.pk for request in requests], state__in=Brief.open_states)
    ids = list(briefs.values_list("pk", flat=True))
    if ids:
        cancel(ids, by=Actor.system(), at=at, reason="Its request ended.")
