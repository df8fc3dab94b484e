"""Leads from the agency's own form. Some wait for a person, and some are briefs already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from routing.people.actors import Actor
from routing.people.clients import Client
from routing.runs.models import Run
from routing.runs.operations.advance import advance
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.runs import fill_in
from routing.work.door import operations_of

SOURCE = "demo-form"


@dataclass(frozen=True, slots=True)
class Lead:
    """
    One submitted lead.

    ``client`` is empty while nobody has chosen one. ``missing`` are the fields that were left out.
    """

    title: str
    amount: str
    age_h: float
    client: str = ""
    missing: tuple[str, ...] = ()
    ends: str = ""  # the operation that ended its run some days later


# Leads whose work was done, see ``proven``.
DONE = (
    Lead("Ridge walk page", "5200", 520, "ACM"),
    Lead("Brew guide page", "4100", 430, "FJD"),
    Lead("Night train page", "6400", 400, "SAK"),
)
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
EARLIER = 48
TOGETHER = 8  # leads of one moment, as after a trade fair
WHY_ENDED = {
    "cancel": "The client chose another agency.",
    "close_unproven": "Delivered by hand, before the flow could prove it.",
}
ENDINGS = ("cancel", "close_unproven", "close_unproven")
STILL_OPEN = 2  # of the earlier ones


def _earlier() -> tuple[Lead, ...]:
    """
    Return two months of earlier leads.

    Most have ended, so that today's work is not lost among them.
    """
    leads = []
    for place in range(EARLIER):
        is_open = place >= EARLIER - STILL_OPEN
        lead = Lead(
            f"{WORK[place % len(WORK)]} {place // len(WORK) + 1}",
            str(4_000 + 1_750 * (place * 7 % 23)),
            1_460 - place // TOGETHER * TOGETHER * 28,
            CODES[place % len(CODES)],
            ends="" if is_open else ENDINGS[place % len(ENDINGS)],
        )
        leads.append(lead)
    return tuple(leads)


LEADS = (*_earlier(), *DONE, *NAMED)


def submit_leads(clients: Mapping[str, Client], lead: Actor, at: datetime) -> Sequence[Run]:
    """
    Submit the leads at their times, those of one moment together.

    The operations lead does what needs a person.
    """
    key = f"{SOURCE}:{at:%Y%m%d%H%M%S}"
    numbered = [(f"{key}:{place}", each) for place, each in enumerate(LEADS)]
    for age_h, same in groupby(numbered, key=lambda pair: pair[1].age_h):
        _submit(dict(same), clients, lead, at - timedelta(hours=age_h))
    return list(Run.objects.filter(source=SOURCE))


def _submit(
    leads: Mapping[str, Lead], clients: Mapping[str, Client], lead: Actor, moment: datetime
) -> None:
    signals = [
        Signal(SOURCE, "form.submitted", key, "form", key, moment, _body(each))
        for key, each in leads.items()
    ]
    capture(signals, by=Actor.system(), at=moment)
    _work(moment)
    started = Run.objects.filter(source=SOURCE, subject_id__in=list(leads))
    runs = {run.subject_id: run.pk for run in started}
    for key, each in leads.items():
        if each.client:
            fill_in(
                runs[key],
                {},
                client_id=clients[each.client].pk,
                by=lead,
                at=moment,
                reason="Known from the signature.",
            )
    _work(moment + timedelta(minutes=1))
    for verb, why in WHY_ENDED.items():
        ended = [runs[key] for key, each in leads.items() if each.ends == verb]
        operations_of(Run)[verb](ended, by=lead, at=moment + timedelta(days=4), reason=why)


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
