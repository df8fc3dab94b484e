"""The checklist before publishing: answered by the system where it can look, else by a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from delivery.models import Check
from integrations.base.connections import Connection
from routing.flows.approving import approve
from routing.flows.checklist import (
    COUNTS_FOR,
    ChecklistOpen,
    CriteriaMissing,
    answer_line,
    checklist_of,
)
from routing.flows.operations import copy, publish
from routing.models import ExceptionRoute, Flow, FlowVersion, Rule, Trigger, User, WorkItem
from tests.config.management.test_flow import run
from tests.desk import filled, signed_in, url, words
from tests.flows import asked_to_publish
from tests.integrations.inbox.senders import make_connection
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("G1", "O19", "L1"),
]
LINES = (
    "triggers",
    "owners",
    "sla",
    "rules",
    "connections",
    "crm_fields",
    "checks",
    "audit",
    "exception_routes",
    "runbook",
    "rollback",
    "review",
)


@pytest.fixture
def draft(world: World) -> FlowVersion:
    made = copy(make_flow(world), by=by(world.olga), at=NOW, reason="Title")
    FlowVersion.objects.filter(pk=made.pk).update(title="New: {deal.name}")
    return FlowVersion.objects.get(pk=made.pk)


@pytest.fixture
def crm(world: World) -> Connection:
    people = {"health_owner": world.ivan, "health_backup": world.bob}
    return make_connection("hubspot", world, name="CRM", **people)


def open_lines(version: FlowVersion) -> list[str]:
    return [each.code for each in checklist_of(version, NOW) if each.is_open]


def test_every_line_says_why_and_what_it_supposes(world: World, draft: FlowVersion) -> None:
    lines = {each.code: each for each in checklist_of(draft, NOW)}

    assert tuple(lines) == LINES
    assert open_lines(draft) == []
    assert all(each.look.because for each in lines.values())
    assert {code for code, each in lines.items() if each.look.guess} == {
        "connections",
        "checks",
        "audit",
        "runbook",
    }
    Check.objects.create(name="Tone", kind="judgment", position=1)
    [checks] = [each for each in checklist_of(draft, NOW) if each.code == "checks"]
    assert not checks.look.guess


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (
            lambda d: Trigger.objects.filter(version=d).update(kind="hubspot.deal.creaton"),
            "triggers",
        ),
        (lambda d: User.objects.filter(pk=d.flow.backup_id).update(is_staff=False), "owners"),
        (lambda d: Rule.objects.filter(version=d, position=1).update(skills=["magic"]), "rules"),
        (lambda _d: ExceptionRoute.objects.filter(reason="duplicate").delete(), "exception_routes"),
        (lambda d: Flow.objects.filter(pk=d.flow_id).update(runbook=" "), "runbook"),
        (lambda d: FlowVersion.objects.filter(pk=d.pk).update(rollback_to=None), "rollback"),
    ],
)
def test_an_open_line_refuses_to_publish_and_names_itself(
    world: World, draft: FlowVersion, spoil: Any, line: str
) -> None:
    spoil(draft)
    person = ("--as", world.olga.email, "--yes", "--json", "--reason", "Ready")

    with pytest.raises(ChecklistOpen) as refused:
        publish(draft, by=by(world.olga), at=NOW, reason="Ready")

    assert [each.code for each in refused.value.lines] == [line]
    [told] = run("publish", draft.flow.slug, *person, code=1)["refusals"]
    assert (told["code"], told["line"], bool(told["clears_by"])) == ("checklist_open", line, True)
    assert FlowVersion.objects.get(pk=draft.pk).published_at is None


def test_publish_is_not_offered_while_a_line_is_open_and_the_page_names_it(
    world: World, draft: FlowVersion, crm: Connection
) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)

    shown = browser.get(path)

    said = words(shown)
    assert "Not yet possible: Publish" in said
    assert "Connections: Has the alert of each health owner been tested?" in said
    assert url(FlowVersion, "do", draft.pk, "publish") not in shown.content.decode()
    assert "Not yet possible" not in words(signed_in(world.alice).get(path))
    FlowVersion.objects.filter(pk=draft.pk).update(criteria=[])
    asking = words(browser.get(path))
    assert "Not yet possible: Ask for approval" in asking
    assert "Enter the success criteria of this version." in asking
    assert "Choose “Ask for approval”" not in asking
    FlowVersion.objects.filter(pk=draft.pk).update(criteria=["Fewer calls"])
    for line in open_lines(draft):
        answer_line(draft, line, by=by(world.ivan), at=NOW, note="Rang Ivan")
    ready = browser.get(path)
    assert "Not yet possible" not in words(ready)
    assert url(FlowVersion, "do", draft.pk, "publish") in ready.content.decode()
    assert "Choose “Ask for approval”" in words(ready)


def test_a_person_says_that_the_alert_was_tested_and_that_counts_for_a_while(
    world: World, draft: FlowVersion, crm: Connection
) -> None:
    assert open_lines(draft) == ["connections"]
    with pytest.raises(PermissionDenied):
        answer_line(draft, "connections", by=by(world.alice), at=NOW, note="Yes")
    with pytest.raises(LookupError):
        answer_line(draft, "runbook", by=by(world.ivan), at=NOW, note="Yes")
    Rule.objects.filter(version=draft, position=1).update(skills=["magic"])
    answer_line(draft, "rules", by=by(world.olga), at=NOW, note="Bob learns it")
    assert open_lines(draft) == ["connections"]
    answer_line(draft, "connections", by=by(world.ivan), at=NOW, note="Sent one to myself")

    assert open_lines(draft) == []
    lines = {each.code: each for each in checklist_of(draft, NOW)}
    line = lines["connections"]
    assert line.answer is not None
    assert (line.answer.answered_by, line.answer.note) == (world.ivan, "Sent one to myself")
    later = NOW + COUNTS_FOR + timedelta(days=1)
    assert {each.code for each in checklist_of(draft, later) if each.is_open} == {
        "connections",
        "rules",
    }
    made = publish(draft, by=by(world.olga), at=NOW, reason="Ready")
    # That a finding is meant was said of one draft.
    assert open_lines(copy(made, by=by(world.olga), at=NOW, reason="Next")) == ["rules"]
    Connection.objects.update(health_owner=None, health_backup=None)
    found = open_lines(copy(made, by=by(world.olga), at=NOW, reason="Next"))
    assert found == ["rules", "connections"]


def test_it_is_answered_at_the_desk_and_by_command(
    world: World, draft: FlowVersion, crm: Connection
) -> None:
    browser = signed_in(world.olga)
    page = words(browser.get(url(FlowVersion, "change", draft.pk)))
    assert "Has the alert of each health owner been tested? CRM (Ivan)." in page
    assert "Yes, as far as we can guess" in page

    sent = browser.post(
        url(FlowVersion, "answer", draft.pk, "connections"), {"reason": "Rang Ivan"}, follow=True
    )

    assert "Olga said yes on" in words(sent)
    assert browser.get(url(FlowVersion, "answer", draft.pk, "runbook")).status_code == 404
    lines = run("checklist", draft.flow.slug, "--json")["lines"]
    assert [each["line"] for each in lines] == list(LINES)
    [asked] = [each for each in lines if each["asks_person"]]
    assert (asked["open"], asked["answered_by"]) == (False, world.olga.email)
    person = ("--as", world.olga.email, "--yes", "--json", "--reason", "Again")
    assert run("answer", draft.flow.slug, "connections", *person)["done"]
    [refused] = run("answer", draft.flow.slug, "runbook", *person, code=1)["refusals"]
    assert refused["code"] == "no_such_line"


def test_success_criteria_are_required_and_frozen_at_launch(
    world: World, draft: FlowVersion
) -> None:
    FlowVersion.objects.filter(pk=draft.pk).update(criteria=[])
    person = ("--as", world.olga.email, "--yes", "--json", "--reason", "Ready")
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)

    with pytest.raises(CriteriaMissing):
        publish(draft, by=by(world.olga), at=NOW, reason="Ready")
    [told] = run("publish", draft.flow.slug, *person, code=1)["refusals"]
    assert told["code"] == "criteria_missing"
    assert "Enter the success criteria of this version." in words(browser.get(path))
    sent = filled(browser.get(path)) | {"criteria": "Nine of ten deals have an owner"}
    assert browser.post(path, sent).status_code == 302

    asked = asked_to_publish(draft, world.olga)
    made = publish(draft, by=by(world.bob), at=NOW, reason="Yes")

    assert made.criteria == ["Nine of ten deals have an owner"]
    assert asked.get_change_class_display() == "Checks"
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        FlowVersion.objects.filter(pk=made.pk).update(criteria=["Easier"])


def test_the_second_person_cannot_agree_to_an_open_checklist(
    world: World, draft: FlowVersion
) -> None:
    Rule.objects.filter(version=draft, position=1).update(priority=WorkItem.Priority.URGENT)
    asked = asked_to_publish(draft, world.olga)
    Flow.objects.update(runbook="")

    [result] = approve([asked.pk], by=by(world.bob), at=NOW, reason="Yes")

    assert [each.code for each in result.refusals] == ["publishable"]
    assert "Runbook: Write what to do" in str(result.refusals[0].message)


def test_a_draft_names_the_version_to_roll_back_to(world: World, draft: FlowVersion) -> None:
    person = ("--as", world.olga.email, "--yes", "--json", "--reason", "Harm")
    first = draft.rollback_to
    assert first is not None
    assert first == draft.copied_from
    second = publish(draft, by=by(world.olga), at=NOW, reason="Ready")
    third = copy(second, by=by(world.olga), at=NOW, reason="Third")
    assert third.rollback_to == second
    FlowVersion.objects.filter(pk=third.pk).update(rollback_to=first)
    publish(third, by=by(world.olga), at=NOW, reason="Third")

    back = run("rollback", draft.flow.slug, *person)

    made = FlowVersion.objects.get(flow=draft.flow, number=back["live"])
    assert made.copied_from == first
