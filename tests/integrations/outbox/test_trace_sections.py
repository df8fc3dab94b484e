"""A run's trace tells what went out for it, and a run that is called off sends nothing more."""

from __future__ import annotations

import pytest

from integrations.models import Connection
from integrations.outbox.trace_sections import attempts
from routing.models import Run
from routing.runs.operations.runs import cancel
from routing.runs.trace import trace
from tests.integrations.outbox.remote import Shelf, Time, deliver, lost, send, state_of
from tests.integrations.outbox.test_crm import make_run
from tests.world import NOW, World, by


@pytest.mark.requirement("R11", "R15")
def test_a_trace_tells_each_intent_and_each_attempt(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    run = make_run(world, "1", source="crm")
    shelf.after = [lost()]
    send(connection, "a", run_id=run.pk)
    deliver(time)
    deliver(time.on(minutes=1))

    told = [(entry.section, entry.data.get("outcome", "")) for entry in attempts(run)]

    assert told == [("outbound", ""), ("attempt", "unknown"), ("attempt", "found")]
    assert {entry.section for entry in trace(Run.objects.get(pk=run.pk)).entries} >= {
        "outbound",
        "attempt",
    }


def test_a_run_that_is_called_off_sends_nothing_more(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    run = make_run(world, "1", source="crm")
    shelf.after = [lost()]
    send(connection, "begun", run_id=run.pk, obj="thing:1")
    deliver(time)
    send(connection, "not-begun", run_id=run.pk, obj="thing:2")

    [result] = cancel([run.pk], by=by(world.olga), at=NOW, reason="The client withdrew.")
    deliver(time.on(minutes=1))

    assert result.done
    assert (state_of("begun"), state_of("not-begun")) == ("delivered", "discarded")
