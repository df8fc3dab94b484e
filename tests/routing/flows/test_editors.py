"""
Policy owners and, where a flow lets them, team leads edit the rules of their own flows; nobody else
does.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client as Browser

from routing.flows.approving import withdraw
from routing.flows.editors import EditScope, edit_scope, editors_of, editors_words
from routing.flows.files.stored import content_of, keep_flow_file
from routing.flows.files.text import read_flow_file, written
from routing.flows.operations import begin, copy, publish, roll_back
from routing.kernel.roles import AM
from routing.models import (
    Condition,
    Flow,
    FlowProposal,
    FlowVersion,
    PublishApproval,
    Rule,
    Team,
    Trigger,
    User,
    VersionAction,
    WorkItem,
)
from routing.people.actors import Actor
from tests.desk import filled, signed_in, url, words
from tests.flows import asked_to_publish
from tests.routing.flows.test_lint import staffed
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by, make_user

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("O7", "G11"),
]


@pytest.fixture
def live(world: World) -> FlowVersion:
    """The live v2 of a flow of Alice and her backup Quin. A rule routes to a team of Bob's."""
    made = make_flow(world)
    staffed(made, world.alice, world.bob)
    Team.objects.filter(pk=world.team.pk).update(lead=world.olga)
    draft = copy(made, by=by(world.olga), at=NOW, reason="Form")
    Trigger.objects.create(version=draft, kind="form.submitted", field="form", value="Contact")
    publish(draft, by=by(world.olga), at=NOW, reason="Form")
    Flow.objects.filter(pk=made.flow_id).update(owner=world.alice, backup=world.quin)
    return FlowVersion.objects.get(pk=draft.pk)


@pytest.fixture
def led(live: FlowVersion) -> FlowVersion:
    Flow.objects.filter(pk=live.flow_id).update(leads_may_edit=True)
    return FlowVersion.objects.get(pk=live.pk)


def other_flow(world: World) -> Flow:
    return Flow.objects.create(
        slug="another", name="Another", owner=world.olga, backup=world.ivan, leads_may_edit=True
    )


def scopes(world: World, flow: Flow) -> dict[str, EditScope]:
    everybody = [each for each in vars(world).values() if isinstance(each, User)]
    return {user.full_name: scope for user in everybody if (scope := edit_scope(by(user), flow.pk))}


# -- Who may ---------------------------------------------------------------------------------------


def test_owner_backup_and_operations_lead_edit_a_flow(world: World, live: FlowVersion) -> None:
    assert scopes(world, live.flow) == {
        "Alice": EditScope.RULES,
        "Quin": EditScope.RULES,
        "Olga": EditScope.EVERYTHING,
    }
    assert scopes(world, other_flow(world)) == {
        "Olga": EditScope.EVERYTHING,
        "Ivan": EditScope.RULES,
    }
    assert edit_scope(Actor.system(), live.flow_id) == EditScope.EVERYTHING


def test_leads_of_the_teams_to_which_it_routes_do_where_it_lets_them(
    world: World, led: FlowVersion
) -> None:
    assert scopes(world, led.flow) == {
        "Alice": EditScope.RULES,
        "Bob": EditScope.RULES,
        "Quin": EditScope.RULES,
        "Olga": EditScope.EVERYTHING,
    }


def test_a_draft_makes_no_lead_an_editor(world: World, led: FlowVersion) -> None:
    """Whoever edits a draft could otherwise let anybody in."""
    far = Team.objects.create(name="Far", lead=world.ivan)
    draft = copy(led, by=by(world.alice), at=NOW, reason="Far")
    Rule.objects.filter(version=draft).update(team=far)

    assert edit_scope(by(world.ivan), led.flow_id) == EditScope.NOTHING
    assert edit_scope(by(world.bob), led.flow_id) == EditScope.RULES


def test_an_owner_without_the_role_edits_nothing(world: World, live: FlowVersion) -> None:
    world.alice.groups.clear()

    assert edit_scope(by(world.alice), live.flow_id) == EditScope.NOTHING
    assert editors_of(live.flow) == [world.quin]


