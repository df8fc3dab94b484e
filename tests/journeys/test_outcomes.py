"""Proof of a published page: it lapses, returns, is taken down or is waived."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from delivery.approvals.operations import deliverables
from delivery.deliverables.operations.versions import Draft
from delivery.models import Deliverable
from integrations.base.adapter import Temporary
from integrations.models import Connection
from integrations.outbox.deliver import deliver_due
from integrations.proof.compare import VERSION
from integrations.proof.leases import DECAYS_AFTER, WATCH
from integrations.proof.look import Proof
from integrations.publishing import probing
from integrations.publishing.probing import GONE_AFTER, _later
from routing.kernel.queues import Lease
from routing.kernel.reasons import Reason
from routing.models import Destination, ExceptionCase, Notification, Outcome
from routing.runs.operations.outcomes import look_at, waive
from routing.runs.outcomes import FIRST_PROOF
from tests.delivery.making import done, fresh, make_deliverables
from tests.journeys.page import PAGE, approve, go, outcome, planned
from tests.journeys.turned import Time
from tests.world import World, by

pytestmark = pytest.mark.django_db(transaction=True)


def file_of(site: Connection, tmp_path: Path) -> Path:
    [page] = [each for each in tmp_path.rglob("index.html") if "opening-day" in str(each)]
    return page


@pytest.mark.requirement("E19", "R13", "F5", "I7")
def test_what_decays_is_noticed_and_what_comes_back_is_proven_again(
    committed_world: World, place: Destination, site: Connection, time: Time, tmp_path: Path
):
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    go(time)
    html = file_of(site, tmp_path)
    content = html.read_bytes()

    html.write_bytes(content.replace(b"Monday", b"Tuesday"))
    for _ in range(DECAYS_AFTER):
        time.pass_(seconds=WATCH.total_seconds() + 1)
        go(time)
    decayed = outcome(page).state
    case = ExceptionCase.objects.get(item__parent=page.item)
    html.write_bytes(content)
    time.pass_(hours=2)
    go(time)

    assert (decayed, case.reason) == (Outcome.State.DECAYED, Reason.OUTCOME_DECAYED)
    assert (outcome(page).state, fresh(case).state) == (
        Outcome.State.PROVEN,
        ExceptionCase.State.DISMISSED,
    )


def test_one_bad_look_is_not_yet_a_decay(
    committed_world: World, place: Destination, site: Connection, time: Time, tmp_path: Path
):
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    go(time)
    html = file_of(site, tmp_path)
    content = html.read_bytes()

    html.write_bytes(b"<p>Back in a minute.</p>")
    time.pass_(seconds=WATCH.total_seconds() + 1)
    go(time)
    html.write_bytes(content)
    time.pass_(minutes=1)
    go(time)

    assert (outcome(page).state, outcome(page).failures) == (Outcome.State.PROVEN, 0)


def test_a_proof_is_gone_without_only_by_name_and_with_a_reason(
    committed_world: World, place: Destination, time: Time
):
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    row = outcome(page)

    [silent] = waive([row.pk], by=by(committed_world.olga), at=time(), reason=" ")
    [waived] = waive(
        [row.pk], by=by(committed_world.olga), at=time(), reason="The client's firewall hides it."
    )

    assert (silent.done, waived.done) == (False, True)
    assert (fresh_outcome := outcome(page)).waived_by == committed_world.olga
    assert fresh_outcome.state == Outcome.State.WAIVED


def test_looks_that_were_not_possible_are_no_decay(
    committed_world: World, place: Destination, time: Time
):
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    go(time)

    for _ in range(DECAYS_AFTER + 1):
        row = outcome(page)
        held = Lease(row.pk, row.next_probe_at, "next_probe_at")
        _later(held, "Nobody answers.", time())

    assert (outcome(page).state, outcome(page).failures) == (Outcome.State.PROVEN, 0)
    assert (outcome(page).next_probe_at or time()) > time()


def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def probe(*_args: Any) -> Proof:
        raise Temporary("Nobody answers.")

    monkeypatch.setattr(probing, "probe", probe)


def test_a_site_that_nobody_reaches_for_hours_is_no_longer_live(
    committed_world: World, place: Destination, time: Time, monkeypatch: pytest.MonkeyPatch
):
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    go(time)
    unreachable(monkeypatch)

    time.pass_(seconds=WATCH.total_seconds() + 1)
    go(time)
    first = outcome(page).state
    time.pass_(seconds=GONE_AFTER.total_seconds() + 1)
    go(time)
    decayed = outcome(page)
    monkeypatch.undo()
    time.pass_(hours=2)
    go(time)

    assert (first, decayed.state, outcome(page).state) == (
        Outcome.State.PROVEN,
        Outcome.State.DECAYED,
        Outcome.State.PROVEN,
    )
    assert "Nobody answers." in decayed.evidence["differences"][0]


def test_where_we_reach_no_site_at_all_nothing_decays(
    committed_world: World, place: Destination, time: Time, monkeypatch: pytest.MonkeyPatch
):
    pages = [
        *make_deliverables(committed_world, planned=planned(place)),
        *make_deliverables(committed_world, planned=planned(place, "two")),
    ]
    pages = [
        approve(committed_world, page, Draft({**PAGE.texts, "slug": f"page-{page.key}"}))
        for page in pages
    ]
    go(time)
    Outcome.objects.filter(item=pages[1].item).update(
        evidence={"url": "https://another.example/page/"}
    )
    unreachable(monkeypatch)

    for hours in (7, 7, 7):
        time.pass_(hours=hours)
        go(time)

    assert [outcome(page).state for page in pages] == [Outcome.State.PROVEN] * 2


def test_what_is_taken_down_before_it_is_proven_keeps_its_outcome_until_it_is_waived_by_name(
    committed_world: World, place: Destination, time: Time
):
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    deliver_due(clock=time)
    done(
        deliverables.archive(
            [page.pk], by=by(committed_world.alice), at=time(), reason="The campaign is off."
        )
    )
    row = outcome(page)
    [case] = ExceptionCase.objects.filter(item__parent=page.item, reason=Reason.OUTCOME_MISSING)

    done(
        waive([row.pk], by=by(committed_world.olga), at=time(), reason="Nobody needs it any more.")
    )

    assert (row.state, row.next_probe_at) == (Outcome.State.EXPECTED, None)
    assert (case.item.owner, fresh(case).state) == (
        committed_world.alice,
        ExceptionCase.State.DISMISSED,
    )


def test_what_was_proven_stays_proven_when_it_is_taken_down(
    committed_world: World, place: Destination, time: Time
):
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    go(time)

    done(
        deliverables.archive(
            [page.pk], by=by(committed_world.alice), at=time(), reason="The campaign is over."
        )
    )

    assert (outcome(page).state, outcome(page).next_probe_at) == (Outcome.State.PROVEN, None)
    assert not ExceptionCase.objects.filter(item__parent=page.item).exists()


def test_a_look_during_which_another_one_is_wanted_does_not_count(
    committed_world: World, place: Destination, time: Time, monkeypatch: pytest.MonkeyPatch
):
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    go(time)

    def probe(*_args: Any) -> Proof:
        look_at([page.item_id], Outcome.Kind.LIVE, time())  # it was published anew meanwhile
        return Proof(["An older page is there."], {"url": "https://example.com/"})

    monkeypatch.setattr(probing, "probe", probe)
    time.pass_(seconds=WATCH.total_seconds() + 1)
    probing.probe_due(clock=time)

    assert (outcome(page).failures, outcome(page).next_probe_at) == (0, time())
    assert outcome(page).state == Outcome.State.PROVEN


def looks(monkeypatch: pytest.MonkeyPatch, *differences: str, stricter: bool = True) -> None:
    """Let every look find these differences, which the first version would not look for."""

    def probe(*_args: Any) -> Proof:
        found = list(differences)
        return Proof(found, {"url": "https://example.com/"}, found if stricter else ())

    monkeypatch.setattr(probing, "probe", probe)


def look_again(time: Time, times: int = 1) -> None:
    for _ in range(times):
        time.pass_(seconds=WATCH.total_seconds() + 1)
        go(time)


def proven_by_the_first_version(world: World, place: Destination, time: Time) -> Deliverable:
    [page] = make_deliverables(world, planned=planned(place))
    page = approve(world, page)
    go(time)
    assert outcome(page).proof_version == VERSION
    Outcome.objects.update(proof_version=FIRST_PROOF)
    return page


def test_f2_a_stricter_comparison_tells_the_owner_once_and_ends_no_proof_by_itself(
    committed_world: World, place: Destination, time: Time, monkeypatch: pytest.MonkeyPatch
):
    page = proven_by_the_first_version(committed_world, place, time)
    looks(monkeypatch, "The page also shows a notice.", "A link leads elsewhere.")

    look_again(time, 3)

    row, told = outcome(page), Notification.objects.filter(words=Notification.Words.DIFFERS)
    assert (row.state, row.failures, row.proof_version) == (Outcome.State.PROVEN, 0, FIRST_PROOF)
    assert row.evidence["reported"] == ["The page also shows a notice.", "A link leads elsewhere."]
    assert [(each.recipient, each.item) for each in told] == [(page.item.owner, page.item)]
    assert not ExceptionCase.objects.filter(item__parent=page.item).exists()

    looks(monkeypatch)
    look_again(time)

    assert (outcome(page).proof_version, "reported" in outcome(page).evidence) == (VERSION, False)


def test_f2_what_changes_after_the_report_ends_the_proof_and_what_was_reported_does_not(
    committed_world: World, place: Destination, time: Time, monkeypatch: pytest.MonkeyPatch
):
    page = proven_by_the_first_version(committed_world, place, time)
    looks(monkeypatch, "The page also shows a notice.")
    look_again(time)

    looks(monkeypatch, "The page also shows a notice.", "The title is another one.")
    look_again(time, DECAYS_AFTER)
    decayed = outcome(page)
    looks(monkeypatch, "The page also shows a notice.")
    look_again(time)

    assert decayed.state == Outcome.State.DECAYED
    assert decayed.evidence["differences"] == ["The title is another one."]
    assert (outcome(page).state, outcome(page).proof_version) == (
        Outcome.State.PROVEN,
        FIRST_PROOF,
    )


def test_f2_what_the_first_version_would_have_seen_ends_a_proof_of_the_first_version(
    committed_world: World, place: Destination, time: Time, monkeypatch: pytest.MonkeyPatch
):
    page = proven_by_the_first_version(committed_world, place, time)
    looks(monkeypatch, "The page does not show the text.", stricter=False)

    look_again(time, DECAYS_AFTER)

    assert outcome(page).state == Outcome.State.DECAYED
