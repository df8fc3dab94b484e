"""A flow goes to a file and comes back as a draft, and a bad file changes nothing."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from delivery.approvals.models import ApprovalStage
from routing.flows.files.linting import lint_file
from routing.flows.files.stored import content_of, is_same, keep_flow_file
from routing.flows.files.text import BadFlowFile, FlowFile, read_flow_file, written
from routing.flows.operations import copy, faults
from routing.models import Condition, Flow, FlowVersion, Rule, Team
from tests.flows import publish_by_two
from tests.routing.flows.test_lint import staffed
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by


@pytest.fixture
def version(world: World) -> FlowVersion:
    """A published version with everything that a version may have."""
    draft = copy(make_flow(world), by=by(world.olga), at=NOW, reason="More of it")
    first = draft.rules.earliest("position")
    for group, value in ((3, "audit"), (3, "Report"), (7, "café ☕")):
        Condition.objects.create(
            rule=first, group=group, field="deal.name", operator="contains", value=value
        )
    for operator, value, values in (
        ("one_of", "", ["a", "b, c"]),
        ("at_least", "5", []),
        ("changed_to", "yes", []),
        ("changed_by_more", "0.5", []),
    ):
        draft.triggers.create(
            kind="form.submitted", field="x", operator=operator, value=value, values=values
        )
    ApprovalStage.objects.create(flow_version=draft, position=4, audience="client", answer_days=3)
    staffed(draft, world.alice, world.bob)
    return publish_by_two(draft, world.olga, world.bob)


def as_file(text: str) -> FlowFile:
    return read_flow_file(text.encode())


def test_an_imported_export_is_the_same_draft_and_exports_the_same_bytes(
    world: World, version: FlowVersion
) -> None:
    text = written(content_of(version)).replace("name: Lead", "name: New lead")

    draft = keep_flow_file(as_file(text), by=by(world.olga), at=NOW, reason="Renamed")

    assert draft is not None
    assert draft.published_at is None
    assert draft.number == version.number + 1
    draft = FlowVersion.objects.get(pk=draft.pk)
    assert written(content_of(draft)) == text
    assert faults(draft) == []
    assert draft.history.latest().history_change_reason == "Renamed"


def test_what_does_not_differ_makes_no_draft(world: World, version: FlowVersion) -> None:
    text = written(content_of(version))

    assert keep_flow_file(as_file(text), by=by(world.olga), at=NOW, reason="Again") is None


def test_a_flow_is_made_from_the_file_of_another(world: World, version: FlowVersion) -> None:
    slug = version.flow.slug
    text = written(content_of(version)).replace(f"flow: {slug}\n", "flow: another\n")

    made = keep_flow_file(as_file(text), by=by(world.olga), at=NOW, reason="A copy")

    assert made is not None
    assert (made.flow.slug, made.number) == ("another", 1)
    assert Flow.objects.filter(slug__in=(slug, "another")).count() == 2


@pytest.mark.parametrize(
    ("was", "now", "path"),
    [
        ("sla_policy: standard", "sla_policy: standrad", "sla_policy"),
        ("action: delivery.open_request", "action: delivery.opn_request", "action"),
        ("- field: deal.name\n", "- field: deal.nmae\n", "rules.0.when.1.0.field"),
    ],
)
def test_a_bad_file_changes_nothing(
    world: World, version: FlowVersion, was: str, now: str, path: str
) -> None:
    text = written(content_of(version))
    assert was in text
    before = (FlowVersion.objects.count(), Rule.objects.count(), version.flow.history.count())

    with pytest.raises(BadFlowFile) as caught:
        keep_flow_file(as_file(text.replace(was, now)), by=by(world.olga), at=NOW, reason="Bad")

    line = next(
        place
        for place, (one, other) in enumerate(
            zip(text.replace(was, now).splitlines(), text.splitlines(), strict=False), start=1
        )
        if one != other
    )
    assert line in {fault.line for fault in caught.value.faults}
    assert path in {fault.path for fault in caught.value.faults}
    assert before == (
        FlowVersion.objects.count(),
        Rule.objects.count(),
        version.flow.history.count(),
    )


def test_only_who_may_change_flows_imports_one(world: World, version: FlowVersion) -> None:
    file = as_file(written(content_of(version)).replace("title: ", "title: New "))

    with pytest.raises(PermissionDenied):
        keep_flow_file(file, by=by(world.alice), at=NOW, reason="Not mine")


def test_a_file_is_checked_without_a_trace(world: World, version: FlowVersion) -> None:
    lone = Team.objects.create(name="Lone", lead=world.olga)
    text = written(content_of(version)).replace(f"team: {world.team}", f"team: {lone}", 1)
    text = text.replace("kind: hubspot.deal.creation", "kind: hubspot.deal.creaton")
    before = FlowVersion.objects.count()

    found = {each.code: each for each in lint_file(text.encode(), at=NOW)}

    lines = text.splitlines()
    assert set(found) == {"unknown_trigger", "lone_team"}
    assert "creaton" in lines[found["unknown_trigger"].line - 1]
    assert "Lone" in lines[found["lone_team"].line - 1]
    assert "hubspot.deal.creation" in found["unknown_trigger"].near
    assert "Did you mean hubspot.deal.creation" in found["unknown_trigger"].message
    assert FlowVersion.objects.count() == before
    assert is_same(content_of(version), content_of(FlowVersion.objects.get(pk=version.pk)))


def test_a_file_that_cannot_be_published_says_why(world: World, version: FlowVersion) -> None:
    text = written(content_of(version)).replace("title: ", "title: '{deal.unheard}' # ")

    [found] = lint_file(text.encode(), at=NOW)

    assert found.code == "not_publishable"
    assert "deal.unheard" in found.message
