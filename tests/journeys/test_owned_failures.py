"""
Nothing that failed is without an owner: each failure has an open exception, which ends only with
it, and resolving the exception retries what failed or says what has to happen first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db.models import QuerySet

from delivery.approvals.operations import deliverables
from delivery.models import Deliverable
from integrations.base.adapter import Permanent
from integrations.models import Connection, Outbound
from integrations.outbox.operations.replay import discard
from integrations.publishing.probing import RAISES_AFTER, probe_due
from routing.models import Destination, Dispatch, ExceptionCase, Outcome, RunStep
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from routing.runs.operations.exceptions import dismiss, resolve
from routing.runs.operations.own_failures import own_failures
from routing.runs.operations.process import MAX_ATTEMPTS, _postpone
from routing.work.door import Operation, OperationResult
from tests.delivery.making import done, fresh, make_deliverables
from tests.desk import signed_in, url, words
from tests.integrations.inbox.senders import make_connection
from tests.integrations.outbox.conftest import rings, shelf, shelves  # noqa: F401
from tests.integrations.outbox.remote import KIND, Shelf, deliver, send
from tests.journeys.crm import FakeCRM, answering
from tests.journeys.page import approve, go, outcome, planned
from tests.journeys.test_lead_to_brief import signals
from tests.journeys.turned import Time
from tests.routing.runs.stories import make_flow, run_about
from tests.world import World, by, make_request

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("E3", "E5", "E14", "N3", "I7"),
    pytest.mark.usefixtures("without_second_factor"),
]


@dataclass
class Broken:
    """One of everything that can fail, and the exception of each by a short name."""

    page: Deliverable
    event: int
    run: int
    message: Outbound

    @property
    def cases(self) -> dict[str, ExceptionCase]:
        work = {
            "message": self.message.item_id,
            "page": self.page.item_id,
        }
        found = {name: open_cases().get(item__parent=item) for name, item in work.items()}
        found["event"] = open_cases().get(evidence__event=self.event)
        found["step"] = open_cases().get(run=self.run, blocking=True)
        return found


def open_cases() -> QuerySet[ExceptionCase]:
    return ExceptionCase.objects.filter(state__in=ExceptionCase.open_states)


def end(step: Operation[None], case: ExceptionCase, world: World, time: Time) -> OperationResult:
    [result] = step([case.pk], by=by(world.olga), at=time(), reason="Looked at it.")
    return result


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    """Somebody else's page, where ours is to be published."""
    page = tmp_path / "blog" / "news" / "opening-day" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>Somebody else's</p>")
    return page


@pytest.fixture
def broken(
    committed_world: World,
    place: Destination,
    taken: Path,
    time: Time,
    shelf: Shelf,  # noqa: F811
) -> Broken:
    world = committed_world
    make_flow(world)
    [page] = make_deliverables(world, planned=planned(place))
    page = approve(world, page)
    shelf.before = [Permanent("The other side answered 422: too long", 422)]
    [message] = send(
        make_connection(KIND, world), "a", item_id=make_request(world.acme).item_id, at=time()
    )
    go(time)
    with answering(FakeCRM(world.acme)) as crm:
        del crm.facts["deal.amount"]
        run = run_about("901")
    capture(signals("902")[:1], by=Actor.system(), at=time())
    event = Dispatch.objects.get().event_id
    for _ in range(MAX_ATTEMPTS):
        _postpone(event, "ValueError", time())
    return Broken(fresh(page), event, run.pk, message)


def test_every_failure_has_an_exception_on_its_owners_list_e3(
    broken: Broken, committed_world: World
) -> None:
    assert broken.page.state == Deliverable.State.PUBLISH_FAILED
    assert Outbound.objects.get(pk=broken.message.pk).state == Outbound.State.DEAD
    assert RunStep.objects.get(run=broken.run, name="validate").state == RunStep.State.STOPPED

    for name, case in broken.cases.items():
        assert case.item.owner is not None
        assert case.item.next_due_at is not None, name
        mine = signed_in(case.item.owner).get(url(ExceptionCase, "changelist"))
        assert case.item.ref in words(mine), name


def test_an_exception_that_was_ended_without_its_failure_comes_back_e3(
    broken: Broken, committed_world: World, time: Time
) -> None:
    before = broken.cases
    assert own_failures(at=time()) == 0
    # As an older version left it: ended, and what failed was still failed.
    for case in before.values():
        ExceptionCase.objects.filter(pk=case.pk).update(state="resolved")

    raised = own_failures(at=time())

    assert raised == len(before)
    after = broken.cases
    assert all(after[name].pk != case.pk for name, case in before.items())
    assert all(case.item.owner_id and case.item.next_due_at for case in after.values())
    assert own_failures(at=time()) == 0


