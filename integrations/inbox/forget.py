"""Remove an erased person's address from inbound webhooks and outbox messages."""

from __future__ import annotations

import re
from datetime import datetime

from django.db.models import Q

from integrations.base.links import ExternalLink
from integrations.inbox.models import Inbound
from integrations.outbox.models import Outbound
from routing.audit.places import Person, spare, theirs
from routing.kernel.sql import run
from routing.work.registry import eraser

# Both as bytes, for addresses that are not ASCII, and as text, for any case. No index can serve
# this, and an erasure is rare.
NAMING = """
    SELECT id FROM integrations_inbound
    WHERE position(%s::bytea IN raw) > 0 OR position(lower(%s) IN lower(encode(raw,
        'escape'))) > 0"""


@eraser
def forget_deliveries(contact_id: int, email: str, at: datetime) -> None:
    """
    Empty the bodies of all inbound webhooks with the address. Their digests and events stay.

    This reads every webhook.
    """
    if email:
        found = [key for (key,) in run(NAMING, [email.encode(), email])]
        Inbound.objects.filter(pk__in=found).update(raw=b"")


SENT = """
    UPDATE integrations_outbound
    SET content = regexp_replace(content::text, %(address)s, '', 'gi')::jsonb,
        evidence = regexp_replace(evidence::text, %(address)s, '', 'gi')::jsonb
    WHERE content::text ~* %(address)s OR evidence::text ~* %(address)s"""


@eraser
def forget_sent(contact_id: int, email: str, at: datetime) -> None:
    """
    Remove the address from all outbox messages, sent or not. The digests of their content stay.

    This reads every message.
    """
    if email:
        run(SENT, {"address": re.escape(email)})


@theirs(ExternalLink)
def links_of(person: Person) -> Q:
    return Q(contact=person.contact_id)


# An approved page on its way is sent as it was approved, or not at all.
spare(Outbound, Q(verb="publish", state__in=Outbound.unfinished_states), "on its way")
