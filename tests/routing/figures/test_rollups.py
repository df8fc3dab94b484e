"""Roll-ups: equal to counting live, kept beside writers, and the same when they are rebuilt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from io import StringIO
from threading import Event as Flag
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from delivery.requests.operations import requests
from routing.figures.catalogue import figures_called
from routing.figures.computing import FigureValue, compute
from routing.figures.operations.rollups import rebuild, refresh
from routing.figures.sources import SOURCES, source_of
from routing.figures.spans import Span
from routing.kernel.roles import AM, CREATIVE
from routing.models import ClientMerge, Clock, Rollup, RollupState, User, WorkItem
from routing.people.actors import Actor
from routing.runs.details import NameClientDetails
from routing.runs.operations.identify import NAME_CLIENT
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import start
from routing.sla.operations.escalate import escalate
from routing.work.door import carry
from tests.routing.figures.agencies import ZONE, MadeAgency
from tests.world import NOW, World, by, make_client, make_request, make_user, make_world

pytestmark = [pytest.mark.requirement("L6")]
# A number has no smaller one that stands for a simpler agency.
MADE = (Phase.reuse, Phase.generate)
MINUTE = timedelta(minutes=1)
AUTUMN = (date(2026, 9, 15), date(2026, 12, 31))
GROUPS: tuple[tuple[str, ...], ...] = ((), ("client",), ("day",), ("week", "client"), ("month",))


def asked(name: str, who: User, span: Span, groups: Sequence[str] = ()) -> list[FigureValue]:
    return compute([name], actor=by(who), by=groups, since=span.since, until=span.until)


def plain(found: Sequence[FigureValue]) -> dict[Any, Any]:
    """Values by their groups, in no order, without their age."""
    return {
        tuple(each.by.items()): (
            each.n,
            pytest.approx(each.value),
            pytest.approx(each.numerator),
            each.why_null,
            each.labels,
        )
        for each in found
    }


def groups_of(name: str) -> list[tuple[str, ...]]:
    [source] = [each for each in SOURCES if each.name == name]
    kind = [("kind", *source.keys)] if source.by_kind else []
    return [*GROUPS, source.keys, (*source.keys, "week"), *kind]


@pytest.mark.django_db
@given(seed=st.integers(0, 2**32))
@settings(max_examples=1, phases=MADE)
def test_roll_ups_equal_what_is_counted_live(seed: int) -> None:
    _compare(seed)


@pytest.mark.drill
@pytest.mark.timeout(1800)
@pytest.mark.django_db
@given(seed=st.integers(0, 2**32))
@settings(max_examples=50, phases=MADE)
def test_roll_ups_of_fifty_agencies_equal_what_is_counted_live(seed: int) -> None:
    _compare(seed)


def _all(span: Span, people: Sequence[User]) -> dict[Any, Any]:
    """The values of all figures that are rolled up, by figure, groups and reader."""
    found = {}
    for source in SOURCES:
        for figure in figures_called([source.name]):
            for groups in groups_of(source.name):
                for who in people:
                    what = (figure.name, groups, who.email)
                    found[what] = plain(asked(figure.name, who, span, groups))
    return found


def _compare(seed: int) -> None:
    with transaction.atomic():
        world = make_world()
        agency = MadeAgency.of(world, seed, is_elsewhere=True)
        span = Span.of_days(*AUTUMN, agency.zone)
        stranger = make_user("Stan", AM)
        people = (world.olga, world.bob, stranger)
        live = _all(span, people)
        assert refresh(at=NOW)
        kept = _all(span, people)
        for what, found in live.items():
            assert kept[what] == found, what
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_roll_ups_are_read_while_they_are_new_and_of_whole_days(world: World) -> None:
    MadeAgency.of(world, 4)
    span = Span.of_days(*AUTUMN, ZONE)
    [live] = asked("breaches", world.olga, span)
    refresh(at=NOW - MINUTE)
    Rollup.objects.all().delete()  # so that a roll-up says 0

    def value(span: Span = span, who: User = world.olga, *groups: str) -> float | None:
        return sum(each.value or 0 for each in asked("breaches", who, span, groups))

    [read] = asked("breaches", world.olga, span)
    assert (live.value, read.value, read.lag_s) != (0, 0, 0)
    assert (read.value, read.lag_s) == (0, 60)
    part_of_a_day = Span(span.since + MINUTE, span.until)
    assert value(part_of_a_day) == live.value
    assert value(span, world.olga, "owner") == live.value
    RollupState.objects.update(as_of=NOW - MINUTE - timedelta(seconds=1))
    assert value() == live.value


@pytest.mark.django_db
def test_restricted_clients_do_not_leak_through_roll_ups(world: World) -> None:
    policy = ensure_defaults(at=NOW)
    secret = make_client("SEC", world.team, world.bob, world.olga, restricted=True)
    stranger, creative = make_user("Sam", AM), make_user("Cleo", CREATIVE)
    for client in (world.acme, secret):
        start([make_request(client, at=NOW).item], policy, NOW)
    escalate(at=NOW + timedelta(days=60))
    refresh(at=NOW)
    span = Span.of_days(date(2026, 11, 1), date(2027, 12, 31), ZONE)
    every, open_ones = (
        Clock.objects.filter(breached_at__isnull=False, **of).count()
        for of in ({}, {"item__client": world.acme})
    )

    found = {who: asked("breaches", who, span)[0] for who in (world.olga, stranger, creative)}

    assert 0 < open_ones < every
    assert [each.value for each in found.values()] == [every, open_ones, 0]
    # Of one's own work for a client that one does not see, only the work itself counts.
    [item] = WorkItem.objects.filter(client=secret)
    WorkItem.objects.filter(pk=item.pk).update(doer=stranger)
    assert asked("breaches", stranger, span)[0].value == every


@pytest.mark.django_db
def test_a_merged_client_counts_for_the_other_without_a_rebuild(world: World) -> None:
    policy = ensure_defaults(at=NOW)
    old = make_client("OLD", world.team, world.alice, world.bob)
    start([make_request(old, at=NOW).item], policy, NOW)
    escalate(at=NOW + timedelta(days=60))
    refresh(at=NOW)
    ClientMerge.objects.create(alias=old, into=world.acme, reason="One", by=world.olga, at=NOW)
    span = Span.of_days(date(2026, 11, 1), date(2027, 12, 31), ZONE)

    found = asked("breaches", world.alice, span, ["client"])

    assert [each.by["client"] for each in found] == [world.acme.code]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_what_is_kept_beside_writers_is_what_a_rebuild_makes(committed_world: World) -> None:
    world = committed_world
    policy = ensure_defaults(at=NOW)
    brew = make_client("BRW", world.team, world.bob, world.alice)
    early = make_request(world.acme, at=NOW - timedelta(days=9)).item
    start([early], policy, NOW - timedelta(days=9))
    escalate(at=NOW)
    refresh(at=NOW)
    written, seen = Flag(), Flag()

    def slow() -> None:
        """Commit after rows with higher ids were refreshed."""
        try:
            with transaction.atomic():
                start([make_request(brew, at=NOW - timedelta(days=2)).item], policy, NOW)
                moved = NameClientDetails(brew.pk)
                carry(NAME_CLIENT, [early.pk], by=Actor.system(), at=NOW, details=moved)
                written.set()
                assert seen.wait(30)
        finally:
            written.set()
            connection.close()

    def busy(days: int) -> None:
        try:
            for number in range(4):
                at = NOW - timedelta(days=days, hours=number)
                request = make_request(world.acme, at=at)
                start([request.item], policy, at)
                requests.triage([request.pk], by=by(world.alice), at=at + MINUTE)
                escalate(at=at + timedelta(days=30))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        late = pool.submit(slow)
        assert written.wait(30)
        others = [pool.submit(busy, days) for days in (1, 5)]
        for _ in range(5):
            refresh(at=NOW)
        for each in others:
            each.result(60)
        refresh(at=NOW)
        seen.set()
        late.result(60)

    last, again = refresh(at=NOW), refresh(at=NOW)
    done = rebuild(at=NOW)

    assert last
    assert last.changed > 0  # the early work was late, for another client now
    assert again
    assert again.changed == 0
    assert (done.changed, done.rows) == (0, Rollup.objects.count())
    assert Rollup.objects.filter(source="breaches", client=brew.pk).exists()


@pytest.mark.django_db
def test_a_rebuild_from_nothing_by_command_is_the_same(world: World) -> None:
    MadeAgency.of(world, 7)
    refresh(at=NOW)
    kept = list(Rollup.objects.order_by("source", "day", "client", "key").values_list("n", "took"))
    Rollup.objects.all().delete()

    first, second = (json.loads(_printed("rebuild", "--json")) for _ in range(2))

    made = list(Rollup.objects.order_by("source", "day", "client", "key").values_list("n", "took"))
    assert made == kept
    assert (first["rows"], first["changed"]) == (len(kept), len(kept))
    assert (second["rows"], second["changed"]) == (len(kept), 0)
    shown = json.loads(_printed("breaches", "--as", world.olga.email, "--json"))
    assert shown["lag_s"] == 0  # the clock of the tests stands still


def _printed(*words: str) -> str:
    out = StringIO()
    call_command("figures", *words, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_moved_calendar_moves_the_days(world: World) -> None:
    agency = MadeAgency.of(world, 9)
    refresh(at=NOW)
    agency.move("America/Santiago")

    before = source_of(figures_called(["breaches"])[0])
    done = refresh(at=NOW)

    assert before
    assert done
    assert done.days is None  # all of them
    assert rebuild(at=NOW).changed == 0