@pytest.mark.parametrize("name", ["message", "page", "event", "step"])
def test_no_exception_is_dismissed_while_its_failure_stands_e3(
    broken: Broken, committed_world: World, time: Time, name: str
) -> None:
    result = end(dismiss, broken.cases[name], committed_world, time)

    assert not result.done
    assert {"still_failed", "blocking"} & {refusal.code for refusal in result.refusals}
    assert broken.cases[name].state == ExceptionCase.State.OPEN


def test_resolving_sends_the_message_again_e3(
    broken: Broken, committed_world: World, time: Time
) -> None:
    result = end(resolve, broken.cases["message"], committed_world, time)

    assert result.done
    message = Outbound.objects.get(pk=broken.message.pk)
    assert message.state == Outbound.State.PENDING
    assert message.history.latest().history_user == committed_world.olga
    deliver(time)  # type: ignore[arg-type]
    assert Outbound.objects.get(pk=message.pk).state == Outbound.State.DELIVERED


def test_resolving_publishes_again_e3(
    broken: Broken, committed_world: World, time: Time, taken: Path
) -> None:
    taken.unlink()

    result = end(resolve, broken.cases["page"], committed_world, time)

    assert result.done
    assert fresh(broken.page).state == Deliverable.State.PUBLISHING
    go(time)
    assert fresh(broken.page).state == Deliverable.State.LIVE
    assert not open_cases().filter(item__parent=broken.page.item).exists()


def test_a_second_failure_is_a_second_exception_e3(
    broken: Broken, committed_world: World, time: Time
) -> None:
    first = broken.cases["page"]

    end(resolve, first, committed_world, time)  # the other page is still in the way
    go(time)

    assert fresh(broken.page).state == Deliverable.State.PUBLISH_FAILED
    assert broken.cases["page"].pk != first.pk


def test_a_page_without_a_place_is_not_resolved_away_e3(
    broken: Broken, committed_world: World, time: Time
) -> None:
    Connection.objects.filter(slug="blog").update(is_active=False)

    result = end(resolve, broken.cases["page"], committed_world, time)

    assert not result.done
    assert "No active connection matches" in str(result.refusals[0].message)
    assert fresh(broken.page).state == Deliverable.State.PUBLISH_FAILED


def test_a_discarded_page_still_has_an_owner_and_one_that_is_withdrawn_has_not_e3(
    broken: Broken, committed_world: World, time: Time
) -> None:
    world, page = committed_world, broken.page
    dead = Outbound.objects.get(item=page.item_id)
    done(discard([dead.pk], by=by(world.ivan), at=time(), reason="Not like this."))

    assert fresh(page).state == Deliverable.State.PUBLISH_FAILED
    assert broken.cases["page"].item.owner == world.alice

    done(deliverables.reopen([page.pk], by=by(world.alice), at=time(), reason="Another text."))
    assert not open_cases().filter(item__parent=page.item).exists()


def test_resolving_retries_the_event_e3(broken: Broken, committed_world: World, time: Time) -> None:
    result = end(resolve, broken.cases["event"], committed_world, time)

    assert result.done
    assert Dispatch.objects.get(event=broken.event).parked_reason == ""


def test_a_decayed_proof_is_waived_or_seen_again_but_not_resolved_away_e3(
    committed_world: World, place: Destination, time: Time, tmp_path: Path
) -> None:
    world = committed_world
    [page] = make_deliverables(world, planned=planned(place))
    page = approve(world, page)
    go(time)
    assert outcome(page).state == Outcome.State.PROVEN
    (tmp_path / "blog" / "news" / "opening-day" / "index.html").unlink()
    for _ in range(RAISES_AFTER):
        time.pass_(hours=7)
        probe_due(clock=time)
    assert outcome(page).state == Outcome.State.DECAYED
    case = open_cases().get(item__parent=page.item)

    for step in (resolve, dismiss):
        result = end(step, case, world, time)
        assert not result.done
        assert "The proof is still missing." in str(result.refusals[0].message)
    ExceptionCase.objects.filter(pk=case.pk).update(state="resolved")
    assert own_failures(at=time()) == 1


def test_the_page_of_an_exception_says_what_resolving_does_e3(
    broken: Broken, committed_world: World
) -> None:
    cases = broken.cases
    browser = signed_in(committed_world.olga)

    page = words(browser.get(url(ExceptionCase, "change", cases["page"].pk)))
    event = words(browser.get(url(ExceptionCase, "change", cases["event"].pk)))

    assert "The deliverable is not published. Resolve the exception to publish it again." in page
    assert "The event is still quarantined. Resolve the exception to retry it." in event
