"""Forget what was posted to us, and what we sent, about a person who is erased."""

from __future__ import annotations

import re
from datetime import datetime

from integrations.inbox.models import Inbound
from routing.kernel.sql import run
from routing.work.registry import eraser

NAMING = """
    SELECT id FROM integrations_inbound
    WHERE position(%s::bytea IN raw) > 0 OR position(lower(%s) IN lower(encode(raw,
        'escape'))) > 0"""


@eraser
def forget_deliveries(contact_id: int, email: str, at: datetime) -> None:
    """
    Empty the bytes of every delivery that names the address; its numbers, digest and events stay.
    Reads every delivery.
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
    Take the address out of what went out, or is still to go; the digests of what was written stay.
    Reads every row.
    """
    if email:
        run(SENT, {"address": re.escape(email)})
