"""
The flow catalog: what is published is read, a draft is written, published, and rolled back through
the desk.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from routing.flows.files.text import read_flow_file
from routing.flows.operations import copy, publish
from routing.models import Condition, ExceptionCase, Flow, FlowVersion, Rule, Trigger
from tests.desk import filled, signed_in, url, words
from tests.journeys.crm import FakeCRM
from tests.routing.runs.stories import crm_of, make_flow, run_about
from tests.world import NOW, World, by

pytestmark = [pytest.mark.usefixtures("without_second_factor"), pytest.mark.requirement("A7")]


@pytest.fixture
def live(world: World) -> FlowVersion:
    return make_flow(world)


@pytest.fixture
def draft(world: World, live: FlowVersion) -> FlowVersion:
    return copy(live, by=by(world.olga), at=NOW, reason="Higher threshold")


@pytest.mark.requirement("G1", "I9", "L1", "L2", "T4", "T18")
def test_the_catalog_says_who_answers_what_is_live_and_what_is_open(
    world: World, live: FlowVersion
) -> None:
    crm = FakeCRM(world.acme)
    del crm.facts["deal.amount"]
    with crm_of(world) as fake:
        fake.facts = crm.facts
        run_about("901")
    browser = signed_in(world.alice)

    page = browser.get(url(Flow, "changelist"))

    assert "Lead to brief" in words(page)
    assert "Decide who owns a new deal" in words(page)
    for link in (
        f"{url(FlowVersion, 'change', live.pk)}",
        f"?flow__id__exact={live.flow_id}",
        f"run__flow__id__exact={live.flow_id}",
    ):
        assert link in page.content.decode()
    assert (
        browser.get(
            url(ExceptionCase, "changelist"),
            {"whose": "all", "run__flow__id__exact": str(live.flow_id)},
        ).status_code
        == 200
    )
    assert "1 open run" in words(signed_in(world.olga).get(url(Flow, "change", live.flow_id)))
    flow, version = (
        words(browser.get(url(Flow, "change", live.flow_id))),
        words(browser.get(url(FlowVersion, "change", live.pk))),
    )
    for text in (live.flow.outcome, live.flow.runbook, "Olga", "Bob"):
        assert text in flow
    for kind in ("Deal created (HubSpot)", "Form submitted (Website)"):
        assert kind in version


def test_a_published_version_is_read_and_every_change_refused(
    world: World, live: FlowVersion
) -> None:
    browser, rule = signed_in(world.olga), live.rules.earliest("position")

    page = browser.get(url(FlowVersion, "change", live.pk))

    assert "Published versions are read-only. Copy this version to change the flow." in words(page)
    assert "Everything else" in words(page)
    assert browser.post(url(FlowVersion, "change", live.pk), {"title": "x"}).status_code == 403
    assert browser.post(url(Rule, "change", rule.pk), {"name": "x"}).status_code == 403
    assert browser.post(url(FlowVersion, "add"), {"title": "x"}).status_code == 403
    assert FlowVersion.objects.get().title == "{deal.name}"


def test_a_draft_is_edited_with_who_and_why(world: World, draft: FlowVersion) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    sent = filled(browser.get(path)) | {
        "title": "New: {deal.name}",
        "reason": "Easier to find",
        "triggers-0-kind": "hubspot.deal.restore",
    }

    answer = browser.post(path, sent)

    assert answer.status_code == 302
    record = FlowVersion.objects.get(pk=draft.pk).history.order_by("history_id").last()
    assert (record.title, record.history_user, record.history_change_reason) == (
        "New: {deal.name}",
        world.olga,
        "Easier to find",
    )
    assert sorted(draft.triggers.values_list("kind", flat=True)) == [
        "form.submitted",
        "hubspot.deal.restore",
    ]


def test_the_page_says_what_is_wrong_and_does_not_offer_to_publish(
    world: World, draft: FlowVersion
) -> None:
    draft.triggers.all().delete()
    FlowVersion.objects.filter(pk=draft.pk).update(title="{deal.nickname}")
    browser = signed_in(world.olga)

    page = words(browser.get(url(FlowVersion, "change", draft.pk)))
    refused = browser.post(url(FlowVersion, "do", draft.pk, "publish"), {"reason": "Now"})

    assert "The version has no trigger. Add one." in page
    assert "Unknown fields in braces: deal.nickname." in page
    assert "Publish…" not in page
    assert refused.status_code == 409
    assert "The version has no trigger" in words(refused)
    assert FlowVersion.objects.get(pk=draft.pk).published_at is None


def test_publishing_and_rolling_back_through_the_desk(
    world: World, live: FlowVersion, draft: FlowVersion
) -> None:
    browser = signed_in(world.olga)

    assert browser.get(url(FlowVersion, "do", draft.pk, "publish")).status_code == 200
    assert FlowVersion.objects.live().get() == live
    browser.post(url(FlowVersion, "do", draft.pk, "publish"), {"reason": ""})
    assert FlowVersion.objects.live().get() == live
    page = browser.post(
        url(FlowVersion, "do", draft.pk, "publish"), {"reason": "Agreed on Monday"}, follow=True
    )
    assert "Lead to brief v2 is live. New runs use it." in words(page)
    assert FlowVersion.objects.live().get() == draft
    back = browser.post(
        url(FlowVersion, "do", live.pk, "roll_back"), {"reason": "Too many went south"}, follow=True
    )

    now = FlowVersion.objects.live().get()
    assert "Rolled back. Lead to brief v3" in words(back)
    assert (now.number, now.copied_from, now.published_by) == (3, live, world.olga)
    assert now.history.order_by("history_id").last().history_change_reason == "Too many went south"


def test_a_new_flow_gets_its_first_draft(world: World, live: FlowVersion) -> None:
    browser = signed_in(world.olga)
    sent = {"name": "Renewals", "slug": "renewals", "purpose": "p", "outcome": "o", "runbook": ""}
    sent["criticality"] = "essential"

    browser.post(url(Flow, "add"), sent | {"owner": world.olga.pk, "backup": world.bob.pk})
    flow = Flow.objects.get(slug="renewals")
    page = browser.post(url(Flow, "draft", flow.pk), {"reason": "Start"}, follow=True)

    assert flow.history.get().history_user == world.olga
    assert "The version has no trigger. Add one." in words(page)
    assert FlowVersion.objects.get(flow=flow).number == 1


def test_the_slug_is_made_from_the_name_and_a_name_is_taken_once(
    world: World, live: FlowVersion
) -> None:
    browser = signed_in(world.olga)
    sent: dict[str, Any] = {
        "name": "Yearly renewals",
        "slug": "",
        "purpose": "p",
        "outcome": "o",
        "runbook": "",
    }
    sent |= {"criticality": "essential", "owner": world.olga.pk, "backup": world.bob.pk}

    browser.post(url(Flow, "add"), sent)
    refused = browser.post(url(Flow, "add"), sent | {"name": "yearly RENEWALS"})

    assert Flow.objects.get(name="Yearly renewals").slug == "yearly-renewals"
    assert "There is a flow “yearly RENEWALS” already. Choose another name." in words(refused)
    assert Flow.objects.filter(name__iexact="yearly renewals").count() == 1


def test_an_empty_draft_says_what_is_missing_line_by_line(world: World, live: FlowVersion) -> None:
    draft = copy(live, by=by(world.olga), at=NOW, reason="Anew")
    Condition.objects.filter(rule__version=draft).delete()
    draft.rules.all().delete()
    draft.triggers.all().delete()

    said = words(signed_in(world.olga).get(url(FlowVersion, "change", draft.pk)))

    assert "Nothing starts it. Add a trigger." in said
    assert "Nobody is assigned. Add a rule." in said
    assert "It is started by ." not in said


def test_owner_and_backup_must_differ(world: World, live: FlowVersion) -> None:
    sent = {
        "name": "N",
        "purpose": "p",
        "outcome": "o",
        "owner": world.olga.pk,
        "backup": world.olga.pk,
    }

    page = signed_in(world.olga).post(url(Flow, "change", live.flow_id), sent)

    assert "Policy owner and backup must be two different people." in words(page)


@pytest.mark.parametrize(
    ("operator", "value", "kept"),
    [("one_of", "10, 20", ["10", "20"]), ("below", "70000", "70000"), ("known", "whatever", None)],
)
def test_a_condition_is_written_as_text_and_kept_typed(
    world: World, draft: FlowVersion, operator: str, value: str, kept: object
) -> None:
    rule, browser = draft.rules.earliest("position"), signed_in(world.olga)
    path = url(Rule, "change", rule.pk)

    answer = browser.post(
        path,
        filled(browser.get(path))
        | {"conditions-0-operator": operator, "conditions-0-value": value},
    )

    assert answer["Location"] == url(FlowVersion, "change", draft.pk)
    assert Condition.objects.get(rule=rule).value == kept


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"conditions-0-value": "a lot"}, "is not a number"),
        ({"conditions-0-operator": "contains"}, "it has no “contains”"),
        ({"conditions-0-operator": "nonsense"}, "Select a valid choice"),
        ({"conditions-0-field": "contact.email"}, "Select a valid choice"),
        ({"conditions-0-group": "-1"}, "greater than or equal to 0"),
        ({"position": "2"}, "already has this position"),
    ],
)
def test_a_condition_that_could_never_be_answered_is_refused(
    world: World, draft: FlowVersion, change: dict[str, str], said: str
) -> None:
    rule, browser = draft.rules.earliest("position"), signed_in(world.olga)
    path = url(Rule, "change", rule.pk)

    page = browser.post(path, filled(browser.get(path)) | change)

    assert page.status_code == 200
    assert said in words(page)
    assert Condition.objects.get(rule=rule).value == "50000"


def test_what_somebody_else_published_meanwhile_is_said_not_a_crash(
    world: World, draft: FlowVersion
) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    sent = filled(browser.get(path)) | {"triggers-0-kind": "late.change"}
    publish(draft, by=by(world.olga), at=NOW, reason="First")

    answer = browser.post(path, sent)

    assert answer.status_code == 403
    assert "Not saved. Olga published this version" in words(answer)
    assert "late.change" in answer.content.decode()
    assert not Trigger.objects.filter(kind="late.change").exists()


@pytest.mark.parametrize("who", ["alice", "quin", "ivan", "audrey"])
def test_those_who_only_view_flows_cannot_change_them(
    world: World, draft: FlowVersion, who: str
) -> None:
    browser, flow = signed_in(getattr(world, who)), draft.flow
    rule = draft.rules.earliest("position")

    for path in (
        url(Flow, "change", flow.pk),
        url(FlowVersion, "change", draft.pk),
        url(Rule, "change", rule.pk),
    ):
        assert browser.get(path).status_code == 200
        assert browser.post(path, {"title": "x", "name": "x"}).status_code == 403
    for path in (
        url(FlowVersion, "do", draft.pk, "publish"),
        url(FlowVersion, "do", draft.pk, "copy"),
        url(Flow, "draft", flow.pk),
        url(Flow, "add"),
    ):
        assert browser.post(path, {"reason": "x"}).status_code == 403
    assert FlowVersion.objects.count() == 2


def test_creatives_have_no_flows(world: World, live: FlowVersion) -> None:
    assert signed_in(world.cora).get(url(Flow, "changelist")).status_code == 403
    assert signed_in(world.cora).get(url(FlowVersion, "change", live.pk)).status_code == 403


@pytest.mark.parametrize("model", [Flow, FlowVersion])
def test_history_is_read_and_nothing_deleted(world: World, live: FlowVersion, model: Any) -> None:
    row, browser = model.objects.get(), signed_in(world.olga)

    assert browser.get(url(model, "history", row.pk)).status_code == 200
    assert browser.post(url(model, "history", row.pk)).status_code == 403
    assert browser.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403


def test_the_catalog_costs_the_same_however_long(world: World, live: FlowVersion) -> None:
    browser, counts = signed_in(world.olga), []
    for number in (1, 6):
        for each in range(number):
            Flow.objects.create(
                slug=f"f{number}{each}", name=f"F{number}{each}", owner=world.olga, backup=world.bob
            )
        with CaptureQueriesContext(connection) as queries:
            browser.get(url(Flow, "changelist"))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_draft_says_what_it_changes_and_each_version_is_a_file(
    world: World, live: FlowVersion, draft: FlowVersion
) -> None:
    rule = draft.rules.earliest("position")
    rule.conditions.update(value="75000")
    Trigger.objects.create(version=draft, kind="form.submitted", field="form", value="Contact")
    browser = signed_in(world.alice)

    said = words(browser.get(url(FlowVersion, "change", draft.pk)))
    file = browser.get(url(FlowVersion, "file", draft.pk))
    unchanged = words(browser.get(url(FlowVersion, "change", live.pk)))

    assert "rule “High value”, conditions" in said
    assert "Amount is at least 50000" in said
    assert "Amount is at least 75000" in said
    assert "Form submitted (Website), if “form” is “Contact”" in said
    assert "Changes since v1" not in unchanged
    assert file.headers["Content-Disposition"] == 'attachment; filename="lead-to-brief-v2.yaml"'
    content = read_flow_file(file.content).content
    assert [each.value for each in content.rules[0].when[0]] == ["75000"]
