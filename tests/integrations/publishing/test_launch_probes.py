"""Addresses of launches by hand are fetched as pages are, and prove them or let the proof lapse."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from delivery.deliverables.launches import HandLaunch
from delivery.models import Deliverable
from integrations.base.adapter import NotFound, Permanent, Temporary
from integrations.http.client import ClientResponse
from integrations.proof.leases import DECAYS_AFTER, WATCH
from integrations.publishing import launches, probing
from integrations.publishing.probing import GONE_AFTER, RAISES_AFTER
from routing.models import ExceptionCase, Outcome
from tests.delivery.making import approver, fresh, make_destination
from tests.delivery.progress.test_launching import ADDRESS, approved, launch, picture
from tests.integrations.outbox.remote import Time
from tests.world import NOW, World

pytestmark = pytest.mark.requirement("M1", "M17", "R5", "U2")
PAGE = ClientResponse(200, {"content-type": "text/html"}, b"<p>Spring</p>", ADDRESS)
Answer = ClientResponse | Permanent | Temporary


@dataclass
class Web:
    """A web that gives one answer, and remembers which addresses were fetched."""

    answer: Answer = PAGE
    fetched: list[str] = field(default_factory=list)

    def __call__(self, url: str) -> tuple[ClientResponse | None, Permanent | None]:
        self.fetched.append(url)
        if isinstance(self.answer, Temporary):
            raise self.answer
        if isinstance(self.answer, Permanent):
            return None, self.answer
        return self.answer, None


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    found = Web()
    monkeypatch.setattr(launches, "look_at_page", found)
    return found


@pytest.fixture
def mail(world: World) -> Deliverable:
    return approved(world, make_destination(world, kind="newsletter"))


def outcome(row: Deliverable) -> Outcome:
    return Outcome.objects.get(item=row.item_id)


def go(row: Deliverable, clock: Time) -> int:
    """Probe when it is due next."""
    due = outcome(row).next_probe_at
    assert due is not None
    clock.now = max(clock.now, due)
    return probing.probe_due(clock=clock)


def test_a_page_at_the_address_proves_it_and_is_watched(
    mail: Deliverable, world: World, web: Web
) -> None:
    launch(mail, world.alice, address=ADDRESS)

    probed = go(mail, Time())

    row = outcome(mail)
    assert (probed, web.fetched) == (1, [ADDRESS])
    assert (row.state, row.evidence["status"]) == ("proven", 200)
    assert row.evidence["launch"] == "by_hand"
    assert row.next_probe_at == NOW + WATCH
    assert fresh(mail).request.state == "closed"


def test_an_address_without_a_page_is_an_exception_for_the_owner(
    mail: Deliverable, world: World, web: Web
) -> None:
    web.answer, clock = NotFound("The other side answered 404: no reason given.", 404), Time()
    launch(mail, world.alice, address=ADDRESS)

    for _each in range(RAISES_AFTER):
        go(mail, clock)

    case = ExceptionCase.objects.get()
    assert (outcome(mail).state, case.reason) == ("expected", "outcome_missing")
    assert case.item.owner == world.alice
    assert "cannot be read" in case.evidence["differences"][0]


def test_a_page_that_is_gone_lapses_and_a_new_address_proves_it_again(
    mail: Deliverable, world: World, web: Web
) -> None:
    clock = Time()
    launch(mail, world.alice, address=ADDRESS)
    go(mail, clock)

    web.answer = NotFound("The other side answered 404: no reason given.", 404)
    for _each in range(DECAYS_AFTER):
        go(mail, clock)
    lapsed = outcome(mail).state
    web.answer = PAGE
    result = launch(mail, world.alice, address=f"{ADDRESS}-2")
    go(mail, clock)

    assert (lapsed, result.done) == ("decayed", True)
    assert (outcome(mail).state, web.fetched[-1]) == ("proven", f"{ADDRESS}-2")


@pytest.mark.parametrize(
    "answer", [Permanent("The other side answered 999: no reason given.", 999), Temporary("Slow.")]
)
def test_a_screenshot_holds_although_the_address_never_answers_a_program(
    answer: Answer, mail: Deliverable, world: World, web: Web
) -> None:
    web.answer, clock = answer, Time()
    shot = picture(world.acme, world.alice)
    launch(mail, world.alice, address=ADDRESS, evidence=shot.pk)

    for _each in range(DECAYS_AFTER + 1):
        go(mail, clock)
        clock.on(seconds=GONE_AFTER.total_seconds())

    row = outcome(mail)
    assert (row.state, row.evidence["screenshot"]) == ("proven", shot.sha256)
    assert not ExceptionCase.objects.exists()


def test_once_it_has_answered_a_screenshot_does_not_keep_it(
    mail: Deliverable, world: World, web: Web
) -> None:
    clock = Time()
    shot = picture(world.acme, world.alice)
    launch(mail, world.alice, address=ADDRESS, evidence=shot.pk)
    go(mail, clock)
    seen = outcome(mail).evidence

    web.answer = NotFound("The other side answered 410: no reason given.", 410)
    for _each in range(DECAYS_AFTER):
        go(mail, clock)

    assert (seen["screenshot"], seen["status"]) == (shot.sha256, 200)
    assert outcome(mail).state == "decayed"


def test_a_silent_address_holds_up_no_other(world: World, web: Web) -> None:
    place = make_destination(world, kind="social")
    first = approved(world, place)
    second = approved(world, place)
    launch(first, world.alice, address=f"{ADDRESS}-1")
    launch(second, world.alice, address=f"{ADDRESS}-2")
    web.answer = Temporary("No complete answer in time.")

    probing.probe_due(clock=Time())

    assert sorted(web.fetched) == [f"{ADDRESS}-1", f"{ADDRESS}-2"]
    assert approver().memberships.count() == 1


def test_an_address_that_leads_on_says_which_one_to_record(
    mail: Deliverable, world: World, web: Web
) -> None:
    web.answer = Permanent("Leads elsewhere.", 302)
    launch(mail, world.alice, address=ADDRESS)

    found = launches.look_at_launch(HandLaunch.objects.get())

    assert "Record the one that the browser shows." in found.differences[0]
    assert outcome(mail).expected_at - NOW == timedelta(0)