@pytest.mark.parametrize("leads", [True, False])
def test_those_who_are_named_are_those_who_may(
    world: World, live: FlowVersion, leads: bool
) -> None:
    Flow.objects.filter(pk=live.flow_id).update(leads_may_edit=leads)
    flow = Flow.objects.get(pk=live.flow_id)
    mine = {name for name, scope in scopes(world, flow).items() if scope == EditScope.RULES}

    assert {user.full_name for user in editors_of(flow)} - {"Olga"} == mine
    assert editors_words(flow).endswith("Operations lead")


def test_letting_leads_edit_a_live_flow_needs_a_second_person(
    world: World, live: FlowVersion
) -> None:
    path = url(Flow, "change", live.flow_id)
    browser = signed_in(world.olga)
    sent = filled(browser.get(path)) | {"leads_may_edit": "on", "reason": "They know"}

    assert browser.post(path, sent).status_code == 302

    waiting = FlowProposal.objects.get()
    assert waiting.proposed == {"leads_may_edit": True}
    assert not Flow.objects.get(pk=live.flow_id).leads_may_edit
    page = words(browser.get(url(FlowProposal, "change", waiting.pk)))
    assert "team leads may edit rules" in page.casefold()
    assert signed_in(world.alice).post(path, sent).status_code == 403


# -- What they may do ------------------------------------------------------------------------------


def drafted(browser: Browser, live: FlowVersion) -> FlowVersion:
    """Make a draft by the steps of the page of the flow."""
    page = browser.get(url(Flow, "change", live.flow_id))
    address = url(Flow, "draft", live.flow_id)
    assert address in page.content.decode()
    assert browser.get(address).status_code == 200
    assert browser.post(address, {"reason": "Quicker"}).status_code == 302
    return FlowVersion.objects.get(flow=live.flow_id, published_at=None)


def saved(browser: Browser, model: Any, pk: int, **values: Any) -> None:
    path = url(model, "change", pk)
    answer = browser.post(path, filled(browser.get(path)) | values)
    assert answer.status_code == 302, words(answer)


@pytest.mark.parametrize("who", ["alice", "quin", "bob"])
def test_they_draft_edit_and_publish_what_one_person_may(
    world: World, led: FlowVersion, who: str
) -> None:
    person: User = getattr(world, who)
    browser = signed_in(person)
    draft = drafted(browser, led)
    rule = draft.rules.get(conditions=None)
    trigger = draft.triggers.get(field="form")
    place = list(draft.triggers.order_by("pk")).index(trigger)
    saved(
        browser,
        FlowVersion,
        draft.pk,
        **{"title": "Sold: {deal.name}", f"triggers-{place}-value": "elsewhere"},
    )
    saved(browser, Rule, rule.pk, name="All others")

    draft.refresh_from_db()
    trigger.refresh_from_db()
    rule.refresh_from_db()
    assert (draft.title, trigger.value, rule.name) == (
        "Sold: {deal.name}",
        "elsewhere",
        "All others",
    )
    assert draft.history.latest().history_user == person
    page = words(browser.get(url(FlowVersion, "change", draft.pk)))
    assert "Changes since v2" in page
    assert "elsewhere" in page
    publishing = url(FlowVersion, "do", draft.pk, "publish")
    assert browser.post(publishing, {"reason": "Ready"}).status_code == 302
    draft.refresh_from_db()
    assert draft.published_by == person


def test_they_add_and_delete_rules_and_conditions(world: World, live: FlowVersion) -> None:
    draft = copy(live, by=by(world.alice), at=NOW, reason="Less")
    first, last = draft.rules.order_by("position")
    browser = signed_in(world.alice)
    count = first.conditions.count()

    saved(
        browser,
        Rule,
        first.pk,
        **{
            "conditions-TOTAL_FORMS": count + 1,
            f"conditions-{count}-rule": first.pk,
            f"conditions-{count}-group": 2,
            f"conditions-{count}-field": "deal.amount",
            f"conditions-{count}-operator": "known",
            f"conditions-{count}-value": "",
        },
    )
    assert first.conditions.count() == count + 1
    saved(browser, FlowVersion, draft.pk, **{"rules-0-DELETE": "on"})

    assert list(draft.rules.all()) == [last]
    assert not Condition.objects.filter(rule=first.pk).exists()


