"""The catalogue entry of a flow: at the desk, in its file and by command."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from routing.flows.change_classes import ChangeClass
from routing.flows.files.difference import differences
from routing.flows.files.stored import content_of, keep_flow_file
from routing.flows.files.text import BadFlowFile, read_flow_file, written
from routing.flows.operations import copy, publish
from routing.flows.proposing import approve_proposal
from routing.models import Flow, FlowProposal, FlowVersion, Rule
from routing.runs.operations.switching import switch_off
from tests.desk import filled, signed_in, url, words
from tests.flows import asked_to_publish
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("G1", "G2", "L10"),
]
ENTRY: dict[str, Any] = {
    "metric": "Deals with an owner within an hour",
    "criticality": "may_pause",
    "touches": ["billing", "client_sla"],
    "may_change": ["CRM: deal stage", "Throughline: requests"],
    "system_of_record": "The CRM",
    "must_hold": ["A deal has one owner"],
    "stay_stable": ["another"],
    "feels_first": "Account managers",
    "leads_may_edit": True,
    "last_review": date(2026, 11, 2),
    "next_review": date(2027, 2, 1),
}


@pytest.fixture
def version(world: World) -> FlowVersion:
    made = make_flow(world)
    Flow.objects.create(slug="another", name="Another", owner=world.olga, backup=world.bob)
    return made


@pytest.fixture
def complete(world: World, version: FlowVersion) -> FlowVersion:
    Flow.objects.filter(pk=version.flow_id).update(**ENTRY, outcome_owner=world.alice)
    return FlowVersion.objects.get(pk=version.pk)


def kept(text: str, world: World) -> FlowVersion | None:
    return keep_flow_file(read_flow_file(text.encode()), by=by(world.olga), at=NOW, reason="File")


def test_it_is_entered_and_shown_at_the_desk(world: World, version: FlowVersion) -> None:
    browser, path = signed_in(world.olga), url(Flow, "change", version.flow_id)
    sent = filled(browser.get(path)) | {
        **ENTRY,
        "may_change": "CRM: deal stage\r\n\r\n Throughline: requests \nCRM: deal stage",
        "must_hold": "A deal has one owner",
        "last_review": "2026-11-02",
        "next_review": "2027-02-01",
        "outcome_owner": world.alice.pk,
    }

    assert browser.post(path, sent).status_code == 302
    # What the flow reaches needs a second person.
    [waiting] = FlowProposal.objects.all()
    [agreed] = approve_proposal([waiting.pk], by=by(world.bob), at=NOW, reason="Right")

    assert agreed.done
    flow = Flow.objects.get(pk=version.flow_id)
    assert {name: getattr(flow, name) for name in ENTRY} == ENTRY
    assert flow.outcome_owner == world.alice
    page = words(signed_in(world.alice).get(path))
    for text in ("Deals with an owner within an hour", "The CRM", "A deal has one owner"):
        assert text in page
    wrong = browser.post(path, sent | {"next_review": "2026-11-01"})
    assert "The next review comes after the last one." in words(wrong)


def test_its_file_has_it_and_an_older_file_leaves_it_as_it_is(
    world: World, complete: FlowVersion
) -> None:
    text = written(content_of(complete))
    old = "\n".join(
        line for line in text.replace("title: ", "title: New ").splitlines() if "metric" not in line
    )

    assert kept(text, world) is None
    draft = kept(old, world)

    assert draft is not None
    flow = Flow.objects.get(pk=complete.flow_id)
    assert flow.metric == ENTRY["metric"]
    assert written(content_of(draft)) == text.replace("title: ", "title: New ")
    emptied = kept(text.replace(f"metric: {ENTRY['metric']}", "metric: ''"), world)
    assert emptied is not None
    assert Flow.objects.get(pk=complete.flow_id).metric == ""


@pytest.mark.parametrize(
    ("was", "now", "path"),
    [
        ("- another", "- anotter", "stay_stable.0"),
        ("- billing", "- bills", "touches.0"),
        ("last_review: '2026-11-02'", "last_review: '2026-13-02'", "last_review"),
        ("last_review: '2026-11-02'", "last_review: 1000000", "last_review"),
        ("outcome_owner: ", "outcome_owner: x", "outcome_owner"),
        ("- A deal has one owner", "- ''", "must_hold.0"),
    ],
)
def test_a_wrong_entry_names_its_line(
    world: World, complete: FlowVersion, was: str, now: str, path: str
) -> None:
    text = written(content_of(complete)).replace(was, now)
    assert now in text

    with pytest.raises(BadFlowFile) as caught:
        kept(text, world)

    [fault] = caught.value.faults
    assert fault.path == path
    assert now in text.splitlines()[fault.line - 1]


def test_another_reach_is_more_than_wording(world: World, complete: FlowVersion) -> None:
    was = content_of(complete)
    now = was.model_copy(update={"touches": (), "may_change": (), "metric": "Other"})

    found = {each.path: each.change_class for each in differences(was, now)}

    assert found == {
        "touches": ChangeClass.CLIENT_SLA,
        "may_change": ChangeClass.OUTSIDE_EFFECT,
        "metric": ChangeClass.WORDING,
    }


def test_routing_of_a_flow_that_touches_billing_needs_two_people(
    world: World, complete: FlowVersion
) -> None:
    """L10: and the outcome owner is one of those who can agree."""
    draft = copy(complete, by=by(world.olga), at=NOW, reason="Routing")
    Rule.objects.filter(version=draft, position=2).update(account_first=False)
    asked = asked_to_publish(draft, world.olga)

    assert asked.item.owner == world.alice
    assert asked.change_class == ChangeClass.ROUTING
    assert publish(draft, by=by(world.alice), at=NOW, reason="Yes").published_by == world.alice
    worded = copy(complete, by=by(world.olga), at=NOW, reason="Words")
    Rule.objects.filter(version=worded, position=2).update(account_first=False)
    FlowVersion.objects.filter(pk=worded.pk).update(title="New: {deal.name}")
    assert publish(worded, by=by(world.olga), at=NOW, reason="Words").number == worded.number


def test_its_map_is_drawn_from_the_rows(world: World, complete: FlowVersion) -> None:
    page = words(signed_in(world.alice).get(url(Flow, "change", complete.flow_id)))

    _before, _heading, shown = page.partition("Workflow map")
    stops = (
        "Trigger Deal created (HubSpot)",
        "Context Needs: Deal, Amount",
        "Rules High value: Amount is at least 50000 → High value, High",
        "Owner Policy: Olga, backup Bob",
        "Checkpoints The agency approves, then the client",
        "Exceptions",
        "Outcome The agreed work is live",
        "Review Last: Mon 2 Nov 2026 Next: Mon 1 Feb 2027",
    )
    places = [shown.find(stop) for stop in stops]
    assert -1 not in places, list(zip(stops, places, strict=True))
    assert places == sorted(places)
    assert "two people, because it touches Billing, SLA with clients" in shown


def test_it_is_printed_as_a_document_with_who_owns_what(
    world: World, complete: FlowVersion
) -> None:
    Flow.objects.filter(pk=complete.flow_id).update(runbook="## If it stops\n- Ring **Olga**")
    switch_off(
        Flow.objects.get(slug="another").pk, by=by(world.olga), at=NOW, reason="Under review"
    )
    browser = signed_in(world.alice)

    link = browser.get(url(Flow, "changelist")).context["catalogue_url"]
    answer = browser.get(link)
    page = words(answer)

    assert page.index("Another") < page.index("Lead to brief")  # by name, in the contents too
    assert "Switched off" in page
    assert "“Under review”" in page
    for said in (
        "Must hold A deal has one owner",
        "Flows that must stay stable Another",
        "Outcome The agreed work is live",
        "High value Amount is at least 50000 Team High value",
        "If it stops",
        "Received data cannot be read Default owner and backup of the agency",
    ):
        assert said in page, said
    assert "<strong>Olga</strong>" in answer.content.decode()


def test_the_commands_list_and_show_it(world: World, complete: FlowVersion) -> None:
    shown, listed, text = StringIO(), StringIO(), StringIO()
    call_command("flow", "show", complete.flow.slug, "--json", stdout=shown)
    call_command("flow", "list", "--json", stdout=listed)
    call_command("flow", "list", stdout=text)

    body = json.loads(shown.getvalue())
    assert body.pop("schema") == {"name": "throughline.flow.show", "version": 1}
    assert body["owner"] == world.olga.email
    assert (body["live"], body["pilot"], body["shadow"]) == (1, None, None)
    assert (body["touches"], body["next_review"]) == (["billing", "client_sla"], "2027-02-01")
    assert body["runs_by_version"] == {}
    assert {"slug", "state", "waiting", "backup", "may_change", "metric"} <= body.keys()
    [other, same] = json.loads(listed.getvalue())["flows"]
    assert (other["slug"], other["live"]) == ("another", None)
    assert same == body
    assert "another: on, not published, 0 open runs" in text.getvalue()
