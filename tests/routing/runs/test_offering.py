"""B4: work that nobody fitted is offered again by itself, the oldest first."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group

from delivery.models import Request
from delivery.progress.operations.recording import NewRequest, record
from routing.kernel.roles import AM
from routing.models import Absence, ExceptionCase, Run, RunStep, TeamMembership
from routing.runs.blocking import holds, next_step, with_holds
from routing.runs.operations import runs
from routing.runs.operations.advance import advance
from tests.delivery.making import done, take_requests
from tests.world import NOW, World, by

HOUR = timedelta(hours=1)


@pytest.fixture
def away(world: World) -> World:
    """Nobody who could own a request is there for half an hour."""
    take_requests(NOW)
    for person in (world.alice, world.bob, world.olga):
        Absence.objects.create(user=person, starts_at=NOW - HOUR, ends_at=NOW + HOUR / 2)
    return world


def asked(world: World, title: str, at: datetime = NOW) -> Run:
    return record(NewRequest(world.acme, title), by=by(world.alice), at=at).run


def work(at: datetime) -> None:
    advance(clock=lambda: at)


def decided() -> list[str]:
    """The titles of the requests, in the order in which they were opened."""
    return list(Request.objects.order_by("pk").values_list("item__title", flat=True))


def test_it_waits_as_a_row_that_is_due_when_somebody_is_back(away: World) -> None:
    run = asked(away, "First")

    step = RunStep.objects.get(run=run, name="decide")
    assert (step.state, step.due_at, step.attempts) == ("due", NOW + HOUR / 2, 0)
    work(NOW + HOUR / 4)
    assert decided() == []
    assert ExceptionCase.objects.count() == 1


def test_it_goes_on_by_itself_oldest_first_before_what_comes_later(away: World) -> None:
    for number in ("First", "Second", "Third"):
        asked(away, number)

    later = NOW + HOUR
    work(later)
    asked(away, "Fourth", later)

    assert decided() == ["First", "Second", "Third", "Fourth"]
    assert set(ExceptionCase.objects.values_list("state", flat=True)) == {"dismissed"}
    assert set(Run.objects.values_list("state", flat=True)) == {"in_delivery"}


def test_a_withdrawn_absence_offers_it_at_once(away: World) -> None:
    asked(away, "First")

    for person in (away.alice, away.bob):
        person.absences.get().delete()
    work(NOW)

    assert decided() == ["First"]


def test_a_person_who_becomes_able_gets_it_offered_at_once(away: World) -> None:
    asked(away, "First")

    for person in (away.cora, away.quin):
        TeamMembership.objects.get_or_create(team=away.team, user=person)
        person.groups.add(Group.objects.get(name=AM.value))
    work(NOW)

    assert Request.objects.get().item.owner in {away.cora, away.quin}


def test_it_is_offered_within_the_hour_whatever_changed(away: World) -> None:
    Absence.objects.update(ends_at=NOW + 9 * HOUR)
    run = asked(away, "First")
    assert RunStep.objects.get(run=run, name="decide").due_at == NOW + HOUR

    Absence.objects.filter(user=away.alice).update(ends_at=NOW + HOUR / 60)
    Absence.objects.filter(user=away.bob).update(ends_at=NOW + HOUR / 60)
    work(NOW + HOUR)

    assert decided() == ["First"]


def test_still_nobody_raises_no_second_exception(away: World) -> None:
    Absence.objects.update(ends_at=NOW + 9 * HOUR)
    run = asked(away, "First")

    for hour in (1, 2, 3):
        work(NOW + hour * HOUR)

    assert ExceptionCase.objects.count() == 1
    assert RunStep.objects.get(run=run, name="decide").due_at == NOW + 4 * HOUR


def test_a_cancelled_run_is_offered_no_more(away: World) -> None:
    run = asked(away, "First")
    done(runs.cancel([run.pk], by=by(away.olga), at=NOW, reason="Not needed"))

    work(NOW + HOUR)

    assert decided() == []
    assert Run.objects.get().state == "cancelled"


def test_its_page_says_when_it_is_offered_again(away: World) -> None:
    asked(away, "First")
    [run] = with_holds(Run.objects.all())

    assert "offered again by itself" in str(holds(run)[0].evidence)
    assert "offered again by itself" in next_step(run, [])
