"""
Conditions that drained events must meet before their speed counts.

Each check raises AssertionError with its finding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.db import connection
from django.utils.timezone import now

from bench import drain_limit, drain_naive, drain_set_orm, leads
from bench.drain_alike import SAME, Drain, ended
from bench.workers import Worker, together
from bench.world import World
from delivery.briefs.models import Brief
from delivery.requests.models import Request
from routing.kernel.events import Dispatch, Event
from routing.messages.models import Notification
from routing.people.actors import Actor
from routing.runs.decisions import Decision
from routing.runs.models import Run, RunEvent
from routing.runs.operations.advance import advance
from routing.runs.operations.capture import Capture, Signal, capture
from routing.runs.recompute import recompute_decision

Check = Callable[[Sequence[Worker]], None]
LEADS = 60
SHARED = 300  # between two workers
TABLES = (
    *(
        "routing_workitem",
        "routing_historicalworkitem",
        "routing_run",
        "routing_historicalrun",
        "routing_event",
        "routing_runevent",
    ),
    *(
        "routing_runstep",
        "routing_enrichment",
        "routing_decision",
        "routing_clock",
        "routing_clockmark",
        "routing_notification",
    ),
    *(
        "delivery_request",
        "delivery_historicalrequest",
        "delivery_brief",
        "delivery_historicalbrief",
        "routing_dispatch",
    ),
    *(
        "delivery_engagement",
        "delivery_historicalengagement",
        "integrations_externallink",
        "integrations_historicalexternallink",
    ),
)
DOUBLED = """
    SELECT count(*) FROM (
        SELECT r.id FROM routing_run r LEFT JOIN routing_workitem w ON w.run_id = r.id
            AND w.kind = 'request'
        LEFT JOIN delivery_request q ON q.item_id = w.id LEFT JOIN delivery_brief b
            ON b.request_id = q.id
        LEFT JOIN routing_notification n ON n.item_id = w.id LEFT JOIN routing_decision d
            ON d.run_id = r.id
        WHERE r.source = %s
        GROUP BY r.id HAVING count(*) <> 1 OR count(q.id) <> 1 OR count(b.id) <> 1
            OR count(n.id) <> 1 OR count(d.id) <> 1) AS wrong"""
TWICE = """
    SELECT count(*) FROM (SELECT 1 FROM routing_run WHERE source = %s
        GROUP BY flow_id, subject_id HAVING count(*) > 1) AS twice"""


def every_contender_writes_as_many_rows(workers: Sequence[Worker]) -> None:
    """Of each table and of each kind of event; except e-mails, which only ours writes."""
    written = {name: workers[0].do(_written, drain) for name, drain in DRAINS.items()}
    for name, rows in written.items():
        differ = {
            table: (many, written["ours"][table])
            for table, many in rows.items()
            if many != written["ours"][table]
        }
        assert not differ, f"{name}: {differ}"


def _written(world: World, drain: Drain) -> Mapping[str, int]:
    events = leads.submit(world, LEADS, now())
    before = _counted()
    drain(world, events)
    after = _counted()
    return {table: after[table] - before.get(table, 0) for table in after}


def ours(_world: World, _events: list[int]) -> None:
    advance(clock=now)


def set_orm(world: World, _events: list[int]) -> None:
    drain_set_orm.drain(world)


def limit(world: World, _events: list[int]) -> None:
    drain_limit.drain(world)


DRAINS: Mapping[str, Drain] = {
    "ours": ours,
    "naive": drain_naive.handle,
    "set_orm": set_orm,
    "limit": limit,
}
DECIDING = {"naive": 4, "set_orm": LEADS}  # so many leads each


def _counted() -> dict[str, int]:
    with connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute(f"SELECT count(*) FROM {table}")
            found[table] = int(cursor.fetchall()[0][0])
        cursor.execute("SELECT kind, count(*) FROM routing_event GROUP BY kind")
        return found | {kind: int(many) for kind, many in cursor.fetchall()}


def the_orm_decides_and_writes_the_same(workers: Sequence[Worker]) -> None:
    """
    Where equal leads end, through ours and through the ORM; not who of a team takes them, which
    goes in turns.
    """
    for name, many in DECIDING.items():
        first = leads.new_numbers(many)
        ours_numbers = [number + SAME for number in first]
        other_numbers = [number + 2 * SAME for number in first]
        one = workers[0].do(ended, DRAINS["ours"], ours_numbers)
        other = workers[0].do(ended, DRAINS[name], other_numbers)
        for ours_says, it_says in zip(one, other, strict=True):
            assert ours_says == it_says, f"{name}: {set(ours_says) ^ set(it_says)}"


def each_event_has_one_run_request_brief_and_message(workers: Sequence[Worker]) -> None:
    workers[0].do(_each_once)


def _each_once(world: World) -> None:
    events = leads.submit(world, LEADS, now())
    advance(clock=now)
    runs = list(
        RunEvent.objects.filter(event__in=events, part="started").values_list("run_id", flat=True)
    )
    assert len(set(runs)) == len(events)
    for model in (Request, Brief):
        assert model.objects.filter(item__run__in=runs).count() == len(events), model
    requests = Request.objects.filter(item__run__in=runs).values("item")
    assert Notification.objects.filter(item__in=requests).count() == len(events)
    assert set(Run.objects.filter(pk__in=runs).values_list("state", flat=True)) == {"in_delivery"}


def what_comes_again_joins(workers: Sequence[Worker]) -> None:
    """
    The same key is one event; another event about the same submission joins its run and makes no
    work.
    """
    workers[0].do(_again)


def _again(world: World) -> None:
    events = leads.submit(world, LEADS, now())
    numbers = [
        int(key) for key in Event.objects.filter(pk__in=events).values_list("subject_id", flat=True)
    ]
    signals = [
        Signal(leads.FORM, leads.KIND, str(number), "form", str(number), now(), leads.body(number))
        for number in numbers
    ]
    assert {each.outcome for each in capture(signals, by=Actor.system(), at=now())} == {
        Capture.REPEATED
    }
    advance(clock=now)
    runs, requests = Run.objects.count(), Request.objects.count()
    joining = leads.capture_these(numbers, now(), again="-again")
    advance(clock=now)
    assert (Run.objects.count(), Request.objects.count()) == (runs, requests)
    assert RunEvent.objects.filter(event__in=joining, part="joined").count() == len(numbers)


def two_workers_at_once_double_nothing(workers: Sequence[Worker]) -> None:
    """Both drain the same queue, in which every submission is there twice."""
    events = workers[0].do(_twice)
    together(workers, _drain)
    workers[0].do(_nothing_doubled, events)


def _twice(world: World) -> list[int]:
    first = leads.submit(world, SHARED, now())
    numbers = [
        int(key) for key in Event.objects.filter(pk__in=first).values_list("subject_id", flat=True)
    ]
    return first + leads.capture_these(numbers, now(), again="-twice")


def _drain(_world: World) -> None:
    while Dispatch.objects.exists():
        advance(clock=now)


def _nothing_doubled(_world: World, events: Sequence[int]) -> None:
    parts = RunEvent.objects.filter(event__in=events)
    runs = parts.values("run").distinct()
    found = (
        parts.filter(part="started").count(),
        parts.filter(part="joined").count(),
        runs.count(),
    )
    assert found == (SHARED, SHARED, SHARED), found
    assert Request.objects.filter(item__run__in=runs).count() == SHARED


def decisions_recompute_byte_for_byte(workers: Sequence[Worker]) -> None:
    workers[0].do(_recompute)


def _recompute(_world: World) -> None:
    decisions = Decision.objects.filter(run__source=leads.FORM).order_by("-pk")[:500]
    different = [decision.pk for decision in decisions if not recompute_decision(decision).same]
    assert decisions
    assert not different, different


def nothing_measured_was_lost_or_doubled(workers: Sequence[Worker]) -> None:
    workers[0].do(_whole)


def _whole(_world: World) -> None:
    assert not Dispatch.objects.exists()
    with connection.cursor() as cursor:
        for question in (DOUBLED, TWICE):
            cursor.execute(question, [leads.FORM])
            assert cursor.fetchall() == [(0,)], question


ALL: Mapping[str, Check] = {
    "rows_equal": every_contender_writes_as_many_rows,
    "orm_ends_alike": the_orm_decides_and_writes_the_same,
    "one_run_request_brief_and_message_per_event": each_event_has_one_run_request_brief_and_message,
    "duplicates_joined": what_comes_again_joins,
    "two_workers_double_nothing": two_workers_at_once_double_nothing,
}
AFTERWARDS: Mapping[str, Check] = {
    "decisions_recompute": decisions_recompute_byte_for_byte,
    "nothing_lost_or_doubled": nothing_measured_was_lost_or_doubled,
}
