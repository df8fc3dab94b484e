"""C9: every tracked row has a history that says what changed, field by field, with zones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from delivery.briefs.details import EditBriefDetails
from delivery.briefs.operations import briefs
from delivery.models import Brief
from routing.desk.timeline import timeline_of
from routing.flows.operations import copy
from routing.kernel.roles import AM, OPS
from routing.models import (
    Absence,
    CalendarUse,
    ClientDomain,
    FlowVersion,
    Membership,
    Outcome,
    Rule,
    SLAPolicy,
    Target,
    Team,
    TeamMembership,
    User,
)
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.runs.operations.outcomes import expect
from routing.sla.operations.calendars import ensure_defaults, save_policy
from tests.delivery.making import done, make_brief
from tests.desk import signed_in, url, words
from tests.flows import publish_by_two
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by, make_contact, make_request, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("A1"),
]


def tracked() -> list[Any]:
    found: list[Any] = [model for model in apps.get_models() if hasattr(model, "history")]
    return found


def history(world: World, row: models.Model) -> str:
    return words(signed_in(world.olga).get(f"/admin/history-of/{row._meta.label_lower}/{row.pk}/"))


def save(row: models.Model) -> None:
    save_with_reason(row, by=Actor.system(), at=NOW, reason="For the test.")


def test_every_tracked_model_has_a_history_page(world: World) -> None:
    """Target, CalendarUse, TeamMembership, Membership, ClientDomain, Outcome had none."""
    make_flow(world)
    brief = make_brief(world)
    expect([brief.item], Outcome.Kind.LIVE, by=Actor.system(), at=NOW)
    contact = make_contact()
    save(Membership(contact=contact, client=world.acme))
    save(ClientDomain(client=world.acme, domain="acme.example"))
    save(TeamMembership(team=world.team, user=world.olga))
    save(Absence(user=world.bob, starts_at=NOW, ends_at=NOW + timedelta(days=1)))
    browser = signed_in(world.olga)
    seen = set()
    for model in tracked():
        record = model.history.order_by("-history_id").first()
        if record is not None:
            path = f"/admin/history-of/{model._meta.label_lower}/{record.id}/"
            assert browser.get(path).status_code == 200, path
            seen.add(model)

    assert {Target, CalendarUse, TeamMembership, Membership, ClientDomain, Outcome} <= seen
    assert len(tracked()) >= 29
    assert browser.get("/admin/history-of/routing.target/999999/").status_code == 404
    assert browser.get("/admin/history-of/routing.nothing/1/").status_code == 404


def test_a_history_shows_nothing_of_a_client_that_one_may_not_see(world: World) -> None:
    world.acme.restricted = True
    world.acme.save()
    request = make_request(world.acme)
    path = f"/admin/history-of/delivery.request/{request.pk}/"

    assert signed_in(world.alice).get(path).status_code == 200
    assert signed_in(make_user("Sam", AM)).get(path).status_code in {403, 404}


def test_a_promise_that_moved_says_from_what_to_what(world: World) -> None:
    policy = ensure_defaults(at=NOW)
    targets = list(policy.targets.all())
    target = next(each for each in targets if each.purpose == "first_response")
    target.worktime = timedelta(hours=6)
    target.runs_in = ["captured", "needs_information"]
    save_policy(policy, by=by(world.olga), at=NOW, targets=targets, reason="As agreed.")

    page = words(signed_in(world.olga).get(url(SLAPolicy, "history", policy.pk)))

    assert "Olga changed Target Standard: request, first response" in page
    assert "Runs in nothing → New, Needs information" in page
    assert "Working time 2 h 0 min → 6 h 0 min" in page
    assert "As agreed." in page
    assert "Working time 2 h 0 min → 6 h 0 min" in history(world, target)


def test_a_rule_says_what_each_published_version_changed(world: World) -> None:
    version = make_flow(world)
    rule = version.rules.get(name="Everything else")
    oscar = make_user("Oscar", OPS)
    draft = copy(version, by=by(oscar), at=NOW, reason="More")
    changed = FlowVersion.objects.get(pk=draft.pk).rules.get(name="Everything else")
    other = Team.objects.create(name="Far", lead=world.bob)
    Rule.objects.filter(pk=changed.pk).update(team=other, priority=1)
    publish_by_two(FlowVersion.objects.get(pk=draft.pk), oscar, world.olga, reason="Moved")

    page = words(signed_in(world.olga).get(url(Rule, "history", rule.pk)))

    assert "Olga published Lead to brief v2" in page
    assert f"Team {rule.team} → Far" in page
    assert "Priority Normal → Urgent" in page


def test_a_price_that_changed_shows_both_prices(world: World) -> None:
    """Both sides were printed alike."""
    brief = make_brief(world)
    plan = [{"key": "one", "title": "Landing page", "format": "page", "amount": "1250"}]
    details = EditBriefDetails(planned=plan)
    done(briefs.edit([brief.pk], by=by(world.alice), at=NOW + timedelta(1), details=details))
    row = Brief.objects.select_related("item").get(pk=brief.pk)

    [newest, *_] = timeline_of(row)

    changes = {change.label: (change.before, change.after) for change in newest.changes}
    assert changes["Planned deliverables, Landing page, planned amount"] == (
        "1,000.00",
        "1,250.00",
    )
    assert not any(before == after for before, after in changes.values())


def test_instants_are_shown_with_their_zone(world: World) -> None:
    """A history said “11 a.m. → 4 p.m.”"""
    absence = Absence(user=world.bob, starts_at=NOW, ends_at=NOW + timedelta(hours=2))
    save(absence)
    absence.ends_at = NOW + timedelta(hours=7)
    save(absence)
    User.objects.filter(pk=world.olga.pk).update(timezone="Asia/Tokyo")

    assert "JST" in history(world, absence)
