"""
Work that is in the middle of something when its product stops: `python -m tests.upgrade.unfinished
REMEMBERED`.

It runs on the database of a demo whose workers have stopped, as the commit of that demo, through
that commit's own operations. The systems outside are sandboxes in this process; what they hold in
the end is written to the file REMEMBERED. In place of the file, `demo` loads that demo and
`deliver` is a worker, to be killed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import django

django.setup()

import psycopg  # noqa: E402  # models need the apps
from django.core.management import call_command  # noqa: E402
from django.db import connection as database  # noqa: E402
from django.utils.timezone import now  # noqa: E402

from delivery.models import Deliverable, Request  # noqa: E402
from demo.agency import leads  # noqa: E402
from demo.agency.agency import DOMAIN  # noqa: E402
from demo.agency.making import _Making  # noqa: E402
from demo.agency.outside import Outside, register  # noqa: E402
from demo.agency.pieces import APPROVED, DemoJob, DemoPiece  # noqa: E402
from demo.sandbox.cms import CMS  # noqa: E402
from demo.sandbox.cms_server import CmsFaults, serve_cms  # noqa: E402
from demo.sandbox.crm import CRM, Stored  # noqa: E402
from demo.sandbox.faults import InjectedFault  # noqa: E402
from demo.sandbox.server import serve  # noqa: E402
from integrations.connections.operations import ConnectionSettings, connect  # noqa: E402
from integrations.models import Outbound  # noqa: E402
from integrations.outbox.crm import update_deal  # noqa: E402
from integrations.outbox.deliver import deliver_due  # noqa: E402
from routing.kernel.events import Dispatch  # noqa: E402
from routing.models import Run, User  # noqa: E402
from routing.people.actors import Actor  # noqa: E402
from routing.runs.operations.capture import Signal, capture  # noqa: E402
from routing.runs.operations.process import process  # noqa: E402
from tests.upgrade.make import CMS_PORT, CMS_TOKEN, SANDBOX_PORT, TOKEN, until  # noqa: E402

REQUEST = "Patient leaflet: sleep study"  # of the demo: accepted, and without a brief
TITLES = (
    "Before your night here",
    "What we measure",
    "Your first morning",
    "Coming back",
    "Sleep at home",
)
TEXT = "<h2>{title}</h2><p>Six electrodes, one night and a quiet room. Bring what you sleep in, and a book.</p>"  # noqa: E501
REFUSED = InjectedFault(
    422, b'{"status": "error", "message": "Property throughline_state does not exist"}'
)
PARKED, BEGUN, WAITING = "990001", "990002", "990003"  # deals whose events came last
MEANT = {
    "leased": 2,
    "unknown": 1,
    "retrying": 1,
    "dead": 1,
    "held": 1,
    "superseded": 1,
    "pending": 2,
}


def demo() -> None:
    """
    All but most of the leads that came and went: each is a hundred rows of evidence, and digests do
    not compress.
    """
    leads.LEADS = (*leads.LEADS[: leads.TOGETHER], *leads.NAMED)
    call_command("demo")


class Outer:
    """A content system, a CRM, and the faults they are told to have."""

    def __init__(self) -> None:
        user, _, password = CMS_TOKEN.partition(":")
        self.cms, self.faults = CMS(user, password), CmsFaults()
        # Or the first thing that is sent there would be a category, and no post.
        self.cms.name("categories", "Journal")
        self.crm = CRM(portal_id=1, app_id=1, tell=lambda _change: None)
        for server in (
            serve_cms(self.cms, int(CMS_PORT), self.faults),
            serve(self.crm, TOKEN, int(SANDBOX_PORT)),
        ):
            Thread(target=server.serve_forever, daemon=True).start()

    def remembered(self) -> dict[str, Any]:
        deals = {key: deal.properties for key, deal in self.crm.objects["deal"].items()}
        return {
            "posts": [asdict(post) for post in self.cms.posts.values()],
            "terms": self.cms.terms,
            "deals": deals,
        }


class Pages:
    """
    The pages of one brief, each approved and on its way to the content system when it is asked for.
    """

    def __init__(self, at: datetime) -> None:
        url = f"http://127.0.0.1:{CMS_PORT}"
        wanted = ConnectionSettings(
            kind="wordpress",
            slug="cms",
            name="Clinic site",
            base_url=url,
            token=CMS_TOKEN,
            private=(url,),
        )
        connect(wanted, by=Actor.system(), at=at)
        register(Outside(lambda _at: ("wordpress", "cms"), lambda _at: None, lambda _at: None))
        pieces = [
            DemoPiece(title, (*APPROVED, "publish"), (TEXT.format(title=title),))
            for title in TITLES
        ]
        request = Request.objects.select_related("item__client").get(
            item__title=REQUEST, state=Request.State.ACCEPTED
        )
        assert request.item.client is not None
        job = DemoJob(
            request.item.client.code, REQUEST, "Plain language.", "Clinic pages", 6_000, pieces
        )
        self.making = _Making(job, request.item.client, request, at)
        lead = Actor.of(request.item.client.owner)
        self.making.people = {
            "lead": lead,
            "creative": person("tess"),
            "qa": person("ken"),
            "ops": person("olu"),
        }
        self.agreed = at - timedelta(hours=24)
        self.brief, self.pieces = self.making.agree(self.agreed), iter(pieces)

    def publish(self, number: int = 1) -> None:
        for _ in range(number):
            piece = next(self.pieces)
            row = Deliverable.objects.select_related("item", "version").get(
                brief=self.brief, item__title=piece.title
            )
            self.making.make(piece, row, self.agreed)


def person(name: str) -> Actor:
    return Actor.of(User.objects.get(email=f"{name}@{DOMAIN}"))


def killed_worker(outer: Outer) -> None:
    """A worker leases two pages, and dies while the content system is making the first of them."""
    outer.faults.add("slow")
    worker = subprocess.Popen([sys.executable, "-m", __spec__.name, "deliver"], env=os.environ)
    until(lambda: not outer.faults.waiting, "the worker never wrote anything", every_s=0.02)
    worker.kill()
    worker.wait(10)
    until(
        lambda: len(outer.cms.posts) == 1,
        "the content system never did what it was asked",
        every_s=0.1,
    )


def refused_deal(outer: Outer, run: Run) -> None:
    """What the CRM refuses is dead, and what is to be said after it is held."""
    remember(outer, run.subject_id)
    outer.crm.faults.add("PATCH", REFUSED)
    update_deal(run, {"state": "routed"}, by=Actor.system(), at=now())
    deliver_due(clock=now)
    update_deal(run, {"state": "in_delivery"}, by=Actor.system(), at=now())


def overtaken_deal(outer: Outer, run: Run) -> None:
    """Nobody has sent the older thing to say when the newer one takes its place."""
    remember(outer, run.subject_id)
    for state in ("routed", "in_delivery"):
        update_deal(run, {"state": state}, by=Actor.system(), at=now())


def remember(outer: Outer, key: str) -> None:
    outer.crm.objects["deal"][key] = Stored(key, {"dealname": f"Deal {key}"}, [], now(), now())


def events(outer: Outer) -> None:
    """
    One could not be dealt with and is put aside, one has begun its run, one nobody has looked at.
    """
    at = now() - timedelta(hours=1)
    come(outer, PARKED, at)
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner, database.cursor() as cursor:
        # Something outlasts every attempt.
        owner.execute("LOCK TABLE routing_runevent IN EXCLUSIVE MODE")
        cursor.execute("SET lock_timeout = '100ms'")
        while row := Dispatch.objects.filter(parked_reason="").first():
            process(at=row.due_at)
        cursor.execute("RESET lock_timeout")
    come(outer, BEGUN, now())
    process(at=now())
    come(outer, WAITING, now())


def come(outer: Outer, deal: str, at: datetime) -> None:
    remember(outer, deal)
    body = {"subscriptionType": "deal.creation", "objectId": int(deal), "portalId": 1}
    capture(
        [Signal("crm", "hubspot.deal.creation", f"{deal}:made", "deal", deal, at, body)],
        by=Actor.system(),
        at=at,
    )


def main(remembered: Path) -> None:
    """:raises AssertionError: if what is left is not what was meant"""
    outer, pages = Outer(), Pages(now())
    refused, overtaken = Run.objects.filter(source="crm", subject_type="deal").order_by("pk")
    pages.publish(2)
    killed_worker(outer)
    outer.faults.add("lost")
    pages.publish()
    deliver_due(clock=now)
    refused_deal(outer, refused)
    # The content system rests after it: nothing may be sent there from here on.
    outer.faults.add("429")
    pages.publish()
    deliver_due(clock=now)
    pages.publish()
    overtaken_deal(outer, overtaken)
    events(outer)
    left = Counter(
        Outbound.objects.filter(connection__slug__in=["cms", "crm"]).values_list("state", flat=True)
    )
    assert left == MEANT, left
    remembered.write_text(json.dumps(outer.remembered(), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "demo":
        demo()
    elif sys.argv[1] == "deliver":
        deliver_due(clock=now)
    else:
        main(Path(sys.argv[1]))
