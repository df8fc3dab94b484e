"""Figures of external systems: each attempt counts once, with its result and its length."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.models import Connection
from routing.figures.computing import FigureValue, compute
from routing.flows.models import Flow
from tests.integrations.outbox.remote import Shelf, Time, deliver, lost, send
from tests.integrations.outbox.test_crm import make_run
from tests.world import NOW, World, by

pytestmark = [pytest.mark.requirement("L6")]


def figure(world: World, name: str, *groups: str) -> list[FigureValue]:
    until = NOW + timedelta(days=1)
    return compute([name], actor=by(world.olga), by=groups, since=NOW, until=until)


def test_an_attempt_without_an_answer_is_an_error_and_its_repetition_is_not(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    run = make_run(world, "1", source="crm")
    shelf.after = [lost()]
    for number in range(4):
        send(connection, f"a{number}", run_id=run.pk, obj=f"thing:{number}")
        deliver(time.on(minutes=1))
    deliver(time.on(minutes=1))

    [rate] = figure(world, "system_error_rate", "connection")
    results = {each.by["outcome"]: each.n for each in figure(world, "system_error_rate", "outcome")}

    assert (rate.by, rate.n, rate.numerator, rate.value) == (
        {"connection": connection.slug},
        5,
        1,
        0.2,
    )
    assert results == {"delivered": 3, "found": 1, "unknown": 1}
    [latency] = figure(world, "system_latency_p90")
    assert (latency.n, latency.unit) == (5, "s")


def test_attempts_for_a_run_of_a_walkthrough_count_apart(
    connection: Connection, time: Time, world: World
) -> None:
    run = make_run(world, "1", source="crm")
    send(connection, "a", run_id=run.pk)
    deliver(time)
    [before] = figure(world, "system_latency_mean")
    Flow.objects.filter(pk=run.flow_id).update(slug="walkthrough-lead")

    [after] = figure(world, "system_latency_mean")

    assert (before.n, after.n) == (1, 0)