def test_what_needs_two_people_is_asked_of_a_second_one(world: World, live: FlowVersion) -> None:
    browser = signed_in(world.alice)
    draft = drafted(browser, live)
    saved(browser, FlowVersion, draft.pk, **{"rules-0-priority": str(WorkItem.Priority.URGENT)})

    page = words(browser.get(url(FlowVersion, "change", draft.pk)))
    assert "Ask for approval…" in page
    publishing = url(FlowVersion, "do", draft.pk, "publish")
    assert browser.post(publishing, {"reason": "Ready"}).status_code == 302

    asked = PublishApproval.objects.get()
    assert (asked.asked_by, asked.state) == (world.alice, "pending")
    assert world.alice.pk in asked.authors
    with pytest.raises(PermissionDenied):
        publish(draft, by=by(world.bob), at=NOW, reason="I agree")
    publish(draft, by=by(world.olga), at=NOW, reason="I agree")
    draft.refresh_from_db()
    assert draft.published_by == world.olga


def test_whoever_asked_takes_it_back(world: World, live: FlowVersion) -> None:
    draft = copy(live, by=by(world.quin), at=NOW, reason="Sooner")
    Rule.objects.filter(version=draft, position=1).update(priority=WorkItem.Priority.URGENT)
    asked = asked_to_publish(draft, world.quin)

    [done] = withdraw([asked.pk], by=by(world.quin), at=NOW, reason="Not yet")

    assert done.done


def test_the_rest_of_a_draft_stays_with_operations_leads(world: World, live: FlowVersion) -> None:
    draft = copy(live, by=by(world.alice), at=NOW, reason="More")
    browser, path = signed_in(world.alice), url(FlowVersion, "change", draft.pk)
    shown = browser.get(path)
    sent = filled(shown)
    action = draft.actions.get()
    kinds = list(draft.triggers.values_list("kind", "field"))
    facts, stages = draft.fields.count(), draft.approval_stages.count()

    forged = {
        "policy": "other",
        "rollback_to": "",
        "triggers-0-kind": "form.submitted",
        "triggers-0-field": "",
        "triggers-1-DELETE": "on",
        "actions-TOTAL_FORMS": "1",
        "actions-INITIAL_FORMS": "1",
        "actions-0-id": action.pk,
        "actions-0-version": draft.pk,
        "actions-0-kind": "routing.notify",
        "actions-0-position": "4",
        "fields-TOTAL_FORMS": facts + 1,
        f"fields-{facts}-name": "deal.colour",
        f"fields-{facts}-label": "Colour",
        f"fields-{facts}-type": "text",
        "title": "Only the title",
    }
    assert browser.post(path, sent | forged).status_code == 302

    draft.refresh_from_db()
    action.refresh_from_db()
    assert draft.title == "Only the title"
    assert (draft.policy, draft.rollback_to) == (live.policy, live)
    assert list(draft.triggers.values_list("kind", "field")) == kinds
    assert (action.kind, action.position) == (live.actions.get().kind, 1)
    assert (draft.fields.count(), draft.approval_stages.count()) == (facts, stages)
    page = url(VersionAction, "change", action.pk)
    assert browser.get(page).status_code == 200
    assert browser.post(page, {"position": "3"}).status_code == 403


def test_they_neither_roll_back_nor_import_nor_change_the_entry(
    world: World, live: FlowVersion
) -> None:
    again = publish(
        copy(live, by=by(world.alice), at=NOW, reason="x"), by=by(world.olga), at=NOW, reason="x"
    )
    browser, file = signed_in(world.alice), read_flow_file(exported(again).encode())

    with pytest.raises(PermissionDenied):
        roll_back(live, by=by(world.alice), at=NOW, reason="Back")
    with pytest.raises(PermissionDenied):
        keep_flow_file(file, by=by(world.alice), at=NOW, reason="File")
    back = url(FlowVersion, "do", live.pk, "roll_back")
    assert browser.post(back, {"reason": "Back"}).status_code == 403
    entry = url(Flow, "change", live.flow_id)
    assert browser.get(entry).status_code == 200
    assert browser.post(entry, {"name": "Mine"}).status_code == 403


