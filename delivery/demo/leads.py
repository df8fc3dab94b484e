"""Leads that came in by the agency's own form, and how far each got: some wait for a person, some are briefs already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from routing.actors import Actor
from routing.door import operations_of
from routing.models.clients import Client
from routing.models.runs import Run
from routing.operations.advance import advance
from routing.operations.capture import Signal, capture
from routing.operations.runs import fill_in

SOURCE = "demo-form"


@dataclass(frozen=True, slots=True)
class Lead:
    """``client`` is whose it turned out to be, empty while nobody has said; ``missing`` are the fields nobody filled in."""

    title: str
    amount: str
    age_h: float
    client: str = ""
    missing: tuple[str, ...] = ()
    ends: str = ""  # the verb that ended its run, some days later


NAMED = (
    Lead("Harbour festival site", "18000", 70, "FJD"),
    Lead("Rebrand of the lodge", "64000", 52, "BRW"),
    Lead("Grid live map", "52000", 46, "LUM"),
    Lead("Kyoto line app launch", "31000", 28, "SAK"),
    Lead("Trail run series", "9500", 22, "ACM"),
    Lead("Sleep study microsite", "14500", 9, "VHC"),
    Lead("Roastery tour booking", "7200", 6, "FJD", missing=("deal.ends",)),
    Lead("Winter tyre campaign", "21000", 3),
    Lead("Alpine huts film", "", 1, missing=("deal.amount",)),
)

WORK = (
    "Spring sale page",
    "Team portraits",
    "Menu redesign",
    "Annual report",
    "Job adverts",
    "Product film",
    "Fair stand graphics",
    "Price list",
)
CODES = ("ACM", "BRW", "FJD", "LUM", "SAK", "VHC")
ENDINGS = ("", "cancel", "close_unproven", "cancel", "close_unproven", "")


def _earlier() -> tuple[Lead, ...]:
    """Two months of leads before those, most of which have ended."""
    return tuple(
        Lead(
            f"{WORK[place % len(WORK)]} {place // len(WORK) + 1}",
            str(4_000 + 1_750 * (place * 7 % 23)),
            1_400 - place * 30,
            CODES[place % len(CODES)],
            ends=ENDINGS[place * 5 % len(ENDINGS)],
        )
        for place in range(48)
    )


LEADS = (*_earlier(), *NAMED)


def tell_leads(clients: Mapping[str, Client], lead: Actor, at: datetime) -> Sequence[Run]:
    """Submit each lead when it would have come in, and let the operations lead settle what a person has to."""
    system = Actor.system()
    for place, each in enumerate(LEADS):
        moment = at - timedelta(hours=each.age_h)
        key = f"{SOURCE}:{at:%Y%m%d%H%M%S}:{place}"
        capture([Signal(SOURCE, "form.submitted", key, "form", key, moment, _body(each))], by=system, at=moment)
        _work(moment)
        run = Run.objects.get(source=SOURCE, subject_id=key)
        if each.client:
            fill_in(run.pk, {}, client_id=clients[each.client].pk, by=lead, at=moment, reason="Known from the signature.")
            _work(moment + timedelta(minutes=1))
        if each.ends:
            ended = moment + timedelta(days=4)
            why = "Went to somebody else." if each.ends == "cancel" else "Delivered by hand before the flow knew how to prove it."
            operations_of(Run)[each.ends]([run.pk], by=lead, at=ended, reason=why)
    return list(Run.objects.filter(source=SOURCE))


def _work(at: datetime) -> None:
    advance(clock=lambda: at)


def _body(lead: Lead) -> dict[str, Any]:
    facts = {
        "deal.name": lead.title,
        "deal.amount": lead.amount,
        "deal.currency": "EUR",
        "deal.ends": "2027-06-30",
        "company.name": lead.title.split(" ")[0],
        "contact.name": "Sam Doyle",
        "contact.email": "sam.doyle@leads.example",
    }
    return {name: value for name, value in facts.items() if value and name not in lead.missing}
