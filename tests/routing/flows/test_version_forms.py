"""
The form of a draft: its rows change places in one save, and what is refused keeps its input.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, models

from delivery.approvals.models import ApprovalStage
from routing.desk.saved import KeepsInput, SavedAdmin
from routing.flows.operations import copy
from routing.models import FlowField, FlowVersion, Membership, Rule, Target, Team, TeamMembership
from routing.sla.policies import SLAPolicy
from tests.desk import filled, signed_in, url, words
from tests.flows import publish_by_two
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by, make_contact

pytestmark = pytest.mark.usefixtures("without_second_factor")


@pytest.fixture
def draft(world: World) -> FlowVersion:
    made = copy(make_flow(world), by=by(world.olga), at=NOW, reason="Higher threshold")
    for position, audience in ((1, "internal"), (2, "client")):
        ApprovalStage.objects.create(flow_version=made, position=position, audience=audience)
    return made


def swapped(sent: dict[str, Any], prefix: str, *names: str) -> dict[str, Any]:
    """Return the data of a form whose first two rows have traded their values."""
    traded = dict(sent)
    for name in names:
        one, other = f"{prefix}-0-{name}", f"{prefix}-1-{name}"
        traded[one], traded[other] = sent[other], sent[one]
    return traded


@pytest.mark.parametrize(
    ("model", "prefix", "name"),
    [
        (Rule, "rules", "position"),
        (FlowField, "fields", "name"),
        (ApprovalStage, "approval_stages", "position"),
    ],
)
def test_two_rows_of_a_draft_swap_their_places_e1(
    world: World, draft: FlowVersion, model: type[models.Model], prefix: str, name: str
) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    sent = filled(browser.get(path))
    first, second = (model._default_manager.get(pk=sent[f"{prefix}-{row}-id"]) for row in (0, 1))

    answer = browser.post(path, swapped(sent, prefix, name))

    assert answer.status_code == 302
    after = [model._default_manager.get(pk=row.pk) for row in (first, second)]
    assert [getattr(row, name) for row in after] == [getattr(second, name), getattr(first, name)]


def test_members_contacts_and_targets_swap_as_well_e1(world: World) -> None:
    make_flow(world)
    for name in ("Carla", "Carlo"):
        Membership.objects.create(
            contact=make_contact(name, f"{name}@acme.test"), client=world.acme
        )
    policy = SLAPolicy.objects.get(slug="standard")
    browser = signed_in(world.olga)
    pages = (
        (Team, world.team.pk, "teammembership_set", ["user"]),
        (type(world.acme), world.acme.pk, "memberships", ["contact"]),
        (SLAPolicy, policy.pk, "targets", ["kind", "purpose", "runs_in", "met_in"]),
    )

    for model, key, prefix, names in pages:
        path = url(model, "change", key)
        sent = filled(browser.get(path))
        traded = swapped(sent, prefix, *names) | {"reason": "The other way round"}
        answer = browser.post(path, traded)
        assert answer.status_code == 302, words(answer)
        assert filled(browser.get(path))[f"{prefix}-0-id"]

    assert TeamMembership.objects.filter(team=world.team).count() == 3
    assert Target.objects.filter(policy=policy).count() == len(
        set(Target.objects.filter(policy=policy).values_list("kind", "purpose"))
    )


def test_a_new_rule_takes_the_place_of_a_deleted_one_e1(world: World, draft: FlowVersion) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    sent = filled(browser.get(path))
    gone = Rule.objects.get(pk=sent["rules-0-id"])
    new = {
        "position": sent["rules-0-position"],
        "name": "Instead",
        "team": str(world.team.pk),
        "skills": "",
        "priority": "2",
    }

    answer = browser.post(
        path,
        sent
        | {"rules-0-DELETE": "on", "rules-TOTAL_FORMS": str(sent["rules-TOTAL_FORMS"] + 1)}
        | {f"rules-{sent['rules-TOTAL_FORMS']}-{name}": value for name, value in new.items()},
    )

    assert answer.status_code == 302
    assert not Rule.objects.filter(pk=gone.pk).exists()
    assert Rule.objects.get(version=draft, position=gone.position).name == "Instead"


def test_the_same_place_twice_is_said_and_the_input_kept_e1(
    world: World, draft: FlowVersion
) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    sent = filled(browser.get(path))
    sent |= {"rules-0-position": sent["rules-1-position"], "title": "Kept: {deal.name}"}

    page = browser.post(path, sent)

    assert page.status_code == 200
    assert "Two rows have the same position. Change one of them." in words(page)
    assert "Kept: {deal.name}" in page.content.decode()


def test_what_only_the_database_refuses_is_said_and_the_input_kept_e1(
    world: World, draft: FlowVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Somebody else takes the position between the check of the form and its save.
    save = SavedAdmin.save_formset

    def late(self: Any, request: Any, form: Any, formset: Any, change: Any) -> None:
        if formset.model is Rule:
            Rule.objects.create(version=draft, position=7, name="Late", team=world.team)
        save(self, request, form, formset, change)

    monkeypatch.setattr(SavedAdmin, "save_formset", late)
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    sent = filled(browser.get(path)) | {"rules-0-position": "7", "title": "Kept: {deal.name}"}

    page = browser.post(path, sent)

    assert page.status_code == 409
    assert "Not saved: Another rule already has the same version and position." in words(page)
    assert "published" not in words(page).split("Not saved:")[1][:80]
    assert "Kept: {deal.name}" in page.content.decode()
    assert not Rule.objects.filter(position=7).exists()
    assert FlowVersion.objects.get(pk=draft.pk).title != "Kept: {deal.name}"


@pytest.mark.in_zone("UTC")
def test_a_draft_that_somebody_published_meanwhile_keeps_the_input_e1(
    world: World, draft: FlowVersion
) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    sent = filled(browser.get(path)) | {"title": "Kept: {deal.name}", "rules-0-name": "Kept rule"}
    publish_by_two(draft, world.olga, world.bob)

    page = browser.post(path, sent)

    assert page.status_code == 403
    assert f"Not saved. Bob published this version on {NOW:%a %-d %b %Y}" in words(page)
    assert "Copy it to a new draft" in words(page)
    shown = page.content.decode()
    assert "Kept: {deal.name}" in shown
    assert "Kept rule" in shown
    assert FlowVersion.objects.get(pk=draft.pk).title != "Kept: {deal.name}"


def test_the_forms_of_all_saved_pages_keep_their_input_e1() -> None:
    def below(page: type[Any]) -> list[type[Any]]:
        return [page, *(each for child in page.__subclasses__() for each in below(child))]

    assert {
        page.__name__ for page in below(SavedAdmin) if not issubclass(page.form, KeepsInput)
    } == set()


def test_the_database_still_refuses_two_rules_in_one_place_e1(
    world: World, draft: FlowVersion
) -> None:
    taken = draft.rules.earliest("position")
    with pytest.raises(IntegrityError, match="rule_position_once"):
        Rule.objects.create(version=draft, position=taken.position, name="x", team=world.team)


def test_a_fact_is_chosen_by_its_label_and_takes_it_over(world: World, draft: FlowVersion) -> None:
    desk, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    page = desk.get(path)
    assert '<option value="deal.amount">' in page.content.decode()
    assert "Amount is at least" in words(page)  # and no rule says deal.amount
    draft.fields.filter(name="deal.service").delete()
    sent = filled(desk.get(path))
    row = f"fields-{sent['fields-TOTAL_FORMS']}"
    sent |= {
        "fields-TOTAL_FORMS": str(int(sent["fields-TOTAL_FORMS"]) + 1),
        f"{row}-version": str(draft.pk),
        f"{row}-position": "90",
        f"{row}-name": "nobody.knows",
        f"{row}-type": "text",
        f"{row}-label": "",
    }

    refused = words(desk.post(path, sent))
    taken = desk.post(path, sent | {f"{row}-name": "deal.service"})

    assert "Enter a label. People read it in place of the name." in refused
    assert taken.status_code == 302
    assert draft.fields.get(name="deal.service").label == "Service"


def test_a_fact_may_be_entered_by_its_label(world: World, draft: FlowVersion) -> None:
    desk, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    draft.fields.filter(name="deal.service").delete()
    sent = filled(desk.get(path))
    row = f"fields-{sent['fields-TOTAL_FORMS']}"
    sent |= {
        "fields-TOTAL_FORMS": str(int(sent["fields-TOTAL_FORMS"]) + 1),
        f"{row}-version": str(draft.pk),
        f"{row}-position": "90",
        f"{row}-name": "service",
        f"{row}-type": "text",
        f"{row}-label": "",
        "title": "{Amount} for {Client}, {nobody knows}",
    }

    taken = desk.post(path, sent)

    assert taken.status_code == 302, words(taken)
    assert draft.fields.get(name="deal.service").label == "Service"
    stored = FlowVersion.objects.get(pk=draft.pk).title
    assert stored == "{deal.amount} for {client.code}, {nobody knows}"


def test_a_label_of_several_facts_is_asked_about(world: World, draft: FlowVersion) -> None:
    FlowField.objects.create(
        version=draft, name="deal.total", label="Amount", type="text", position=91
    )
    desk, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)

    page = desk.post(path, filled(desk.get(path)) | {"title": "{Amount} of {deal.name}"})

    assert page.status_code == 200
    assert "Several facts are called “Amount”. Enter one of: deal.amount, deal.total." in words(
        page
    )


def test_a_row_without_a_position_becomes_the_last(world: World, draft: FlowVersion) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    sent = filled(browser.get(path))
    last, total = max(draft.rules.values_list("position", flat=True)), sent["rules-TOTAL_FORMS"]
    new = {"position": "", "name": "Rest", "team": str(world.team.pk), "skills": "", "priority": 2}
    rows = {
        f"rules-{total + number}-{name}": value
        for number in (0, 1)
        for name, value in (new | {"name": f"Rest {number}"}).items()
    }

    saved = browser.post(path, sent | rows | {"rules-TOTAL_FORMS": str(total + 2)})

    assert saved.status_code == 302, words(saved)
    places = dict(draft.rules.values_list("name", "position"))
    assert (places["Rest 0"], places["Rest 1"]) == (last + 1, last + 2)
    assert saved["Location"] == path
