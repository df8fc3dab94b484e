"""Requests of the demo agency's clients, with the steps that each has taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from delivery.requests.models import Request
from routing.work.items import WorkItem

_K, _C, _P = Request.Kind, Request.Channel, WorkItem.Priority


@dataclass(frozen=True, slots=True)
class Step:
    verb: str
    after_h: float  # hours after the step before
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """
    One request.

    It was recorded ``age_h`` hours before loading, and is wanted ``wanted_d`` days after it.
    """

    client: str
    title: str
    details: str
    age_h: float
    steps: tuple[Step, ...] = ()
    wanted_d: int | None = None
    kind: str = _K.NEW
    channel: str = _C.EMAIL
    priority: int = _P.NORMAL
    evidence: str = ""
    chosen: tuple[str, str, str] | None = None  # owner and backup by first name, and why


TRIAGE, ACCEPT = Step("triage", 2), Step("accept", 20, "The hours are in this quarter's budget.")
BEGIN, DELIVER = Step("begin", 30), Step("deliver", 60)
CLOSE = Step("close_unproven", 24, "The cards were handed over in person, without a receipt.")
HANDED_OVER = Step(
    "hand_over",
    5,
    "Mara is at the Brightwater shoot this week.",
    {"owner": "olu", "backup": "mara", "doer": "tess"},
)


def _ask(question: str, after_h: float = 3) -> Step:
    return Step("ask", after_h, details={"question": question})


REQUESTS = (
    DemoRequest(
        "ACM",
        "Trail Week landing page",
        "One page for Trail Week with the three route films and a sign-up form.",
        3,
        wanted_d=12,
    ),
    DemoRequest(
        "ACM",
        "Size guide for boots",
        "",
        1.5,
        channel=_C.PHONE,
        evidence="Dana rang at lunch: too many boots come back. She sends the sizes tomorrow.",
        chosen=("jonas", "mara", "Jonas wrote the last size guide."),
    ),
    DemoRequest(
        "ACM",
        "Spring catalogue: 24 pages",
        "Print and web, the photos come from the last shoot.",
        520,
        (TRIAGE, ACCEPT, BEGIN),
        30,
    ),
    DemoRequest(
        "ACM",
        "Newsletter: repair days",
        "One issue, German and English.",
        96,
        (TRIAGE, ACCEPT, HANDED_OVER),
        9,
    ),
    DemoRequest(
        "ACM",
        "Repair days newsletter",
        "The newsletter about the repair days.",
        90,
        (Step("mark_duplicate", 4, details={"duplicate_of": 3}),),
    ),
    DemoRequest(
        "BRW",
        "Photo brief for the Lisbon house",
        "Rooms, roof terrace and kitchen, natural light.",
        50,
        (TRIAGE,),
        20,
        priority=_P.HIGH,
    ),
    DemoRequest(
        "BRW",
        "Menu cards, winter",
        "A5, two languages, from the chef's list.",
        700,
        (TRIAGE, ACCEPT, BEGIN, DELIVER, CLOSE),
    ),
    DemoRequest(
        "BRW",
        "Banner for the spa weekend",
        "",
        30,
        (_ask("Which weekend is it, and may we use the pool photo?"),),
        channel=_C.PHONE,
    ),
    DemoRequest(
        "BRW",
        "Booking page: wrong prices",
        "Suites show last year's prices.",
        5,
        (TRIAGE,),
        1,
        _K.CHANGE,
        _C.MEETING,
        _P.URGENT,
    ),
    DemoRequest(
        "BRW",
        "Brand film, 90 seconds",
        "A film for the lobby screens.",
        200,
        (TRIAGE, Step("reject", 26, "Film is not part of the contract.")),
    ),
    DemoRequest(
        "FJD",
        "Autumn roast campaign",
        "Three stills, one reel, posters for the bars.",
        260,
        (TRIAGE, ACCEPT, BEGIN),
        14,
        _K.CAMPAIGN,
    ),
    DemoRequest(
        "FJD",
        "Opening hours on the site",
        "All bars, from 1 December.",
        26,
        (TRIAGE, ACCEPT),
        6,
        _K.CHANGE,
    ),
    DemoRequest(
        "FJD",
        "Loyalty card artwork",
        "Front and back, with the new bean.",
        500,
        (TRIAGE, ACCEPT, BEGIN, DELIVER),
    ),
    DemoRequest(
        "FJD",
        "Recipe cards",
        "",
        8,
        (_ask("How many recipes, and who writes them?", 2),),
    ),
    DemoRequest(
        "FJD",
        "Cup sleeve for the Oslo bar",
        "A sleeve with the harbour drawing.",
        120,
        (TRIAGE, Step("hold", 10, "The bar's opening date is not fixed.")),
        25,
    ),
    DemoRequest(
        "LUM",
        "Tariff comparison page",
        "A table of the four tariffs, with a calculator.",
        72,
        (TRIAGE, ACCEPT),
        16,
        priority=_P.HIGH,
    ),
    DemoRequest(
        "LUM",
        "Solar roof campaign",
        "Leads for roofs in three cities.",
        20,
        (),
        28,
        _K.CAMPAIGN,
        _C.MEETING,
    ),
    DemoRequest(
        "LUM",
        "Annual report: typo on page 12",
        "Megawatt, not milliwatt.",
        6,
        (TRIAGE,),
        2,
        _K.CHANGE,
        priority=_P.URGENT,
    ),
    DemoRequest(
        "LUM",
        "Investor day slides",
        "Sixty slides in the new look.",
        300,
        (TRIAGE, Step("cancel", 50, "The investor day was called off.")),
    ),
    DemoRequest(
        "LUM",
        "Press pictures of the wind park",
        "",
        60,
        (
            _ask("Which park, and who gives access?"),
            Step(
                "answer",
                20,
                details={"details": "Park Nord. Katrin meets the photographer at gate 2."},
            ),
        ),
    ),
    DemoRequest(
        "SAK",
        "Station posters, Kyoto line",
        "B1, twelve stations, Japanese and English.",
        150,
        (TRIAGE, ACCEPT, BEGIN),
        10,
        _K.CAMPAIGN,
    ),
    DemoRequest(
        "SAK", "Timetable widget", "The next three trains, for the hotel sites.", 44, (TRIAGE,), 18
    ),
    DemoRequest("SAK", "Onboard magazine, issue 8", "", 2, channel=_C.MEETING),
    DemoRequest(
        "VHC",
        "Patient leaflet: sleep study",
        "Six pages, plain language, checked by the clinic.",
        110,
        (TRIAGE, ACCEPT),
        11,
        priority=_P.HIGH,
    ),
    DemoRequest(
        "VHC",
        "Clinic finder: two new sites",
        "Addresses and hours of Albany and Troy.",
        10,
        (TRIAGE,),
        4,
        _K.CHANGE,
    ),
)
