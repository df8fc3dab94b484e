"""Findings about a draft that would work, but not as its author expects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from routing.flows import lint as linting
from routing.flows.lint import LintFinding, lint, lint_findings
from routing.flows.operations import copy, faults
from routing.models import (
    Condition,
    FlowField,
    FlowVersion,
    Rule,
    Team,
    TeamMembership,
    Trigger,
    User,
)
from routing.sla.policies import SLAPolicy, Target
from tests.desk import signed_in, url, words
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by

pytestmark = pytest.mark.usefixtures("without_second_factor")


@pytest.fixture
def draft(world: World) -> FlowVersion:
    version = copy(make_flow(world), by=by(world.olga), at=NOW, reason="Look at it")
    staffed(version, world.alice, world.bob)
    return version


def staffed(version: FlowVersion, *people: User) -> None:
    """Let every team of the version have these people."""
    for team in Team.objects.filter(pk__in=version.rules.values("team")):
        for user in people:
            TeamMembership.objects.get_or_create(team=team, user=user)


def codes(version: FlowVersion) -> list[str]:
    return [finding.code for finding in lint_findings(version)]


def spoil(world: World, draft: FlowVersion) -> Rule:
    """Make the four mistakes, and return the rule that is never reached."""
    Trigger.objects.create(version=draft, kind="hubspot.deal.creaton")
    last = draft.rules.latest("position")
    User.objects.filter(pk=world.bob.pk).update(skills=["photography"])
    behind = Rule.objects.create(
        version=draft,
        position=last.position + 5,
        name="Behind",
        team=world.team,
        skills=["fotography"],
    )
    Target.objects.filter(policy=SLAPolicy.objects.get(slug=draft.policy)).delete()
    return behind


def test_a_shipped_flow_has_no_findings_e2(world: World, draft: FlowVersion) -> None:
    assert lint_findings(draft) == []


def test_four_mistakes_are_four_findings_with_links_e2(world: World, draft: FlowVersion) -> None:
    behind = spoil(world, draft)
    browser = signed_in(world.olga)

    found = {finding.code: finding for finding in lint_findings(draft)}
    page = browser.get(url(FlowVersion, "change", draft.pk))

    assert faults(draft) == []
    assert found.keys() == {"unknown_trigger", "unreachable_rule", "unknown_skill", "empty_policy"}
    assert "hubspot.deal.creation" in found["unknown_trigger"].near
    assert found["unknown_skill"].near == ("photography",)
    assert found["unreachable_rule"].where == url(Rule, "change", behind.pk)
    text = words(page)
    for part in (
        "Nothing sends events of the kind “hubspot.deal.creaton”, so they start no run.",
        "Did you mean Deal created (HubSpot)",
        "The rule “Behind” is never reached:",
        "Nobody has the skill “fotography”",
        "has no targets, so no clock starts.",
    ):
        assert part in text
    assert "This draft is valid" not in text
    for finding in found.values():
        assert browser.get(finding.where.split("#")[0]).status_code == 200


def test_publishing_shows_the_findings_and_is_still_possible_e2(
    world: World, draft: FlowVersion
) -> None:
    spoil(world, draft)
    browser, path = signed_in(world.olga), url(FlowVersion, "do", draft.pk, "publish")

    asked = browser.get(path)
    refused = browser.post(path, {"reason": "On purpose"})
    for line in ("triggers", "sla", "rules"):
        answer = url(FlowVersion, "answer", draft.pk, line)
        assert browser.post(answer, {"reason": "On purpose"}).status_code == 302
    done = browser.post(path, {"reason": "On purpose"})

    assert "check these findings first" in words(asked)
    assert "The rule “Behind” is never reached" in words(asked)
    assert refused.status_code == 409
    assert "Is that meant?" in words(refused)
    assert done.status_code == 302
    assert FlowVersion.objects.live().get() == draft


def test_a_rule_with_the_conditions_of_an_earlier_one_is_never_reached_e2(
    world: World, draft: FlowVersion
) -> None:
    first, last = draft.rules.earliest("position"), draft.rules.latest("position")
    Rule.objects.filter(pk=last.pk).update(position=9)  # room between the two
    same = Rule.objects.create(
        version=draft, position=first.position + 1, name="Same", team=world.team
    )
    for row in first.conditions.all():
        Condition.objects.create(
            rule=same, group=row.group, field=row.field, operator=row.operator, value=row.value
        )

    assert codes(draft) == ["unreachable_rule"]


def test_a_rule_that_asks_for_more_than_earlier_ones_is_never_reached(
    world: World, draft: FlowVersion
) -> None:
    """By its clauses alone: nothing needs to have been decided yet."""
    Rule.objects.filter(pk=draft.rules.latest("position").pk).update(position=90)
    amount = {"field": "deal.amount", "group": 1, "operator": "at_least"}
    for place, (name, value) in enumerate([("Large", "1000"), ("Larger", "50000")]):
        made = Rule.objects.create(
            version=draft,
            position=80 + place,
            name=name,
            team=draft.rules.earliest("position").team,
        )
        Condition.objects.create(rule=made, value=value, **amount)
    Condition.objects.create(
        rule=made, field="deal.amount", group=2, operator="equals", value="2000"
    )

    [found] = lint_findings(draft)

    assert found.code == "unreachable_rule"
    assert "“Larger” is never reached: “High value”, “Large” come first" in found.message
    Condition.objects.filter(rule=made, group=2).update(value="500")
    assert lint_findings(draft) == []


def test_a_rule_that_earlier_ones_cover_only_together_is_found_e2(
    world: World, draft: FlowVersion
) -> None:
    last = draft.rules.latest("position")
    Rule.objects.filter(pk=last.pk).update(position=90)
    conditions = (
        ("Small", "below", "1000"),
        ("Large", "at_least", "1000"),
        ("Rest", "known", None),
    )
    for place, (name, operator, value) in enumerate(conditions):
        rule = Rule.objects.create(version=draft, position=80 + place, name=name, team=last.team)
        Condition.objects.create(
            rule=rule, field="deal.amount", operator=operator, value=value, group=1
        )

    [found] = lint_findings(draft)

    assert found.code == "unreachable_rule"
    assert found.message.startswith("The rule “Rest” is never reached: “Small”, “Large” come first")
    Condition.objects.filter(rule__name="Large", rule__version=draft).update(value="1000.01")
    assert lint_findings(draft) == []


def test_a_skill_that_only_another_team_has_is_found_e2(world: World, draft: FlowVersion) -> None:
    rule = draft.rules.latest("position")
    User.objects.filter(pk=world.olga.pk).update(skills=["photography"])
    Rule.objects.filter(pk=rule.pk).update(skills=["photography"])

    [finding] = lint_findings(draft)

    assert finding.message.startswith(
        "Nobody in North who can own work has the skill “photography”"
    )


def test_skills_that_nobody_has_who_could_be_given_the_work_are_found_e2(
    world: World, draft: FlowVersion
) -> None:
    """One has the first, another the second, and who has both may not own work."""
    rule = draft.rules.latest("position")
    Rule.objects.filter(pk=rule.pk).update(skills=["video", "photography"])
    User.objects.filter(pk=world.alice.pk).update(skills=["video"])
    User.objects.filter(pk=world.bob.pk).update(skills=["photography"])
    User.objects.filter(pk=world.cora.pk).update(skills=["photography", "video"])

    [finding] = lint_findings(draft)
    User.objects.filter(pk=world.bob.pk).update(skills=["photography", "video"])

    assert finding.code == "unknown_skill"
    assert finding.message.endswith("requires: photography, video.")
    assert lint_findings(draft) == []


def test_a_rule_whose_conditions_exclude_each_other_is_found_e2(draft: FlowVersion) -> None:
    first, last = draft.rules.earliest("position"), draft.rules.latest("position")
    Rule.objects.filter(pk=last.pk).update(position=90)
    rule = Rule.objects.create(version=draft, position=80, name="Never", team=first.team)

    def found(*clauses: tuple[str, object], other: bool = False) -> list[str]:
        rule.conditions.all().delete()
        for operator, value in clauses:
            Condition.objects.create(
                rule=rule, field="deal.amount", operator=operator, value=value, group=1
            )
        if other:
            Condition.objects.create(
                rule=rule, field="deal.service", operator="equals", value="Web", group=2
            )
        return [each.message for each in lint_findings(draft)]

    never = ["The rule “Never” never matches: its conditions exclude each other."]
    assert found(("at_least", "500"), ("below", "100")) == never
    assert found(("equals", "5"), ("one_of", ["7", "9"])) == never
    assert found(("unknown", None), ("at_least", "5")) == never
    [group] = found(("equals", "5"), ("not_equals", "5"), other=True)
    assert group.startswith("Group 1 of the rule “Never” never matches")
    assert found(("at_least", "100"), ("below", "500")) == []
    assert found(("equals", "5"), ("one_of", ["5", "9"]), ("known", None)) == []


@pytest.fixture
def another_lint() -> Iterator[None]:
    @lint
    def always(version: FlowVersion) -> list[LintFinding]:
        return [LintFinding("looked_at", f"Looked at {version}.")]

    yield
    linting._lints.remove(always)


@pytest.mark.usefixtures("another_lint")
def test_packages_add_checks_of_their_own_e2(world: World, draft: FlowVersion) -> None:
    assert codes(draft) == ["looked_at"]
    page = signed_in(world.olga).get(url(FlowVersion, "change", draft.pk))
    assert f"Looked at {draft}." in words(page)


def test_the_page_of_a_draft_with_its_checklist_asks_each_check_once(
    world: World, draft: FlowVersion
) -> None:
    """The checklist had asked all of them for each of its lines, also the slow ones."""
    asked: list[FlowVersion] = []

    @lint
    def counted(version: FlowVersion) -> list[LintFinding]:
        asked.append(version)
        return []

    page = signed_in(world.olga).get(url(FlowVersion, "change", draft.pk))
    linting._lints.remove(counted)

    assert page.status_code == 200
    assert asked == [draft]


def test_a_team_without_two_people_is_found(world: World, draft: FlowVersion) -> None:
    TeamMembership.objects.filter(team=world.team, user=world.bob).delete()
    User.objects.filter(pk=world.cora.pk).update(is_active=False)

    [finding] = lint_findings(draft)

    assert finding.code == "lone_team"
    assert finding.path == ("rules", 1, "team")
    assert str(world.team) in finding.message


def test_a_field_that_nothing_fills_is_found_with_near_ones(draft: FlowVersion) -> None:
    draft.triggers.exclude(kind="hubspot.deal.creation").delete()
    FlowField.objects.create(
        version=draft, name="deal.ammount", label="Amount again", type="number", position=40
    )

    [finding] = lint_findings(draft)

    assert finding.code == "unsourced_field"
    assert "Nothing that starts this flow fills the field “Amount again”" in finding.message
    assert finding.near[0] == "deal.amount"
    Trigger.objects.create(version=draft, kind="form.submitted")  # a form may bring any fact
    assert codes(draft) == []
