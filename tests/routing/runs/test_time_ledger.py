"""Time ledger: whose time each second of a run was, from its history alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from delivery.models import Request
from delivery.requests.details import AnswerDetails, AskDetails
from delivery.requests.operations import requests
from routing.models import Run, WorkItem
from routing.runs.time_ledger import (
    CLOSED,
    PartySpan,
    WorkChange,
    party_spans,
    time_ledger,
)
from routing.work.operations import items
from tests.delivery.making import done, make_deliverables, record_request, say, with_the_client
from tests.desk import signed_in, url, words
from tests.portal import reachable
from tests.world import NOW, World, by

pytestmark = pytest.mark.requirement("L3")

HOUR = timedelta(hours=1)
AGENCY, CLIENT, VENDOR, INCIDENT = WorkItem.WaitingOn.values
ROOT = 1


def at(second: int) -> datetime:
    return datetime(2026, 3, 29, tzinfo=UTC) + timedelta(seconds=second)


def asked_and_answered(world: World) -> Request:
    """Recorded at NOW, waits for the client in its second and third hour, is held in its fifth."""
    reachable(world.acme)
    row = record_request(world, at=NOW)
    alice = by(world.alice)
    done(requests.ask([row.pk], by=alice, at=NOW + HOUR, details=AskDetails(question="Which?")))
    answer = AnswerDetails(details="All of them")
    done(requests.answer([row.pk], by=alice, at=NOW + 3 * HOUR, details=answer))
    done(items.hold([row.item_id], by=alice, at=NOW + 4 * HOUR, reason="Waits for a printer"))
    return row


def ledger_of(name: str, after: timedelta = 5 * HOUR) -> dict[str, Any]:
    """Return the answer of the command five hours after NOW, or as long after it as said."""
    out = StringIO()
    with time_machine.travel(NOW + after, tick=False):
        call_command("ledger", name, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


@pytest.mark.django_db
def test_segments_are_contiguous_and_sum_to_the_whole(world: World) -> None:
    row = asked_and_answered(world)
    run = Run.objects.get(item__run=row.item.run_id)

    found = ledger_of(run.item.ref)

    segments = found["segments"]
    assert [(each["party"], each["elapsed_s"]) for each in segments] == [
        ("agency", 3600),
        ("client", 2 * 3600),
        ("agency", 2 * 3600),
    ]
    assert found["schema"] == {"name": "throughline.ledger", "version": 1}
    assert found["elapsed_s"] == sum(each["elapsed_s"] for each in segments) == 5 * 3600
    assert found["counted_s"] == sum(each["counted_s"] for each in segments)
    assert all(one["to"] == other["from"] for one, other in pairwise(segments))
    assert found["by_party"] == {"agency": 3 * 3600, "client": 2 * 3600}


@pytest.mark.django_db
def test_of_a_week_the_working_hours_are_counted(world: World) -> None:
    row = asked_and_answered(world)

    found = ledger_of(row.item.ref, timedelta(days=7))

    counted = found["counted_s"]
    assert counted == sum(each["counted_s"] for each in found["segments"])
    assert 0 < counted < found["elapsed_s"] / 2


@pytest.mark.django_db
def test_each_segment_names_the_event_that_began_it(world: World) -> None:
    row = asked_and_answered(world)
    run = Run.objects.get(item__run=row.item.run_id)

    began = [each["event"] for each in ledger_of(run.item.ref)["segments"]]

    assert began[0]["kind"].startswith("desk.")
    assert [(each["kind"], each["ref"]) for each in began[1:]] == [
        ("delivery.request.ask", row.item.ref),
        ("delivery.request.answer", row.item.ref),
    ]


@pytest.mark.django_db
def test_the_client_has_the_time_in_which_all_open_parts_wait_for_it(world: World) -> None:
    page = with_the_client(world, make_deliverables(world)[0])
    root = page.request.item

    waited = time_ledger(root, NOW + 2 * HOUR)
    with time_machine.travel(NOW + 2 * HOUR, tick=False):
        say(page, "changes", "Please, with our new logo")
    changed = time_ledger(root, NOW + 3 * HOUR)

    assert [each.party for each in waited.segments] == [CLIENT]
    assert [(each.party, each.elapsed) for each in changed.segments] == [
        (CLIENT, 2 * HOUR),
        (AGENCY, HOUR),
    ]


@pytest.mark.django_db
def test_the_ledger_ends_with_the_work(world: World) -> None:
    row = record_request(world, at=NOW)
    done(requests.cancel([row.pk], by=by(world.alice), at=NOW + HOUR, reason="Not needed"))

    found = time_ledger(WorkItem.objects.get(pk=row.item_id), NOW + 9 * HOUR)

    assert (found.elapsed, [each.party for each in found.segments]) == (HOUR, [AGENCY])


@pytest.mark.django_db
def test_a_reader_of_the_run_sees_whose_time_it_was(
    world: World, without_second_factor: None
) -> None:
    row = asked_and_answered(world)
    with time_machine.travel(NOW + 5 * HOUR, tick=False):
        page = signed_in(world.alice).get(url(Run, "ledger", row.item.run_id))

    said = words(page)
    assert "5:00 hours in all" in said
    assert "Client 2:00" in said
    assert f"{row.item.ref}: Alice" in said


@pytest.mark.django_db
def test_work_that_nobody_knows_is_refused_with_an_example(world: World) -> None:
    with pytest.raises(CommandError, match="Nothing is known as nix-1"):
        call_command("ledger", "nix-1")


def test_time_in_which_the_work_was_closed_is_nobodys() -> None:
    changes = [WorkChange(at(10), ROOT, is_open=False), WorkChange(at(30), ROOT, is_open=True)]

    assert party_spans(ROOT, {}, changes, at(0), at(40)) == [
        PartySpan(at(0), at(10), AGENCY),
        PartySpan(at(10), at(30), CLOSED),
        PartySpan(at(30), at(40), AGENCY),
    ]


LENGTH = 40
PARENTS = {2: ROOT, 3: ROOT, 4: 2, 5: 2}
a_change = st.builds(
    WorkChange,
    st.integers(0, LENGTH - 1).map(at),
    st.sampled_from([ROOT, *PARENTS]),
    st.none() | st.booleans(),
    st.none() | st.sampled_from(["", CLIENT, VENDOR, INCIDENT]),
    st.none() | st.booleans(),
)


@given(st.lists(a_change, max_size=14))
def test_spans_are_those_of_counting_second_by_second(changes: list[WorkChange]) -> None:
    spans = party_spans(ROOT, PARENTS, changes, at(0), at(LENGTH))

    counted = [counted_at(changes, second) for second in range(LENGTH)]
    while counted and counted[-1] == CLOSED:
        counted.pop()
    told = [
        next((each.party for each in spans if each.start <= at(second) < each.end), "")
        for second in range(len(counted))
    ]
    assert told == counted
    assert sum((each.end - each.start for each in spans), timedelta()) == timedelta(
        seconds=len(counted)
    )
    assert all(
        one.end == other.start and one.party != other.party for one, other in pairwise(spans)
    )


def counted_at(changes: list[WorkChange], second: int) -> str:
    """Return the party of one second, from all changes up to then, one item after another."""
    is_open: dict[int, bool] = {ROOT: True}
    waits: dict[int, str] = {}
    stopped: dict[int, bool] = {}
    for change in sorted(changes, key=lambda each: each.at):
        if change.at <= at(second):
            if change.is_open is not None:
                is_open[change.item_id] = change.is_open
            if change.party is not None:
                waits[change.item_id] = change.party
            if change.stopped is not None:
                stopped[change.item_id] = change.stopped
    if not is_open[ROOT]:
        return CLOSED

    def whose(item: int) -> str:
        below = [part for part, over in PARENTS.items() if over == item and is_open.get(part)]
        parties = {whose(part) for part in below}
        if stopped.get(item) and not waits.get(item):
            return INCIDENT
        return waits.get(item) or (parties.pop() if len(parties) == 1 else AGENCY)

    return whose(ROOT)
