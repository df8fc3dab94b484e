"""Declare the kinds of events that the adapters read, and the facts they bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

from django.utils.functional import lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from integrations.adapters.form.adapter import KIND
from integrations.adapters.hubspot.events import OBJECTS, VERBS
from integrations.adapters.hubspot.mapping import FIELDS, FULL_NAME, LIFECYCLE, OWNER, fields
from integrations.base.connections import Connection
from integrations.base.typed import amount, day, number, whole
from routing.flows.event_catalogue import CataloguedKind, EventField, catalogue
from routing.flows.fields import FieldType
from routing.flows.registry import fills, names_owner
from routing.work.gates import Words

HUBSPOT_KINDS = tuple(f"hubspot.{name}.{verb}" for name, verb in product(OBJECTS, VERBS))
CHANGE = "propertyChange"

_NOUNS: Mapping[str, Words] = {
    "deal": _("Deal"),
    "company": _("Company"),
    "contact": _("Contact"),
}
_DONE: Mapping[str, Words] = {
    "creation": _("{noun} created"),
    "deletion": _("{noun} deleted"),
    CHANGE: _("{noun} changed"),
    "merge": _("{noun} merged"),
    "restore": _("{noun} restored"),
    "associationChange": _("{noun} linked or unlinked"),
    "privacyDeletion": _("{noun} deleted for privacy"),
}
_LABELS: Mapping[str, Words] = {
    "deal.name": _("Name"),
    "deal.amount": _("Amount"),
    "deal.currency": _("Currency"),
    "deal.stage": _("Stage"),
    "deal.owner": _("Owner in the CRM"),
    "deal.hours": _("Hours sold"),
    "deal.rounds": _("Change rounds"),
    "deal.starts": _("Starts"),
    "deal.ends": _("Ends"),
    "deal.service": _("Service"),
    "company.name": _("Company"),
    "company.domain": _("Domain"),
    "company.territory": _("Country"),
    "company.size": _("Employees"),
    "company.lifecycle": _("Lifecycle stage of the company"),
    "contact.email": _("E-mail"),
    "contact.lifecycle": _("Lifecycle stage of the contact"),
}
_TYPES: Mapping[Any, FieldType] = {
    amount: FieldType.NUMBER,
    number: FieldType.NUMBER,
    whole: FieldType.NUMBER,
    day: FieldType.DATE,
}
# What every event of HubSpot has, and a person may ask for.
_ENVELOPE = (
    EventField("portalId", _("HubSpot account (number)")),
    EventField("changeSource", _("Changed by (HubSpot's word)")),
)
_OF_VERB: Mapping[str, tuple[EventField, ...]] = {
    CHANGE: (
        EventField("propertyName", _("Changed property (HubSpot's name)")),
        EventField("propertyValue", _("New value")),
    ),
    "associationChange": (EventField("associationType", _("Kind of link (HubSpot's word)")),),
}


def _fields(noun: str, verb: str) -> Sequence[EventField]:
    """Return the fields of events of HubSpot, with the properties that connections read."""
    found: dict[str, EventField] = {}
    if verb == CHANGE:
        settings = Connection.objects.filter(kind="hubspot").values_list("settings", flat=True)
        for each in ({}, *settings):
            read = fields(each if isinstance(each, dict) else {}, noun)
            for one in read:
                label, kind = _LABELS[one.name], _TYPES.get(one.typed, FieldType.TEXT)
                personal = one.name == OWNER or (noun == "contact" and one.name != LIFECYCLE)
                made = EventField(one.remote, label, kind, one.name, personal)
                found.setdefault(one.remote, made)
    return (*found.values(), *_OF_VERB.get(verb, ()), *_ENVELOPE)


def _hubspot(noun: str, verb: str) -> CataloguedKind:
    return CataloguedKind(
        f"hubspot.{noun}.{verb}",
        format_lazy(str(_DONE[verb]), noun=_NOUNS[noun]),
        lazystr("HubSpot"),
        partial(_fields, noun, verb),
        ("propertyName", "propertyValue") if verb == CHANGE else None,
    )


catalogue(
    CataloguedKind(KIND, _("Form submitted"), _("Website")),
    *(_hubspot(noun, verb) for noun, verb in product(sorted(OBJECTS), sorted(VERBS))),
)
fills(HUBSPOT_KINDS, [FULL_NAME, *(each.name for each in FIELDS)])
names_owner(OWNER)
