"""
Leads that came in by the agency's own form, and how far each got: some wait for a person, some are
briefs already.
"""

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
    ``client`` is whose it turned out to be, empty while nobody has said; ``missing`` are the fields
    nobody filled in.
    """

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
EARLIER = 48
TOGETHER = 8  # leads of one moment, as after a fair
WHY_ENDED = {
    "cancel": "Went to somebody else.",
    "close_unproven": "Delivered by hand, before the flow knew how to prove it.",
}
ENDINGS = ("cancel", "close_unproven", "close_unproven")
STILL_OPEN = 2  # of the last few of them


def _earlier() -> tuple[Lead, ...]:
    """
    Two months of leads before those; all but a few have ended, or nobody would look at what is due
    today.
    """
    return tuple(
        Lead(
            f"{WORK[place % len(WORK)]} {place // len(WORK) + 1}",
            str(4_000 + 1_750 * (place * 7 % 23)),
            1_460 - place // TOGETHER * TOGETHER * 28,
            CODES[place % len(CODES)],
            ends=ENDINGS[place % len(ENDINGS)] if place < EARLIER - STILL_OPEN else "",
        )
        for place in range(EARLIER)
    )


LEADS = (*_earlier(), *NAMED)


def tell_leads(clients: Mapping[str, Client], lead: Actor, at: datetime) -> Sequence[Run]:
    """
    Submit leads when they would have come in, those of one moment together, and let the operations
    lead settle what a person has to.
    """
    key = f"{SOURCE}:{at:%Y%m%d%H%M%S}"
    numbered = [(f"{key}:{place}", each) for place, each in enumerate(LEADS)]
    for age_h, same in groupby(numbered, key=lambda pair: pair[1].age_h):
        _tell(dict(same), clients, lead, at - timedelta(hours=age_h))
    return list(Run.objects.filter(source=SOURCE))


def _tell(
    told: Mapping[str, Lead], clients: Mapping[str, Client], lead: Actor, moment: datetime
) -> None:
    signals = [
        Signal(SOURCE, "form.submitted", key, "form", key, moment, _body(each))
        for key, each in told.items()
    ]
    capture(signals, by=Actor.system(), at=moment)
    _work(moment)
    runs = {
        run.subject_id: run.pk
        for run in Run.objects.filter(source=SOURCE, subject_id__in=list(told))
    }
    for key, each in told.items():
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
        ended = [runs[key] for key, each in told.items() if each.ends == verb]
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
