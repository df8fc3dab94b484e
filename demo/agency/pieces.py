"""Deliverables of the demo agency: the pieces of three requests, in every state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from delivery.deliverables.formats import Format

# The state of a piece, given as the steps that led to it.
START, UPLOAD, SUBMIT, PASS = "start", "upload", "submit", "pass"
MADE = (START, UPLOAD, SUBMIT)
JUDGED = (*MADE, PASS)
ASKED = (*JUDGED, "approve", "ask_client")
AGAIN = (*ASKED, "client_changes", "upload", SUBMIT, PASS, "approve", "ask_client")
APPROVED = (*ASKED, "client_approves")


@dataclass(frozen=True, slots=True)
class DemoPiece:
    """
    One deliverable.

    Its first step was taken ``after_h`` hours after the brief was agreed. ``texts`` are its
    versions in order.
    """

    title: str
    steps: Sequence[str]
    texts: Sequence[str]
    amount: int = 900
    hours: int = 8
    due_d: int = 10  # days after loading
    format: str = Format.PAGE.value
    published: bool = True
    after_h: float = 4
    slug: str = ""  # empty: made from the title
    note: str = ""  # a comment where it was refused


@dataclass(frozen=True, slots=True)
class DemoJob:
    """A request of the demo, named by client and title, with the plan of its brief."""

    client: str
    title: str
    body: str
    place: str  # the name of the destination
    sold: int
    pieces: Sequence[DemoPiece]


TRAIL = (
    "<h2>Three days, three ridges</h2><p>From 14 May we walk the Hollow, the Saddle and the North "
    "Ridge. Each evening ends at a hut"
    ' with soup and a film about the route.</p><img src="asset:trail.png" alt="A path along a '
    'green ridge under a wide sky">'
    "<h2>What to bring</h2><ul><li>Boots that have been worn before</li><li>A jacket against the "
    "wind</li><li>A cup</li></ul>"
)
TRAIL_EARLY = TRAIL.replace("<h2>What to bring</h2>", "<h4>What to bring</h4>").replace(
    ' alt="A path along a green ridge under a wide sky"', ""
)
SIZES = (
    "<h2>Measure in the evening</h2><p>Feet are larger then. Stand on a sheet of paper, mark heel "
    "and toe, and measure.</p>"
    "<table><thead><tr><th>EU</th><th>Centimetres</th></tr></thead><tbody><tr><td>38</td><td>24.0</td></tr><tr><td>42</td><td>26.7</td></tr></tbody></table>"
)
REPAIR = (
    "<h2>Bring it, we mend it</h2><p>On the first Saturday of every month our workshop mends zips, "
    "seams and soles while you wait.</p>"
    '<p><a href="https://acme-outdoor.example/workshop">Book a place in the workshop</a></p>'
)
REPAIR_SHORTER = REPAIR.replace(" while you wait", "")
ROAST = (
    "<h2>Dark, but not bitter</h2><p>The autumn roast comes from two farms in Huila. We roast it "
    "in small batches on Tuesdays, and it is"
    " on the bar by Thursday.</p><p>Try it as a cortado.</p>"
)
HARBOUR = "<h2>A bar by the water</h2><p>The Oslo bar opens at seven for those who take the first ferry.</p>"  # noqa: E501
KYOTO = "<h2>Twelve stations, one line</h2><p>From Nijo to Kameoka the line follows the river. Get off where the maples are.</p>"  # noqa: E501

JOBS = (
    DemoJob(
        "ACM",
        "Spring catalogue: 24 pages",
        "The spring range as pages of the journal, with a printed catalogue to hand over. Voice: "
        "plain, outdoors, no superlatives.",
        "Acme journal",
        16_000,
        (
            DemoPiece(
                "Trail Week: three days, three ridges",
                (*MADE,),
                (TRAIL_EARLY,),
                1_800,
                14,
                4,
                after_h=300,
            ),
            DemoPiece("How boots should fit", ASKED, (SIZES,), 950, 7, 2),
            DemoPiece(
                "Repair days in the workshop",
                AGAIN,
                (REPAIR, REPAIR_SHORTER),
                note="“While you wait” is a promise we cannot keep.",
            ),
            DemoPiece("Winter jackets, cared for", (*APPROVED, "go_live"), (REPAIR,), after_h=30),
            DemoPiece(
                "Last season's tents", (*APPROVED, "go_live", "archive"), (TRAIL,), after_h=6
            ),
            DemoPiece(
                "Hut map",
                (*APPROVED, "fail_publishing"),
                (SIZES,),
                after_h=200,
                slug="hut-map-of-the-shop",
            ),  # an address that somebody else has taken on the site
            DemoPiece(
                "Catalogue for print",
                (*APPROVED, "hand_out"),
                (REPAIR,),
                4_200,
                40,
                1,
                Format.FILE.value,
                published=False,
                after_h=90,
            ),
        ),
    ),
    DemoJob(
        "FJD",
        "Autumn roast campaign",
        "Three stories about the autumn roast and the bars. Every story names the farm.",
        "Fjord stories",
        9_000,
        (
            DemoPiece(
                "The autumn roast, farm by farm",
                (*MADE, "fail"),
                (ROAST,),
                note="It reads like an advertisement. Begin with the farm.",
            ),
            DemoPiece("Harbour bar, first ferry", JUDGED, (HARBOUR,), 700, 6, 3, after_h=120),
            DemoPiece("Cortado at home", (*MADE,), (ROAST,), 700, 6, 5, after_h=150),
            DemoPiece("Beans for the office", (START, UPLOAD), (ROAST,), 650, 5, 8, after_h=160),
            DemoPiece(
                "Barista of the month", APPROVED, (HARBOUR,), 500, 4, 6, published=False, after_h=60
            ),
            DemoPiece(
                "Iced coffee, out of season",
                (START, "cancel"),
                (),
                500,
                4,
                after_h=20,
                note="Not before spring.",
            ),
        ),
    ),
    DemoJob(
        "SAK",
        "Station posters, Kyoto line",
        "A page for each station, and the posters as files. Japanese follows once the English text "
        "is approved.",
        "Kyoto line site",
        22_000,
        (
            DemoPiece("Twelve stations, one line", (*APPROVED, "publish"), (KYOTO,), 2_400, 20, 2),
            DemoPiece("Nijo: the castle moat", (), (), 1_100, 9, 12),
            DemoPiece("Kameoka: the river boats", (START,), (), 1_100, 9, 9, after_h=40),
        ),
    ),
)
