"""I1 and I11: a site that does not answer holds up no check of another site's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from integrations.adapters import registry
from integrations.base.adapter import Temporary
from integrations.models import Connection, Outbound, WorkerBeat
from integrations.outbox.heartbeat import end_dead_leases
from integrations.proof.leases import take
from integrations.proof.look import Proof
from integrations.publishing import probing
from integrations.publishing.publish import VERB
from routing.models import Outcome
from tests.integrations.inbox.senders import make_connection
from tests.integrations.outbox.remote import KIND, ShelfAdapter, Time, send
from tests.world import NOW, World, make_request


@pytest.fixture
def sites(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[Connection, Connection]:
    monkeypatch.setitem(registry._ADAPTERS, KIND, ShelfAdapter())
    silent, good = (make_connection(KIND, world, slug=slug) for slug in ("silent", "good"))
    return silent, good


def pages(world: World, site: Connection, number: int) -> list[Outcome]:
    made = []
    for each in range(number):
        item = make_request(world.acme).item
        [row] = send(site, f"{site.slug}-{each}", obj=f"page:{each}", verb=VERB, item_id=item.pk)
        Outbound.objects.filter(pk=row.pk).update(
            state="delivered", delivered_at=NOW, url=f"https://{site.slug}.example/{each}"
        )
        made.append(
            Outcome.objects.create(
                item=item, kind="live", expected_at=NOW, next_probe_at=NOW - timedelta(hours=1)
            )
        )
    return made


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sites whose pages were fetched, in order. One gives no answer, after ten seconds."""
    found: list[str] = []

    def probe(site: Connection, *_args: Any) -> Proof:
        found.append(site.slug)
        if site.slug == "silent":
            raise Temporary("No complete answer in time.")
        return Proof([], {})

    monkeypatch.setattr(probing, "probe", probe)
    return found


def test_i1_sites_take_turns_and_one_that_does_not_answer_is_asked_once_a_round(
    sites: tuple[Connection, Connection], world: World, looked: list[str]
) -> None:
    silent, good = sites
    pages(world, silent, 60)
    pages(world, good, 3)

    probing.probe_due(clock=Time())

    assert looked == ["silent", "good", "good", "good"]


def test_i1_a_round_ends_after_a_moment_and_the_next_goes_on(
    sites: tuple[Connection, Connection], world: World, looked: list[str]
) -> None:
    pages(world, sites[1], 4)
    moments = (NOW + timedelta(seconds=7 * each) for each in range(100))

    probing.probe_due(clock=lambda: next(moments))

    assert len(looked) < 4


def test_i11_what_a_dead_worker_was_looking_at_is_due_within_seconds(
    sites: tuple[Connection, Connection], world: World, looked: list[str]
) -> None:
    [page] = pages(world, sites[1], 1)
    beat = WorkerBeat.objects.create(pk=uuid4(), host="here", pid=1, seen_at=NOW)
    assert take(page.pk, NOW, beat.pk)

    end_dead_leases(NOW + timedelta(seconds=9))
    assert not Outcome.objects.due(NOW + timedelta(seconds=11)).exists()
    end_dead_leases(NOW + timedelta(seconds=11))
    assert Outcome.objects.due(NOW + timedelta(seconds=11)).exists()

    probing.probe_due(clock=Time(NOW + timedelta(seconds=11)), worker=beat.pk)
    end_dead_leases(NOW + timedelta(seconds=30))
    assert looked == ["good"]
    assert not Outcome.objects.due(NOW + timedelta(seconds=30)).exists()
