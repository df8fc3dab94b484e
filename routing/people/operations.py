"""Changes to clients and contacts that are recorded as events."""

from __future__ import annotations

from datetime import datetime

from routing.kernel.roles import AM, AUDITOR, EVERYONE, INTEGRATIONS, OPS, QA, grant
from routing.people.actors import Actor
from routing.people.clients import Contact
from routing.people.saving import tell

grant("routing.view_client", *EVERYONE)
grant("routing.add_client", AM, OPS)
grant("routing.change_client", AM, OPS)
grant("routing.view_contact", AM, QA, OPS, INTEGRATIONS, AUDITOR)
grant("routing.add_contact", AM, OPS)
grant("routing.change_contact", AM, OPS)
grant("routing.erase_contact", OPS)
grant("routing.view_destination", *EVERYONE)
for _verb in ("add", "change"):
    grant(f"routing.{_verb}_destination", AM, OPS)
for _verb in ("view", "add", "change", "delete"):
    grant(f"routing.{_verb}_membership", AM, OPS)


def save_contact(contact: Contact, *, by: Actor, at: datetime) -> None:
    """Save a contact, and record who did it and when."""
    # The event never says what changed: the contact may be erased, an event may not.
    new = contact.pk is None
    contact.save()
    tell(f"routing.contact.{'add' if new else 'edit'}", contact.pk, by=by, at=at)
