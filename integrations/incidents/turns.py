"""Whose turn it is with incidents, and who is told of them."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from integrations.incidents.models import Incident
from integrations.incidents.operations import leading, opening
from integrations.incidents.operations.opening import leads_of_operations
from routing.messages.models import ANY_OPEN, Notification
from routing.messages.telling import tells, tells_nobody
from routing.work.creation import created
from routing.work.items import WorkItem
from routing.work.turns import BACKUP, OWNER, Party, People, nobodys_turn, turn

State, Words = Incident.State, Notification.Words


def _leads(items: Sequence[WorkItem]) -> People:
    found = leads_of_operations()
    return {item.pk: found for item in items}


def _affected(items: Sequence[WorkItem]) -> People:
    """Return whom the sweep told that their work waits."""
    told = Notification.objects.filter(item__in=items, words=Words.AFFECTED).order_by("pk")
    found: dict[int, list[int]] = {}
    for item, user in told.values_list("item_id", "recipient_id"):
        found.setdefault(item, []).append(user)
    return found


LEADS = Party("leads", _("Operations leads"), _leads, nobodys_turn, _("the operations leads"))
AFFECTED = Party(
    "affected",
    _("Owners of work that waits"),
    _affected,
    nobodys_turn,
    _("the owners of work that waits"),
)

turn(
    Incident,
    State.OPEN,
    party=OWNER,
    act=_("acknowledge the incident"),
    waits=_("Waits for %(who)s to acknowledge the incident since %(since)s"),
    by=("acknowledge", "close"),
    decision=True,
)
turn(
    Incident,
    State.ACKNOWLEDGED,
    party=OWNER,
    act=_("close the incident"),
    waits=_("Waits for %(who)s to close the incident since %(since)s"),
    by=("close",),
    decision=True,
)
tells(created(Incident), OWNER, BACKUP, LEADS, words=Words.INCIDENT, lasts=ANY_OPEN)
tells(
    leading.acknowledge,
    OWNER,
    BACKUP,
    LEADS,
    words=Words.CLAIMED,
    lasts=State.ACKNOWLEDGED,
)
tells(leading.close, OWNER, BACKUP, LEADS, AFFECTED, words=Words.INCIDENT_OVER)
tells_nobody(
    opening.join,
    leading.recover,
    leading.assess,
    leading.tick,
    leading.test,
    because=_("Whoever has to know was told when the incident was opened. Its page shows this."),
)
