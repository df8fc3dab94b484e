"""The owner of events that no flow wants is told once a kind, until somebody deals with it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from delivery.flows import lead_to_brief
from integrations.models import Connection
from routing.flows.approving import freeze
from routing.flows.operations import copy
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase, Flow, Notification, Trigger, User, WorkItem
from routing.people.actors import Actor
from routing.runs.operations.advance import advance
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.claiming import claim_events, replay_events
from routing.runs.operations.exceptions import dismiss, resolve
from routing.runs.operations.own_failures import own_failures
from routing.runs.operations.unclaimed_cases import SAID_FOR, settle_taken
from routing.tasks import own_every_failure
from routing.work.turns import decisions_of
from tests.desk import signed_in, words
from tests.integrations.inbox.senders import make_connection
from tests.routing.runs.stories import usual_flow
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("T6", "G4"),
]

KIND, OTHER = "form.submitted", "hubspot.deal.deletion"


@pytest.fixture
def flow(world: World, monkeypatch: pytest.MonkeyPatch) -> Flow:
    """A live flow that takes deals and no forms, and a form whose health owner is Ivan."""
    owned("form", world, world.ivan, world.olga)
    monkeypatch.setattr(lead_to_brief, "TRIGGERS", (("hubspot.deal.creation", "", ""),))
    return usual_flow(world).flow


def owned(kind: str, world: World, owner: User, backup: User, **values: object) -> Connection:
    made = make_connection(kind, world, **values)
    made.health_owner, made.health_backup = owner, backup
    made.save()
    return made


def receive(
    *keys: str, at: datetime = NOW, source: str = "form-main", kind: str = KIND, form: str = "Quote"
) -> None:
    body = {"type": kind, "form": form, "data": {}}
    signals = [Signal(source, kind, key, "form", key, at, body) for key in keys]
    capture(signals, by=Actor.system(), at=at)
    advance(clock=lambda: at)


def cases(at: datetime = NOW) -> list[ExceptionCase]:
    """Return the exceptions after another look at everything."""
    settle_taken(at=at)
    own_failures(at=at)
    found = ExceptionCase.objects.filter(reason=Reason.UNCLAIMED_EVENTS)
    return list(found.select_related("item__owner").order_by("pk"))


def told() -> list[tuple[User, str]]:
    about = ExceptionCase.objects.filter(reason=Reason.UNCLAIMED_EVENTS).values("item")
    rows = Notification.objects.filter(item__in=about).order_by("pk")
    return [(row.recipient, row.words) for row in rows.select_related("recipient")]


def test_the_owner_is_told_once_and_a_second_event_sends_nothing(world: World, flow: Flow) -> None:
    receive("1")

    [case] = cases()

    assert (case.item.owner, case.item.title) == (
        world.ivan,
        "Events that no flow takes: form-main, Form submitted (Website)",
    )
    assert told() == [(world.ivan, "exception")]
    assert decisions_of(WorkItem.objects.all(), by(world.ivan), NOW).get() == case.item
    receive("2", "3")
    own_every_failure()
    assert cases() == [case]
    assert told() == [(world.ivan, "exception")]


def test_it_stands_on_today_and_leads_to_the_kind(world: World, flow: Flow) -> None:
    receive("1")
    [case] = cases()
    browser = signed_in(world.ivan)

    assert "Events that no flow takes: form-main" in words(browser.get("/admin/"))
    page = browser.get(f"/admin/routing/exceptioncase/{case.pk}/change/")
    assert f"/admin/routing/flow/events/{KIND}/" in page.content.decode()
    assert "If not, dismiss this." in words(page)


def test_each_owner_is_told_of_their_own_systems_and_each_kind_by_itself(
    world: World, flow: Flow
) -> None:
    owned("form", world, world.quin, world.olga, slug="form-two", name="Two")
    owned("form", world, world.ivan, world.olga, slug="form-x", name="Also Ivan's")
    receive("1")
    receive("2", source="form-two")
    receive("3", source="form-x")
    receive("4", kind=OTHER)

    found = {(each.item.owner, each.evidence["event_kind"]) for each in cases()}

    assert found == {(world.ivan, KIND), (world.quin, KIND), (world.ivan, OTHER)}
    assert len(told()) == 3


def test_a_kind_of_which_a_flow_takes_some_events_tells_nobody(world: World, flow: Flow) -> None:
    draft = copy(flow.versions.get(), by=by(world.olga), at=NOW, reason="Forms")
    Trigger.objects.create(version=draft, kind=KIND, field="form", value="Contact")
    freeze(draft, by=by(world.olga), at=NOW, reason="Forms")
    receive("1")

    assert cases() == []


def test_claiming_the_kind_settles_it_and_the_draft_keeps_it_quiet(
    world: World, flow: Flow
) -> None:
    receive("1")
    [case] = cases()

    claim = claim_events(KIND, flow, by=by(world.olga), at=NOW, reason="They are leads")

    [settled] = ExceptionCase.objects.filter(reason=Reason.UNCLAIMED_EVENTS)
    assert (settled, settled.state) == (case, ExceptionCase.State.DISMISSED)
    assert not Notification.objects.current(NOW).filter(recipient=world.ivan).exists()
    receive("2")
    assert cases() == [case]
    later = NOW + SAID_FOR + timedelta(hours=1)
    assert len(cases(later)) == 2  # the draft was never published
    freeze(claim.version, by=by(world.olga), at=later, reason="Ready")
    assert [each.state for each in cases(later)] == ["dismissed", "dismissed"]


def test_a_version_without_the_trigger_ends_the_quiet(world: World, flow: Flow) -> None:
    live = flow.versions.get()
    claim_events(KIND, flow, by=by(world.olga), at=NOW, reason="They are leads")
    receive("1")
    assert cases() == []
    after = NOW + timedelta(hours=1)

    other = copy(live, by=by(world.olga), at=after, reason="Title")
    freeze(other, by=by(world.olga), at=after, reason="Title")

    assert len(cases(after)) == 1


def test_replaying_its_events_settles_it(world: World, flow: Flow) -> None:
    receive("1")
    claim = claim_events(KIND, flow, by=by(world.olga), at=NOW, reason="They are leads")
    freeze(claim.version, by=by(world.olga), at=NOW, reason="Ready")
    replay_events(claim, by=by(world.olga), at=NOW)
    advance(clock=lambda: NOW)
    without = copy(flow.versions.get(number=1), by=by(world.olga), at=NOW, reason="Back")
    freeze(without, by=by(world.olga), at=NOW, reason="Back")

    assert cases() == []  # no flow wants the kind, and none of its events is unclaimed
    receive("2")
    assert len(cases()) == 1
    assert told() == [(world.ivan, "exception")]


@pytest.mark.parametrize("end", [dismiss, resolve])
def test_whoever_ends_it_is_not_told_again_for_a_while(
    world: World, flow: Flow, end: object
) -> None:
    receive("1")
    [case] = cases()

    [done] = end([case.pk], by=by(world.ivan), at=NOW, reason="A test form.")  # type: ignore[operator]

    assert done.done
    receive("2")
    assert cases() == [case]
    assert len(cases(NOW + SAID_FOR)) == 2