def exported(version: FlowVersion) -> str:
    return written(content_of(version))


# -- Everybody else --------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["bob", "ivan", "audrey", "cora", "eve"])
def test_everybody_else_is_refused_at_each_address(
    world: World, live: FlowVersion, who: str
) -> None:
    """Bob leads a team to which it routes, but the flow does not let leads edit."""
    person = make_user("Eve", AM) if who == "eve" else getattr(world, who)
    draft = copy(live, by=by(world.alice), at=NOW, reason="Hers")
    rule, action = draft.rules.get(position=1), draft.actions.get()
    sent = filled(signed_in(world.alice).get(url(FlowVersion, "change", draft.pk)))
    of_rule = filled(signed_in(world.alice).get(url(Rule, "change", rule.pk)))
    browser = signed_in(person)
    before = exported(draft)

    steps = [url(Flow, "draft", live.flow_id), url(FlowVersion, "do", draft.pk, "publish")]
    steps += [url(FlowVersion, "do", row.pk, "copy") for row in (live, draft)]
    for path in steps:
        assert browser.get(path).status_code == 403, path
        assert browser.post(path, {"reason": "Mine"}).status_code == 403, path
    for path, data in (
        (url(FlowVersion, "change", draft.pk), sent | {"title": "Mine"}),
        (url(Rule, "change", rule.pk), of_rule | {"name": "Mine"}),
        (url(VersionAction, "change", action.pk), {"position": "3"}),
        (url(FlowVersion, "change", live.pk), sent | {"title": "Mine"}),
    ):
        assert browser.post(path, data).status_code == 403, path

    assert exported(draft) == before
    assert list(live.flow.versions.filter(published_at=None)) == [draft]
    for act in (copy, publish):
        with pytest.raises(PermissionDenied):
            act(draft, by=by(person), at=NOW, reason="Mine")
    with pytest.raises(PermissionDenied):
        begin(live.flow, by=by(person), at=NOW, reason="Mine")


def test_other_flows_are_only_shown_to_a_policy_owner(world: World, live: FlowVersion) -> None:
    other = other_flow(world)
    draft = begin(other, by=by(world.olga), at=NOW, reason="First")
    browser = signed_in(world.alice)

    page = browser.get(url(FlowVersion, "change", draft.pk))

    assert page.status_code == 200
    assert "Save" not in words(page)
    assert "New draft…" not in words(browser.get(url(Flow, "change", other.pk)))
    assert browser.post(url(FlowVersion, "change", draft.pk), {"title": "x"}).status_code == 403


def test_the_command_asks_the_same_place(world: World, live: FlowVersion) -> None:
    draft = copy(live, by=by(world.alice), at=NOW, reason="Title")
    FlowVersion.objects.filter(pk=draft.pk).update(title="Sold: {deal.name}")
    words_of = ("publish", live.flow.slug, "--reason", "Ready", "--yes", "--as")

    with pytest.raises(CommandError, match="may not change drafts"):
        call_command("flow", *words_of, world.bob.email)
    call_command("flow", *words_of, world.alice.email)

    draft.refresh_from_db()
    assert draft.published_by == world.alice


# -- What is theirs --------------------------------------------------------------------------------


def test_today_and_the_list_show_them_their_own(world: World, led: FlowVersion) -> None:
    other_flow(world)
    draft = copy(led, by=by(world.alice), at=NOW, reason="Next")
    rows = url(Flow, "changelist")

    for person in (world.alice, world.quin, world.bob):
        browser = signed_in(person)
        page = browser.get("/admin/")
        said = words(page)
        assert "My flows" in said
        assert f"v2 is live · draft v{draft.number}" in said
        assert f"{rows}?whose=mine" in page.content.decode()
        found = browser.get(f"{rows}?whose=mine").context["cl"].result_list
        assert [flow.pk for flow in found] == [led.flow_id]
        assert len(browser.get(rows).context["cl"].result_list) == 2
    for person in (world.audrey, make_user("Eve", AM), world.cora):
        assert "My flows" not in words(signed_in(person).get("/admin/"))
