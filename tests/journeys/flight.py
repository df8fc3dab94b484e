"""
Deals in flight: from signed webhooks over real workers to the answer in the CRM, where they are
counted.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from threading import Event as Gate
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from redis import Redis

from config.up import QUEUES
from delivery.flows.lead_to_brief import publish_lead_to_brief
from delivery.models import Brief, Request
from demo.sandbox.crm import CRM, Stored
from integrations.models import Outbound
from integrations.outbox.crm import VERB
from routing.models import Decision, Dispatch, Event, Notification, Run
from routing.sla.operations.calendars import ensure_defaults
from tests.integrations.conftest import Sandbox
from tests.integrations.inbox.senders import make_connection, new_deal, send
from tests.processes import until
from tests.world import World, by

HELD_S = 8  # less than a call may take
SIGNALS = len(new_deal())


@dataclass
class Register(CRM):
    """A CRM that counts its writes, and keeps whoever writes waiting while its gate is shut."""

    writes: Counter[str] = field(default_factory=Counter)
    gate: Gate = field(default_factory=Gate)
    waiting: Gate = field(default_factory=Gate)

    def update(self, object_type: str, key: str, body: Mapping[str, Any], author: str) -> Stored:
        self.writes[key] += 1
        self.waiting.set()
        self.gate.wait(HELD_S)
        return super().update(object_type, key, body, author)


class Flight:
    def __init__(self, world: World, crm: Sandbox) -> None:
        assert isinstance(crm.crm, Register)
        self.crm, self.register, self.deals, self._numbers = crm, crm.crm, list[str](), count(1)
        make_connection("hubspot", world, base_url=crm.url)
        world.acme.domains.create(domain="acme.example")
        self._company = crm.company(name="ACM Ltd", domain="acme.example")
        self._contact = crm.contact(
            firstname="Carla", lastname="Client", email="carla@acme.example"
        )
        self.register.gate.set()

    def post(self, number: int) -> None:
        """New deals: each one creation and five changes, signed, and answered with 200."""
        ends = f"{timezone.now() + timedelta(days=60):%Y-%m-%d}"
        for _ in range(number):
            sold = {
                "dealname": f"Site {next(self._numbers)}",
                "amount": "12000",
                "deal_currency_code": "EUR",
                "agency_end_date": ends,
            }
            deal = self.crm.deal(company=self._company, contacts=(self._contact,), **sold)
            self.deals.append(deal)
            assert send(new_deal(int(deal))).status_code == 200

    @contextmanager
    def in_the_air(self, deals: int = 2) -> Iterator[None]:
        """
        Run the block while one answer to a write is still on its way and others wait for their
        turn.
        """
        self.register.gate.clear()
        self.register.waiting.clear()
        self.post(deals)
        until(self.register.waiting.is_set, "Nobody wrote to the CRM.")
        yield
        self.register.gate.set()

    def landed(self) -> bool:
        told = sum(
            "throughline_state" in self.crm.crm.read("deal", deal).properties for deal in self.deals
        )
        return (
            told == len(self.deals) == self._told().filter(state=Outbound.State.DELIVERED).count()
        )

    def land(self, what: str, meanwhile: Callable[[], object] = lambda: None) -> None:
        until(self.landed, what, meanwhile)

    def check(self, *, written: int = 1, others: int = 0) -> None:
        """
        Each deal once, here and there.

        :param others: requests that came of no deal
        :param written: how often at most the CRM was told the same: a worker that dies has no word
            for the next one
        """
        deals = len(self.deals)
        assert (
            Event.objects.filter(source="hubspot-main", subject_id__in=self.deals).count()
            == deals * SIGNALS
        )
        for model in (Run, Brief, Decision):
            assert model.objects.count() == deals, model.__name__
        assert Request.objects.count() == deals + others
        assert self._told().count() == deals
        assert Notification.objects.filter(words=Notification.Words.OWNS).count() == deals
        assert set(Run.objects.values_list("state", flat=True)) == {Run.State.IN_DELIVERY}
        assert not Dispatch.objects.exists()
        assert set(self.register.writes) == set(self.deals)
        assert max(self.register.writes.values()) <= written
        changed = Counter(
            (str(each["objectId"]), each["propertyName"])
            for each in self.crm.told
            if each["changeSource"] == "INTEGRATION"
        )
        assert set(changed.values()) == {1}

    def _told(self) -> QuerySet[Outbound]:
        return Outbound.objects.filter(verb=VERB)


@contextmanager
def flying(world: World, kind: type[Register] = Register) -> Iterator[Flight]:
    now = timezone.now()
    ensure_defaults(at=now)
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=now,
    )
    crm = Sandbox(kind)
    forget()
    try:
        yield Flight(world, crm)
    finally:
        crm.crm.gate.set()  # type: ignore[attr-defined]
        crm.stop()
        forget()


def forget() -> None:
    """
    Empty the queues that quick beats left in this run's Valkey and that would keep the next worker
    busy.
    """
    with Redis.from_url(os.environ["REDIS_URL"]) as broker:
        broker.delete(*QUEUES.split(","), "unacked", "unacked_index")
