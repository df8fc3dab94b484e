"""
Work that was in the middle of something when the first version stopped: this code takes it up where
it was left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.db.models import Max

from delivery.models import Deliverable
from demo.sandbox.cms import CMS, Post
from demo.sandbox.cms_server import serve_cms
from demo.sandbox.crm import CRM, Stored
from demo.sandbox.server import serve
from integrations.base import doorbell
from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Attempt, Connection, Outbound
from integrations.outbox.deliver import deliver_due
from integrations.outbox.operations.replay import replay
from routing.audit.operations.seals import seal
from routing.audit.verify import verify
from routing.kernel.events import Dispatch
from routing.kernel.reasons import Reason
from routing.kernel.roles import INTEGRATIONS, OPS, Role
from routing.models import Clock, ExceptionCase, Run, RunStep, User
from routing.people.actors import Actor
from routing.runs.operations import exceptions
from routing.runs.operations.advance import advance
from routing.runs.operations.quarantine import retry_quarantined
from routing.sla.operations.escalate import escalate
from tests.upgrade.conftest import HERE, Upgraded, rows_of
from tests.upgrade.make import CMS_TOKEN, TOKEN

pytestmark = [
    pytest.mark.drill,  # because a database of then is migrated first
    pytest.mark.parametrize("upgraded", ["first_version"], indirect=True, scope="module"),
]
State = Outbound.State
SYSTEMS = ("cms", "crm")  # the connections whose changes were left unfinished
TOKENS = {"cms": CMS_TOKEN, "crm": TOKEN}
# The deals of the events that came last; the unfinished work of the first version names them so.
PARKED, BEGUN, WAITING = "990001", "990002", "990003"


def _post(stored: dict[str, Any]) -> Post:
    """Return a post from the file of the first version, which called its type ``noun``."""
    fields = dict(stored)
    return Post(post_type=fields.pop("noun"), **fields)


class Outside:
    """The content system and the CRM, holding what they held when the first version stopped."""

    def __init__(self, remembered: dict[str, Any], at: datetime) -> None:
        user, _, password = CMS_TOKEN.partition(":")
        posts = {post["id"]: _post(post) for post in remembered["posts"]}
        terms = {
            name: {int(key): word for key, word in found.items()}
            for name, found in remembered["terms"].items()
        }
        self.then = set(posts)
        self.cms = CMS(user, password, posts=posts, terms=terms, first=100)
        self.changes: list[dict[str, Any]] = []
        self.crm = CRM(portal_id=1, app_id=1, tell=self.changes.append)
        for key, properties in remembered["deals"].items():
            self.crm.objects["deal"][key] = Stored(key, dict(properties), [], at, at)
        self.servers = {"cms": serve_cms(self.cms, 0), "crm": serve(self.crm, TOKEN, 0)}
        for server in self.servers.values():
            Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def move_here(self, at: datetime) -> None:
        """Call them where they are now: they have other ports in every run."""
        for slug, server in self.servers.items():
            kind, url = (
                Connection.objects.get(slug=slug).kind,
                f"http://127.0.0.1:{server.server_port}",
            )
            connect(
                ConnectionSettings(
                    kind=kind, slug=slug, base_url=url, private=(url,), token=TOKENS[slug]
                ),
                by=Actor.system(),
                at=at,
                reason="It moved.",
            )

    def stop(self) -> None:
        for server in self.servers.values():
            server.shutdown()
            server.server_close()


@pytest.fixture
def stopped_at(upgraded: Upgraded, db: None) -> datetime:
    """The last moment that the first version wrote down."""
    found = Attempt.objects.aggregate(last=Max("ended_at"))["last"]
    assert isinstance(found, datetime)
    return found


@pytest.fixture
def later(stopped_at: datetime) -> datetime:
    """When every lease, rest and wait of then is over."""
    due = Outbound.objects.unfinished().aggregate(last=Max("due_at"))["last"]
    return max(stopped_at, due) + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def outside(
    upgraded: Upgraded, stopped_at: datetime, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Outside]:
    for bell in (doorbell.process, doorbell.outbound):
        monkeypatch.setattr(bell, "ring", lambda: None)  # nobody else takes what a test takes
    made = Outside(json.loads((HERE / f"{upgraded.name}.outside.json").read_text()), stopped_at)
    made.move_here(stopped_at)
    # Reading asks the machine's clock, which must not stand before what happened then.
    with time_machine.travel(stopped_at, tick=False):
        yield made
    made.stop()


def left(state: str) -> list[Outbound]:
    return list(Outbound.objects.filter(state=state, connection__slug__in=SYSTEMS).order_by("pk"))


def only(state: str) -> Outbound:
    [row] = left(state)
    return row


def deliver(at: datetime) -> int:
    return deliver_due(clock=lambda: at)


def fresh(row: Outbound) -> Outbound:
    return Outbound.objects.get(pk=row.pk)


def outcomes(row: Outbound) -> list[str]:
    return list(row.tries.order_by("number").values_list("outcome", flat=True))


def page_of(row: Outbound) -> Deliverable:
    return Deliverable.objects.get(item=row.item_id)


def somebody(role: Role) -> Actor:
    return Actor.of(User.objects.filter(groups__name=role).earliest("pk"))


def run_about(deal: str) -> Run:
    return Run.objects.get(source="crm", subject_type="deal", subject_id=deal)


def test_the_first_version_stopped_in_the_middle_of_everything(upgraded: Upgraded) -> None:
    states = {
        "leased": 2,
        "unknown": 1,
        "dead": 1,
        "retrying": 1,
        "held": 1,
        "pending": 2,
        "superseded": 1,
    }
    made = set(Deliverable.objects.values_list("state", flat=True))

    assert {state: len(left(state)) for state in states} == states
    assert [row.started_at is not None for row in left("leased")] == [True, False]
    assert Connection.objects.get(slug="cms").paused_until is not None
    assert Dispatch.objects.exclude(parked_reason="").get().event.subject_id == PARKED
    assert Dispatch.objects.get(parked_reason="").event.subject_id == WAITING
    assert RunStep.objects.get(state=RunStep.State.DUE).run == run_about(BEGUN)
    assert ExceptionCase.objects.filter(state__in=ExceptionCase.open_states).count() >= 3
    assert Clock.objects.running().exists()
    assert Clock.objects.exclude(paused_at=None).exists()
    assert set(Deliverable.State.values) - made == set()


def test_what_a_dead_worker_had_leased_is_taken_when_its_lease_ends_and_is_there_once(
    outside: Outside, later: datetime
) -> None:
    begun, untouched = left("leased")
    assert begun.leased_until is not None
    assert untouched.leased_until is not None

    deliver(min(begun.leased_until, untouched.leased_until) - timedelta(seconds=1))
    before = [fresh(begun).state, fresh(untouched).state]
    deliver(later)
    again = deliver(later + timedelta(hours=1))

    assert before == ["leased", "leased"]
    assert [fresh(row).state for row in (begun, untouched)] == ["delivered", "delivered"]
    assert [outcomes(row) for row in (begun, untouched)] == [["lost", "delivered"], ["delivered"]]
    assert int(fresh(begun).remote_id) in outside.then  # the post that the dead worker made
    assert [post.slug for post in outside.cms.posts.values()].count("before-your-night-here") == 1
    assert [page_of(row).state for row in (begun, untouched)] == ["live", "live"]
    assert again == 0


def test_what_got_no_answer_is_looked_up_and_finished_without_a_second_one(
    outside: Outside, later: datetime
) -> None:
    row = only("unknown")

    deliver(later)

    assert fresh(row).state == "delivered"
    assert outcomes(row) == ["unknown", "delivered"]
    assert int(fresh(row).remote_id) in outside.then
    assert [post.slug for post in outside.cms.posts.values()].count("your-first-morning") == 1
    assert page_of(row).state == "live"


def test_what_waited_its_turn_or_was_to_be_tried_again_is_delivered(
    outside: Outside, later: datetime
) -> None:
    retrying, pending, superseded = only("retrying"), left("pending"), only("superseded")

    deliver(later)

    assert [fresh(row).state for row in (retrying, *pending)] == ["delivered"] * 3
    assert outcomes(retrying) == ["temporary", "delivered"]
    assert fresh(superseded).state == "superseded"
    assert outcomes(superseded) == []
    assert len(outside.cms.posts) == 5
    assert {post.status for post in outside.cms.posts.values()} == {"publish"}


def test_what_failed_waits_for_a_person_and_is_sent_with_what_it_held_once_one_says_so(
    outside: Outside, later: datetime
) -> None:
    dead, held = only("dead"), only("held")
    case = ExceptionCase.objects.get(
        evidence__outgoing_change=dead.pk, state__in=ExceptionCase.open_states
    )

    deliver(later)
    before = [fresh(dead).state, fresh(held).state]
    [result] = replay(
        [dead.pk], by=somebody(INTEGRATIONS), at=later, reason="They have made the property."
    )
    deliver(later)

    assert before == ["dead", "held"]
    assert result.done
    assert [fresh(row).state for row in (dead, held)] == ["delivered", "delivered"]
    told = [
        change["propertyValue"]
        for change in outside.changes
        if str(change["objectId"]) == dead.remote_id
    ]
    assert told == ["routed", "in_delivery"]
    assert ExceptionCase.objects.get(pk=case.pk).state == ExceptionCase.State.DISMISSED
    assert fresh(dead).history.latest().history_change_reason == "They have made the property."


def test_an_event_that_was_put_aside_is_taken_up_by_a_person(later: datetime) -> None:
    parked = Dispatch.objects.exclude(parked_reason="").get()
    case = ExceptionCase.objects.get(reason=Reason.FAILED_STEP, evidence__event=parked.event_id)
    advance(clock=lambda: later)
    assert not Run.objects.filter(subject_id=PARKED).exists()

    done = retry_quarantined([parked.pk], by=somebody(OPS), at=later)
    advance(clock=lambda: later)
    [settled] = exceptions.resolve(
        [case.pk], by=somebody(OPS), at=later, reason="It went through now."
    )

    assert done == 1
    assert settled.done
    assert not Dispatch.objects.exists()
    assert (
        run_about(PARKED).state == Run.State.WAITING
    )  # for a person to say whose it is, as any other
    assert run_about(PARKED).exceptions.get().reason == Reason.MISSING_CONTEXT


def test_an_event_nobody_had_looked_at_and_a_run_that_had_begun_go_on(later: datetime) -> None:
    advance(clock=lambda: later)

    assert [run_about(deal).state for deal in (BEGUN, WAITING)] == [Run.State.WAITING] * 2
    assert Run.objects.filter(subject_id=BEGUN).count() == 1
    assert not RunStep.objects.filter(state=RunStep.State.DUE).exists()


def test_a_clock_that_ran_is_late_at_the_moment_that_was_written_down_then(
    stopped_at: datetime,
) -> None:
    clock = (
        Clock.objects.running().filter(breached_at=None, due_at__gt=stopped_at).earliest("due_at")
    )
    due = clock.due_at
    assert due is not None

    escalate(at=due - timedelta(seconds=1))
    before = Clock.objects.get(pk=clock.pk).breached_at
    escalate(at=due + timedelta(seconds=1))

    assert before is None
    assert Clock.objects.get(pk=clock.pk).breached_at == due


def test_going_on_rewrites_no_history(
    upgraded: Upgraded, ledger_tables: set[str], later: datetime
) -> None:
    kept = {table: names for table, names in upgraded.columns.items() if table in ledger_tables}
    replay([only("dead").pk], by=somebody(INTEGRATIONS), at=later, reason="Again.")
    retry_quarantined(
        list(Dispatch.objects.exclude(parked_reason="").values_list("pk", flat=True)),
        by=somebody(OPS),
        at=later,
    )
    deliver(later)
    advance(clock=lambda: later)

    now = rows_of(database.connection, kept)

    assert left("delivered")
    assert {table for table in kept if set(upgraded.before[table]) - set(now[table])} == set()
    assert sum(map(len, now.values())) > sum(len(upgraded.before[table]) for table in kept)
    assert seal(at=later) > 0
    assert verify().whole
