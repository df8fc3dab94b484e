"""L4: work that nobody covers has an exception with a proposed replacement before the gap."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from delivery.models import Request
from routing.cover.operations.absences import end_absence, save_absences
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM
from routing.models import Absence, Agency, ExceptionCase, Notification, User, WorkItem
from routing.runs.cover_gaps import DAYS, gaps_ahead
from routing.runs.operations import exceptions
from routing.runs.operations.cover_cases import cover, cover_tonight, open_cases, review_cases
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.work.details import HandOverDetails
from routing.work.operations.items import hand_over
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_request, make_user

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("O9"),
]
DAY = timedelta(days=1)


def due(request: Request, days: float) -> Request:
    WorkItem.objects.filter(pk=request.item_id).update(next_due_at=NOW + days * DAY)
    return request


def away(person: User, first: float, last: float, substitute: User | None = None) -> Absence:
    return Absence.objects.create(
        user=person,
        starts_at=NOW + first * DAY,
        ends_at=NOW + last * DAY,
        substitute=substitute,
    )


def look(at: datetime = NOW) -> int:
    return open_cases(gaps_ahead(at, DAYS), at=at)


def case() -> ExceptionCase:
    return ExceptionCase.objects.select_related("item__parent").get(
        reason=Reason.COVER_GAP, state__in=ExceptionCase.open_states
    )


def open_refs() -> list[Any]:
    rows = ExceptionCase.objects.filter(
        reason=Reason.COVER_GAP, state__in=ExceptionCase.open_states
    )
    return list(rows.order_by("pk").values_list("item__parent", flat=True))


@pytest.fixture
def gap(world: World) -> Request:
    """A request of Alice and Bob that is due in five days, and both are away in three."""
    away(world.alice, 3, 10)
    away(world.bob, 2, 4)
    return due(make_request(world.acme), 5)


def test_a_gap_is_announced_before_it_with_somebody_who_could_take_the_work(
    world: World, gap: Request
) -> None:
    free = make_user("Dora", AM, team=world.team)
    due(make_request(world.acme), 2.5)  # before Alice leaves
    due(make_request(world.acme), 20)  # after the fortnight

    assert cover_tonight(at=NOW) == 1
    assert cover_tonight(at=NOW + timedelta(minutes=10)) == 0  # once a night
    assert look() == 0  # and an open one is not opened again

    found = case()
    assert found.item.parent_id == gap.item_id
    assert found.item.owner == world.alice  # who is still there
    assert found.evidence["proposed"] == free.pk
    assert Notification.objects.filter(item=found.item, recipient=world.alice).exists()
    page = words(signed_in(world.alice).get(url(ExceptionCase, "change", found.pk)))
    assert "Nobody covers the work" in page
    assert "Owner and backup are both away from" in page
    assert "Proposed replacement Dora" in page
    assert "Reassign as proposed" in page
    assert "It settles by itself when somebody covers the work." in page


def test_the_proposal_is_accepted_in_one_step(world: World, gap: Request) -> None:
    free = make_user("Dora", AM, team=world.team)
    look()

    answer = signed_in(world.alice).post(url(ExceptionCase, "step", case().pk, "cover"))

    work = WorkItem.objects.get(pk=gap.item_id)
    assert answer.status_code == 302
    assert (work.owner, work.backup) == (free, world.bob)
    assert open_refs() == []
    done = ExceptionCase.objects.get(reason=Reason.COVER_GAP)
    assert done.state == ExceptionCase.State.RESOLVED
    assert work.history.first().history_user == world.alice
    assert look() == 0


def test_whoever_resolves_the_exception_may_reassign_as_proposed(
    world: World, gap: Request
) -> None:
    make_user("Dora", AM, team=world.team)
    WorkItem.objects.filter(pk=gap.item_id).update(team=None)
    look()
    found = case()
    WorkItem.objects.filter(pk=found.item_id).update(owner=world.quin, team=None)

    [stranger] = cover([found.pk], by=by(world.ivan), at=NOW)
    [owner] = cover([found.pk], by=by(world.quin), at=NOW)

    assert [each.code for each in stranger.refusals] == ["own_or_team"]
    assert owner.done


@pytest.mark.parametrize("where", ["owner", "backup"])
def test_the_substitute_comes_first(world: World, where: str) -> None:
    make_user("Dora", AM, team=world.team)
    away(world.alice, 1, 9, world.quin if where == "owner" else None)
    away(world.bob, 1, 9, world.quin if where == "backup" else None)
    due(make_request(world.acme), 5)

    look()

    assert case().evidence["proposed"] == world.quin.pk
    assert case().evidence["rule"] == f"{where}s_substitute"


def test_a_substitute_who_is_away_together_with_the_backup_is_passed_over(world: World) -> None:
    dora = make_user("Dora", AM)
    away(world.alice, 1, 9, world.quin)
    away(world.bob, 1, 9)
    away(world.quin, 4, 5)
    due(make_request(world.acme), 6)

    look()

    assert (case().evidence["proposed"], case().evidence["rule"]) == (dora.pk, "role")


def test_work_is_spread_over_those_who_are_there(world: World) -> None:
    people = [make_user(name, AM, team=world.team) for name in ("Dora", "Emil")]
    away(world.alice, 1, 9)
    away(world.bob, 1, 9)
    for days in (3, 4, 5, 6):
        due(make_request(world.acme), days)

    assert look() == 4

    cases = ExceptionCase.objects.filter(reason=Reason.COVER_GAP)
    given = [evidence["proposed"] for evidence in cases.values_list("evidence", flat=True)]
    assert sorted(given) == sorted(2 * [person.pk for person in people])


def test_nobody_is_proposed_where_nobody_fits(world: World, gap: Request) -> None:
    world.acme.restricted = True
    world.acme.save()
    make_user("Dora", AM)

    look()

    found = case()
    assert found.evidence["proposed"] is None
    assert "Nobody who could take it is there." in found.evidence["message"]
    [result] = cover([found.pk], by=by(world.olga), at=NOW)
    assert [each.code for each in result.refusals] == ["proposal"]
    [result] = cover([make_other_case(world)], by=by(world.olga), at=NOW)
    assert not result.done


def make_other_case(world: World) -> int:
    item = make_request(world.acme).item
    made = raise_exception(ExceptionFinding(Reason.REJECTED, {}, item), at=NOW)
    assert made
    return made.pk


def test_it_settles_itself_when_the_gap_is_gone(world: World) -> None:
    kept, ended, reassigned = (due(make_request(world.acme), 5) for _ in range(3))
    first, _second = away(world.alice, 1, 9), away(world.bob, 1, 9)
    look()
    assert open_refs() == [kept.item_id, ended.item_id, reassigned.item_id]

    WorkItem.objects.filter(pk=ended.item_id).update(is_open=False)
    details = HandOverDetails(world.olga.pk, world.bob.pk, None)
    hand_over([reassigned.item_id], by=by(world.olga), at=NOW, reason="x", details=details)
    assert reassigned.item_id not in open_refs()  # at once
    review_cases(at=NOW)
    assert open_refs() == [kept.item_id]

    end_absence(first.pk, by=by(world.olga), at=NOW)
    assert open_refs() == []
    states = ExceptionCase.objects.values_list("state", flat=True).distinct()
    assert list(states) == [ExceptionCase.State.DISMISSED]


def test_what_is_overdue_by_now_stays_until_somebody_is_back(world: World, gap: Request) -> None:
    look()

    review_cases(at=NOW + 3.5 * DAY)
    WorkItem.objects.filter(pk=gap.item_id).update(next_due_at=NOW + 3.2 * DAY)
    review_cases(at=NOW + 3.5 * DAY)
    assert open_refs() == [gap.item_id]

    review_cases(at=NOW + 4.5 * DAY)
    assert open_refs() == []


def test_a_gap_that_a_person_has_seen_is_not_announced_again(world: World, gap: Request) -> None:
    look()
    exceptions.dismiss([case().pk], by=by(world.alice), at=NOW, reason="It can wait")

    assert look(NOW + DAY) == 0

    absence = Absence.objects.get(user=world.bob)
    absence.ends_at = NOW + 8 * DAY
    save_absences([absence], by=by(world.bob), at=NOW)
    assert look(NOW + DAY) == 1  # another gap


def test_a_proposal_that_no_longer_fits_is_made_anew(world: World, gap: Request) -> None:
    people = [make_user(name, AM, team=world.team) for name in ("Dora", "Emil")]
    look()
    before = case()
    leaves = next(each for each in people if each.pk == before.evidence["proposed"])

    save_absences(
        [Absence(user=leaves, starts_at=NOW + 2 * DAY, ends_at=NOW + 6 * DAY)],
        by=by(world.olga),
        at=NOW,
    )

    after = case()
    assert after.pk != before.pk
    assert {before.evidence["proposed"], after.evidence["proposed"]} == {each.pk for each in people}


def test_an_absence_from_now_on_is_looked_at_at_once(world: World) -> None:
    request = due(make_request(world.acme), 2)
    dora = make_user("Dora", AM, team=world.team)
    away(world.bob, 0, 5)
    desk = signed_in(world.alice)
    last = (NOW + 3 * DAY).date().isoformat()

    answer = desk.post(url(Absence, "away_now"), {"ends_at": last}, follow=True)

    shown = words(answer)
    assert case().item.parent_id == request.item_id
    assert request.item.ref in shown
    assert f"Proposed replacement: {dora}." in shown
    assert f"Open {case().item.ref}" in shown


def test_the_night_is_that_of_the_default_owner(world: World) -> None:
    User.objects.filter(pk=world.agency.owner_id).update(timezone="Pacific/Auckland")
    local = datetime(2027, 1, 11, 2, 0, tzinfo=NOW.tzinfo)  # in Auckland the day is 13 hours ahead
    two_there = local - timedelta(hours=13)
    cover_tonight(at=two_there - timedelta(minutes=1))
    first = Agency.objects.get().cover_checked_at

    cover_tonight(at=two_there)

    assert first == two_there - timedelta(minutes=1)
    assert Agency.objects.get().cover_checked_at == two_there
