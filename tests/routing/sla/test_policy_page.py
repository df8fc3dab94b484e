"""D10: the SLA policy's form asks in labels and words, and says what its targets would mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from routing.models import Calendar, CalendarUse, SLAPolicy, Target
from routing.people.actors import Actor
from routing.sla.operations.calendars import ensure_defaults, save_calendar
from routing.sla.policies import PURPOSES, labelled_states, purpose_label, states_of
from tests.desk import filled, signed_in, url, words
from tests.world import World

FRIDAY = datetime(2026, 11, 27, 16, 30, tzinfo=UTC)
pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.stands_at(FRIDAY),  # an hour before the weekend
]


@pytest.fixture
def policy(world: World) -> SLAPolicy:
    return ensure_defaults(at=FRIDAY)


def test_d10_states_and_purposes_are_chosen_by_their_labels(
    world: World, policy: SLAPolicy
) -> None:
    page = words(signed_in(world.olga).get(url(SLAPolicy, "change", policy.pk)))

    for label in ("First response", "Needs information", "In delivery", "Changes requested"):
        assert label in page
    assert "first_response" not in page
    assert "needs_information" not in page


def test_d10_chosen_states_are_kept(world: World, policy: SLAPolicy) -> None:
    path, desk = url(SLAPolicy, "change", policy.pk), signed_in(world.olga)
    target = policy.targets.get(kind="request", purpose="triage")
    index = [row.pk for row in policy.targets.order_by("kind", "worktime")].index(target.pk)

    same = desk.post(path, filled(desk.get(path)))
    policy.refresh_from_db()
    unchanged = policy.version
    chosen = {f"targets-{index}-met_in": ["triaged", "accepted"]}
    desk.post(path, filled(desk.get(path)) | chosen)

    target.refresh_from_db()
    policy.refresh_from_db()
    assert (same.status_code, unchanged) == (302, 1)
    assert (sorted(target.met_in), policy.version) == (["accepted", "triaged"], 2)


def test_d10_a_state_of_another_kind_is_refused(world: World, policy: SLAPolicy) -> None:
    path, desk = url(SLAPolicy, "change", policy.pk), signed_in(world.olga)
    index = [row.kind for row in policy.targets.order_by("kind", "worktime")].index("brief")

    page = desk.post(path, filled(desk.get(path)) | {f"targets-{index}-met_in": ["triaged"]})

    assert "“triaged” is not a state of this kind of work." in words(page)
    assert SLAPolicy.objects.get().version == 1


def test_d10_the_page_says_what_each_target_means_now(world: World, policy: SLAPolicy) -> None:
    own = Calendar(slug="berlin", name="Berlin", timezone="Europe/Berlin")
    save_calendar(own, by=Actor.system(), at=FRIDAY)
    CalendarUse.objects.create(calendar=own, team=world.team)

    page = words(signed_in(world.olga).get(url(SLAPolicy, "change", policy.pk)))

    assert (
        "Request, first response within 2 hours of working time "
        "received now, due Mon 30 Nov 2026, 10:00 UTC, in the hours of Agency "
        "received now, due Mon 30 Nov 2026, 11:00 CET, for North, in the hours of Berlin"
    ) in page


def test_d10_a_change_is_shown_before_it_is_saved(world: World, policy: SLAPolicy) -> None:
    path, desk = url(SLAPolicy, "change", policy.pk), signed_in(world.olga)
    index = [row.purpose for row in policy.targets.order_by("kind", "worktime")].index(
        "first_response"
    )
    changed = {f"targets-{index}-worktime": "5 h", "_preview": "1"}

    page = words(desk.post(path, filled(desk.get(path)) | changed))
    around = words(
        desk.post(path, filled(desk.get(path)) | changed | {"calendar_source": "always"})
    )

    assert "Nothing is saved yet." in page
    assert "within 5 hours of working time received now, due Mon 30 Nov 2026, 13:00 UTC" in page
    assert "received now, due Fri 27 Nov 2026, 21:30 UTC, around the clock" in around
    assert policy.targets.get(purpose="first_response").worktime == timedelta(hours=2)
    assert SLAPolicy.objects.get().calendar_source == "team"


def test_d10_a_new_policy_offers_the_states_of_every_kind(world: World) -> None:
    page = words(signed_in(world.olga).get(url(SLAPolicy, "add")))

    assert "Complete a target to see when it would be due." in page


def test_d10_every_purpose_in_use_has_a_label(world: World, policy: SLAPolicy) -> None:
    assert {target.purpose for target in Target.objects.all()} <= {*PURPOSES}
    assert purpose_label("own-purpose") == "Own purpose"
    assert [value for value, _label in labelled_states("brief")] == states_of("brief")
    assert states_of("cake") == []
