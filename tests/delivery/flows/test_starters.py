"""Starters: complete flows in files, to make a draft of in the desk."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from delivery.flows.shipped import ensure_lead_flow
from routing.flows.checklist import checklist_of
from routing.flows.copying import NotCopied
from routing.flows.lint import lint_findings
from routing.flows.models import Flow, FlowVersion
from routing.flows.operations import faults
from routing.flows.starters import Starter, make_draft, starter_named, starters
from routing.sla.operations.calendars import ensure_defaults
from tests.desk import signed_in, words
from tests.world import NOW, World, by

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]
ALL = [
    "campaign-launch",
    "client-change",
    "creative-request",
    "internal-request",
    "lead-to-brief",
    "retainer-month",
]


def answers(world: World, starter: Starter) -> dict[str, str]:
    """What an operations lead chooses."""
    return {
        "name": starter.name,
        "owner": world.olga.email,
        "backup": world.bob.email,
        "team": world.team.name,
        "policy": "standard",
        "client": world.acme.code,
        "house": str(world.acme.pk),
        "zone": "Europe/Berlin",
        "today": timezone.localdate().isoformat(),
    }


@pytest.mark.parametrize("slug", ALL)
def test_a_starter_becomes_a_draft_without_findings_and_with_every_line_that_can_be_answered(
    world: World, slug: str
) -> None:
    ensure_defaults(at=NOW)
    starter = starter_named(slug)
    assert starter is not None

    draft = make_draft(starter, answers(world, starter), by=by(world.olga), at=NOW)

    assert (draft.flow.name, draft.published_at) == (starter.name, None)
    assert not faults(draft)
    assert not lint_findings(draft)
    open_lines = [each for each in checklist_of(draft, NOW) if each.is_open]
    assert [each.code for each in open_lines if not each.asks_person] == []
    assert {each.code for each in open_lines} <= {"connections", "checks"}
    assert draft.criteria


def test_the_page_lists_every_starter_and_makes_a_draft_of_one_with_the_names_of_the_agency(
    world: World,
) -> None:
    ensure_defaults(at=NOW)
    ensure_lead_flow(at=NOW)
    client = signed_in(world.olga)
    flows = client.get(reverse("admin:routing_flow_changelist")).content.decode()
    listed = words(client.get(reverse("admin:routing_flow_starters")))

    assert [each.slug for each in starters()] == ALL
    assert reverse("admin:routing_flow_starters") in flows
    assert all(each.does in listed for each in starters())

    page = reverse("admin:routing_flow_starter", args=["lead-to-brief"])
    asked = client.get(page).content.decode()
    assert f'<option value="{world.team.name}" selected>' in asked
    said = {**answers(world, starters()[4]), "backup": world.olga.email}
    assert "must be two different people" in words(client.post(page, said))
    said |= {"backup": world.bob.email}
    before = Flow.objects.count()
    taken = client.post(page, {**said, "name": "lead TO brief"})
    assert "There is a flow “lead TO brief” already. Choose another name." in words(taken)
    assert list(taken.context["form"].errors) == ["name"]
    assert Flow.objects.count() == before
    answer = client.post(page, {**said, "name": "Lead to brief, South"}, follow=True)

    draft = FlowVersion.objects.latest("pk")
    assert (draft.flow.slug, draft.flow.owner) == ("lead-to-brief-south", world.olga)
    assert "takes the same events" in words(answer)


def test_a_name_that_is_taken_is_refused_and_nothing_is_made(world: World) -> None:
    ensure_defaults(at=NOW)
    starter = starters()[4]
    named = answers(world, starter)
    make_draft(starter, named, by=by(world.olga), at=NOW)

    with pytest.raises(NotCopied, match="Choose another name"):
        make_draft(starter, {**named, "name": named["name"].upper()}, by=by(world.olga), at=NOW)

    assert Flow.objects.count() == 1


def test_who_may_not_add_flows_sees_the_starters_and_makes_none(
    world: World,
) -> None:
    client = signed_in(world.alice)

    listed = client.get(reverse("admin:routing_flow_starters"))
    refused = client.post(reverse("admin:routing_flow_starter", args=["client-change"]), {})

    assert listed.status_code == 200
    assert "Make a draft<" not in listed.content.decode()
    assert refused.status_code == 403
    assert not Flow.objects.exists()
