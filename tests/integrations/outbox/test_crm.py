"""
A deal in the CRM learns what became of it, once, over real HTTP, whatever happens to the answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from demo.sandbox.faults import InjectedFault
from integrations.connections.operations import ConnectionSettings, connect
from integrations.http import client as http
from integrations.models import Attempt, Connection, Outbound
from integrations.outbox.crm import VERB, update_deal, update_ended, update_routed
from routing.kernel.reasons import Reason
from routing.models import Event, ExceptionCase, Flow, FlowVersion, Run, RunEvent, WorkItem
from routing.people.actors import Actor
from routing.runs.operations.process import process
from routing.work.creation import create
from tests.integrations.conftest import Sandbox
from tests.integrations.inbox.senders import event, make_connection, send
from tests.integrations.outbox.remote import Time, deliver, outcomes_of
from tests.world import NOW, World

pytestmark = pytest.mark.requirement("N1", "N5", "Q9", "R9", "U7")

SYSTEM = Actor.system


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.stop()


@pytest.fixture
def hubspot(world: World, sandbox: Sandbox) -> Connection:
    return make_connection("hubspot", world, base_url=sandbox.url)


def make_run(world: World, deal: str, source: str = "hubspot-main") -> Run:
    flow, _ = Flow.objects.get_or_create(
        slug="leads", defaults={"name": "Leads", "owner": world.olga, "backup": world.bob}
    )
    version = FlowVersion.objects.filter(flow=flow).first() or FlowVersion.objects.create(
        flow=flow, number=1, action="delivery.open_request"
    )
    item = WorkItem(
        title="A deal", client=world.acme, owner_id=world.alice.pk, backup_id=world.bob.pk
    )
    row = Run(
        item=item,
        flow=flow,
        version=version,
        source=source,
        subject_type="deal",
        subject_id=deal,
        state=Run.State.ROUTED,
    )
    [made] = create([row], by=Actor.system(), at=NOW)
    return made


def only() -> Outbound:
    return Outbound.objects.get(verb=VERB)


def properties(sandbox: Sandbox, deal: str) -> dict[str, str]:
    return sandbox.crm.read("deal", deal).properties


def test_a_routed_run_tells_its_deal_who_owns_it(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    deal = sandbox.deal(dealname="Site")

    update_routed([make_run(world, deal)], SYSTEM(), NOW)
    deliver(time)

    assert properties(sandbox, deal) == {
        "dealname": "Site",
        "throughline_state": "routed",
        "throughline_owner": "Alice",
    }
    assert only().state == "delivered"


def test_a_complete_run_tells_its_deal_where_it_is_live(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    deal = sandbox.deal(dealname="Site")
    run = make_run(world, deal)
    update_routed([run], SYSTEM(), NOW)
    deliver(time)
    Outbound.objects.update(url="https://acme.example/spring")

    update_ended([run], SYSTEM(), NOW)
    deliver(time)

    assert properties(sandbox, deal)["throughline_url"] == "https://acme.example/spring"
    assert properties(sandbox, deal)["throughline_owner"] == "Alice"


def test_what_is_said_already_is_not_said_again(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    run = make_run(world, sandbox.deal())

    assert update_deal(run, {"state": "routed"}, by=SYSTEM(), at=NOW)
    assert update_deal(run, {"state": "routed"}, by=SYSTEM(), at=NOW) is None
    deliver(time)
    assert update_deal(run, {"state": "routed"}, by=SYSTEM(), at=NOW) is None


def test_news_that_come_together_are_sent_once(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    deal = sandbox.deal()
    run = make_run(world, deal)
    update_deal(run, {"state": "routed", "owner": "Alice"}, by=SYSTEM(), at=NOW)

    update_deal(run, {"state": "in_delivery"}, by=SYSTEM(), at=NOW)
    deliver(time)

    assert sorted(Outbound.objects.values_list("state", flat=True)) == ["delivered", "superseded"]
    assert properties(sandbox, deal) == {
        "throughline_state": "in_delivery",
        "throughline_owner": "Alice",
    }


@pytest.mark.requirement("G18")
def test_properties_are_named_by_the_connection_or_switched_off(
    sandbox: Sandbox, hubspot: Connection, world: World, time: Time
) -> None:
    deal = sandbox.deal()
    run = make_run(world, deal)
    hubspot.settings = {**hubspot.settings, "writes": {"state": "agency_state"}}
    hubspot.save()
    update_deal(run, {"state": "routed", "owner": "Alice"}, by=SYSTEM(), at=NOW)
    deliver(time)
    hubspot.settings = {**hubspot.settings, "writes": False}
    hubspot.save()

    assert update_deal(run, {"state": "complete"}, by=SYSTEM(), at=NOW) is None

    assert properties(sandbox, deal) == {"agency_state": "routed"}


def test_a_run_of_another_source_tells_nobody(hubspot: Connection, world: World) -> None:
    assert (
        update_deal(
            make_run(world, "1", source="form-main"), {"state": "routed"}, by=SYSTEM(), at=NOW
        )
        is None
    )


HTML = InjectedFault(200, b"<html>Back soon</html>", "text/html")
LOST: dict[str, InjectedFault] = {
    "1 the answer is lost after the commit": InjectedFault(done=True),
    "2 a gateway fails after the commit": InjectedFault(502, b"{}", done=True),
    "3 the answer is cut off": InjectedFault(200, b'{"id": "1', done=True, cut=True),
    "5 it is reset before": InjectedFault(),
    "6 a maintenance page comes with 200": HTML,
    "12 a 200 means failure": InjectedFault(200, b'{"status": "error"}'),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST.keys())
def test_a_lost_answer_ends_with_the_deal_told_once(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time, fault: InjectedFault
) -> None:
    deal = sandbox.deal()
    sandbox.crm.faults.add("PATCH", fault)
    update_deal(make_run(world, deal), {"state": "routed"}, by=SYSTEM(), at=NOW)
    sandbox.told.clear()

    deliver(time)
    assert only().state == "unknown"
    deliver(time.on(minutes=1))

    assert only().state == "delivered"
    assert properties(sandbox, deal) == {"throughline_state": "routed"}
    assert len(sandbox.told) == 1


@pytest.mark.parametrize(
    "done", [True, False], ids=["4 it succeeds while we time out", "9 the answer drips"]
)
def test_an_endless_answer_frees_the_worker_at_the_deadline(
    hubspot: Connection,
    sandbox: Sandbox,
    world: World,
    time: Time,
    done: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        http.SafeClient.__init__,
        "__kwdefaults__",
        {**(http.SafeClient.__init__.__kwdefaults__ or {}), "total_s": 1.0},
    )
    deal = sandbox.deal()
    sandbox.crm.faults.add("PATCH", InjectedFault(200, b" " * 100, done=done, drips_s=0.2))
    update_deal(make_run(world, deal), {"state": "routed"}, by=SYSTEM(), at=NOW)

    deliver(time)
    assert only().state == "unknown"
    deliver(time.on(minutes=1))

    assert properties(sandbox, deal) == {"throughline_state": "routed"}
    assert outcomes_of(only().key) == ["unknown", "found" if done else "delivered"]


def test_7_who_says_when_to_come_back_is_not_called_before(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    sandbox.crm.faults.add("PATCH", InjectedFault(429, b"{}", headers={"Retry-After": "30"}))
    update_deal(make_run(world, sandbox.deal()), {"state": "routed"}, by=SYSTEM(), at=NOW)

    deliver(time)
    assert deliver(time.on(seconds=29)) == 0
    assert deliver(time.on(seconds=2)) == 1

    assert only().state == "delivered"


def test_8_an_hour_of_503_opens_the_breaker_and_is_caught_up(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    deals = [sandbox.deal() for _ in range(8)]
    for deal in deals:
        update_deal(make_run(world, deal), {"state": "routed"}, by=SYSTEM(), at=NOW)
    sandbox.crm.faults.add("PATCH", *[InjectedFault(503, b"{}")] * 40)

    calls = [deliver(time.on(minutes=1)) for _ in range(60)]
    hubspot.refresh_from_db()
    assert hubspot.paused_until is not None
    assert sum(calls) < 60  # 8 deals for 60 minutes, each asked again and again, would be 480
    sandbox.crm.faults.clear()
    left = 12
    while left and Outbound.objects.exclude(state="delivered").exists():
        deliver(time.on(minutes=10))
        left -= 1

    assert {properties(sandbox, deal)["throughline_state"] for deal in deals} == {"routed"}
    assert not ExceptionCase.objects.exists()


def test_10_a_revoked_token_is_told_once_and_a_new_one_resumes(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    deals = [sandbox.deal() for _ in range(3)]
    for deal in deals:
        update_deal(make_run(world, deal), {"state": "routed"}, by=SYSTEM(), at=NOW)
    sandbox.revoke_token()
    for _ in range(3):
        deliver(time.on(minutes=6))
    assert ExceptionCase.objects.count() == 1
    assert Attempt.objects.filter(outbound__verb=VERB).count() <= 3

    connect(
        ConnectionSettings("hubspot", "hubspot-main", token="another"), by=SYSTEM(), at=time.now
    )
    deliver(time)

    assert {properties(sandbox, deal)["throughline_state"] for deal in deals} == {"routed"}
    assert not ExceptionCase.objects.filter(state__in=ExceptionCase.open_states).exists()


def test_11_a_value_that_is_refused_is_dead_at_once_with_the_vendors_words(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    sandbox.crm.faults.add(
        "PATCH",
        InjectedFault(400, b'{"message": "Property \\"throughline_state\\" does not exist"}'),
    )
    update_deal(make_run(world, sandbox.deal()), {"state": "routed"}, by=SYSTEM(), at=NOW)

    deliver(time)

    assert only().state == "dead"
    case = ExceptionCase.objects.get()
    assert "does not exist" in case.evidence["message"]
    assert "token-of-tests" not in str(case.evidence)


def test_13_15_a_deal_that_is_gone_is_shown_and_not_made_again(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    deal = sandbox.deal()
    update_deal(make_run(world, deal), {"state": "routed"}, by=SYSTEM(), at=NOW)
    sandbox.crm.delete("deal", deal, "userId:1")

    deliver(time)

    assert only().state == "dead"
    assert ExceptionCase.objects.get().reason == Reason.REMOTE_CONFLICT
    assert deal not in sandbox.crm.objects["deal"]


def test_17_a_counterpart_that_is_down_for_ten_minutes_is_caught_up(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    deal = sandbox.deal()
    update_deal(make_run(world, deal), {"state": "routed"}, by=SYSTEM(), at=NOW)
    Connection.objects.update(
        base_url="http://127.0.0.1:9",
        token_origin="http://127.0.0.1:9",
        allowed_private=[{"scheme": "http", "host": "127.0.0.1", "port": 9}],
    )
    for _ in range(10):
        deliver(time.on(minutes=1))
    port = sandbox.server.server_port
    Connection.objects.update(
        base_url=sandbox.url,
        token_origin=f"http://127.0.0.1:{port}",
        allowed_private=[{"scheme": "http", "host": "127.0.0.1", "port": port}],
    )

    deliver(time.on(minutes=30))

    assert properties(sandbox, deal) == {"throughline_state": "routed"}


def echoed(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [{**each, "eventId": 1, "attemptNumber": 0} for each in sandbox.told]


@pytest.mark.parametrize(
    "source", [{}, {"sourceId": "", "changeSource": "CRM_UI"}, {"sourceId": "another"}]
)
def test_59_our_own_write_that_comes_back_starts_nothing(
    hubspot: Connection, sandbox: Sandbox, world: World, source: dict[str, str]
) -> None:
    deal, now = sandbox.deal(), Time(NOW)
    update_deal(make_run(world, deal), {"state": "routed"}, by=SYSTEM(), at=NOW)
    sandbox.told.clear()
    deliver(now)
    Outbound.objects.update(begun_at=_told_at(sandbox), delivered_at=_told_at(sandbox))

    assert send([{**each, **source} for each in echoed(sandbox)]).status_code == 200
    process(at=timezone.now())

    assert list(RunEvent.objects.values_list("part", flat=True)) == ["echo"]
    assert deliver(now.on(days=1)) == 0


def test_59_the_same_property_changed_by_a_person_is_news(
    hubspot: Connection, sandbox: Sandbox, world: World
) -> None:
    deal = sandbox.deal()
    update_deal(make_run(world, deal), {"state": "routed"}, by=SYSTEM(), at=NOW)
    deliver(Time(NOW))

    send([event(objectId=int(deal), propertyName="throughline_state", propertyValue="cancelled")])

    assert Event.objects.get(source="hubspot-main").kind == "hubspot.deal.propertyChange"


def _told_at(sandbox: Sandbox) -> Any:
    return sandbox.crm.objects["deal"][next(iter(sandbox.crm.objects["deal"]))].updated_at
