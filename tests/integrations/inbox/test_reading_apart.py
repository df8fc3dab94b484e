"""I1: workers of their own read from other systems, so events and clocks never wait for these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from delivery.flows.lead_to_brief import publish_lead_to_brief
from delivery.models import Brief
from demo.sandbox.crm import Stored, Wrong
from demo.sandbox.faults import InjectedFault
from integrations.base import doorbell
from integrations.inbox.reading import call_due, read_due
from integrations.models import Connection, WorkerBeat
from integrations.outbox.heartbeat import end_dead_leases
from integrations.outbox.take import AT_ONCE, has_room
from integrations.tasks import read as task
from routing.models import ExceptionCase, Run, RunStep
from routing.runs.operations.advance import advance
from routing.runs.operations.enrich import enrich, lease_next
from routing.runs.operations.process import process
from routing.sla.operations.calendars import ensure_defaults
from routing.tasks import process_events
from tests.integrations.conftest import Sandbox
from tests.integrations.inbox.enriching import acme_deal
from tests.integrations.inbox.senders import make_connection, new_deal, send, submit
from tests.integrations.outbox.remote import Time
from tests.world import World, by

SOURCE = "hubspot-main"


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, str]]:
    """Record the calls for readers, instead of a thread that speaks to the broker."""
    heard: list[Mapping[str, str]] = []
    monkeypatch.setattr(doorbell.reading, "ring", heard.append)
    return heard


@pytest.fixture(autouse=True)
def flow(world: World, called: list[Mapping[str, str]]) -> None:
    ensure_defaults(at=timezone.now())
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=timezone.now(),
    )


@pytest.fixture
def other(world: World) -> Iterator[Sandbox]:
    """Another CRM."""
    made = Sandbox()
    make_connection("hubspot", world, slug="other", base_url=made.url)
    yield made
    made.stop()


def arrive(sandbox: Sandbox, number: int = 1, slug: str = SOURCE) -> None:
    for _ in range(number):
        ends = f"{timezone.now() + timedelta(days=60):%Y-%m-%d}"
        sold = {"amount": "12000", "deal_currency_code": "EUR", "agency_end_date": ends}
        deal = int(acme_deal(sandbox, **sold))
        assert send(new_deal(deal), slug=slug).status_code == 200


def work() -> None:
    advance(clock=timezone.now, apart=True)


def steps() -> list[RunStep]:
    return list(RunStep.objects.reading().unfinished().order_by("pk"))


def leased(at: datetime) -> int:
    return RunStep.objects.being_read(at).count()


def test_i1_the_worker_of_events_calls_no_system_and_calls_a_reader_instead(
    hubspot: Connection, sandbox: Sandbox, called: list[Mapping[str, str]]
) -> None:
    sandbox.crm.faults.add("GET", *[InjectedFault(503, b"{}")] * 9)
    arrive(sandbox, 2)

    process_events()

    assert {source: queue for each in called for source, queue in each.items()} == {
        SOURCE: "reading"
    }
    assert [(step.attempts, step.last_error) for step in steps()] == [(0, ""), (0, "")]
    sandbox.crm.faults.clear()


def test_i1_what_the_reader_read_becomes_a_brief(
    hubspot: Connection, sandbox: Sandbox, called: list[Mapping[str, str]], rings: list[str]
) -> None:
    arrive(sandbox, 3)
    work()
    rings.clear()

    assert read_due(SOURCE, clock=timezone.now) == 3
    assert "routing.tasks.process" in rings
    work()

    assert Brief.objects.count() == 3


def test_i1_a_slow_system_is_read_in_the_slow_queue_by_one_at_a_time(
    hubspot: Connection, sandbox: Sandbox, called: list[Mapping[str, str]]
) -> None:
    Connection.objects.update(call_s=8.0)
    arrive(sandbox, 2)
    work()
    assert called[-1] == {SOURCE: "outbound-slow"}
    called.clear()

    assert read_due(SOURCE, clock=timezone.now, queue="reading") == 0
    assert called == [{SOURCE: "outbound-slow"}]
    at = timezone.now()
    assert lease_next(SOURCE, at=at, worker=None)
    assert read_due(SOURCE, clock=lambda: at) == 0
    assert leased(at) == 1


def test_i1_one_connection_never_holds_every_child_of_the_quick_workers(
    hubspot: Connection, sandbox: Sandbox
) -> None:
    Connection.objects.update(call_s=0.1)
    hubspot.refresh_from_db()
    arrive(sandbox, AT_ONCE + 1)
    work()
    at = timezone.now()
    for _ in range(AT_ONCE):
        assert has_room(hubspot, at)
        assert lease_next(SOURCE, at=at, worker=None)

    assert not has_room(hubspot, at)
    assert not has_room(hubspot, at + timedelta(seconds=1))


def test_i1_steps_of_a_paused_connection_wait_without_an_attempt(
    hubspot: Connection, sandbox: Sandbox, called: list[Mapping[str, str]]
) -> None:
    Connection.objects.update(failures=5, paused_until=timezone.now() + timedelta(minutes=1))
    arrive(sandbox)

    work()
    call_due(at=timezone.now())
    assert read_due(SOURCE, clock=timezone.now) == 0

    assert [each for each in called if each] == []
    assert [step.attempts for step in steps()] == [0]


def test_i1_many_deals_of_a_slow_system_hide_no_form_and_no_deal_of_another(
    hubspot: Connection, sandbox: Sandbox, other: Sandbox, form: Connection
) -> None:
    arrive(sandbox, 3)
    submit({"type": "form.submitted", "data": {"company": {"name": "New", "domain": "new.test"}}})
    process(at=timezone.now())
    assert len(steps()) == 4

    assert enrich(clock=timezone.now, limit=2, apart=True) == 1
    assert {step.run.source for step in steps()} == {SOURCE}
    arrive(other, 1, "other")
    work()
    assert read_due("other", clock=timezone.now) == 1


def test_i1_a_task_reads_for_a_moment_and_queues_up_again_behind_others(
    hubspot: Connection, sandbox: Sandbox, called: list[Mapping[str, str]]
) -> None:
    arrive(sandbox, 3)
    work()
    called.clear()
    start = timezone.now()
    moments = (start + timedelta(seconds=each) for each in range(100))

    assert read_due(SOURCE, clock=lambda: next(moments)) == 1

    assert called == [{SOURCE: "reading"}]


def test_i1_beat_calls_readers_for_all_that_wait_and_each_reads_its_own(
    hubspot: Connection,
    sandbox: Sandbox,
    other: Sandbox,
    called: list[Mapping[str, str]],
) -> None:
    arrive(sandbox)
    arrive(other, 1, "other")
    process(at=timezone.now())

    task()
    assert called == [{SOURCE: "reading", "other": "reading"}]
    task(source=SOURCE)

    assert {step.run.source for step in steps()} == {"other"}


def test_i11_what_a_dead_worker_was_reading_is_read_by_another_within_seconds(
    hubspot: Connection, sandbox: Sandbox
) -> None:
    Connection.objects.update(call_s=8.0)
    arrive(sandbox)
    work()
    at = timezone.now()
    beat = WorkerBeat.objects.create(pk=uuid4(), host="here", pid=1, seen_at=at)
    assert lease_next(SOURCE, at=at, worker=beat.pk)

    end_dead_leases(at + timedelta(seconds=9))
    assert read_due(SOURCE, clock=lambda: at + timedelta(seconds=9)) == 0
    end_dead_leases(at + timedelta(seconds=11))
    assert read_due(SOURCE, clock=lambda: at + timedelta(seconds=11)) == 1

    assert steps() == []


def test_f1_a_deal_that_alone_cannot_be_read_pauses_nobody(
    hubspot: Connection, sandbox: Sandbox
) -> None:
    arrive(sandbox)
    work()
    at = timezone.now()
    body = b'{"message": "internal error"}'
    sandbox.crm.faults.add("GET", *[InjectedFault(500, body)] * 20)
    for minute in range(6):
        read_due(SOURCE, clock=Time(at + timedelta(minutes=10 * minute)))

    hubspot.refresh_from_db()

    assert (hubspot.failures, hubspot.paused_until) == (1, None)
    assert "internal error" in steps()[0].last_error


def test_f1_a_deal_that_alone_cannot_be_read_is_a_persons_after_three_tries(
    hubspot: Connection, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(sandbox)
    work()
    [bad] = steps()
    damaged, read = bad.run.subject_id, sandbox.crm.read

    def refuse(object_type: str, key: str) -> Stored:
        if key == damaged:
            raise Wrong(500, "This deal is damaged.")
        return read(object_type, key)

    monkeypatch.setattr(sandbox.crm, "read", refuse)
    at = timezone.now()
    for minute in range(3):
        arrive(sandbox)
        work()
        read_due(SOURCE, clock=Time(at + timedelta(minutes=minute)))

    bad = RunStep.objects.select_related("run").get(pk=bad.pk)
    assert (bad.state, bad.attempts) == (RunStep.State.STOPPED, 3)
    case = ExceptionCase.objects.get(run=bad.run)
    assert "500: This deal is damaged." in case.evidence["message"]
    assert Run.objects.filter(state=Run.State.WAITING).count() == 1
