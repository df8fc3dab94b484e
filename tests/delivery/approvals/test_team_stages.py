"""A stage of the agency can name a team, whose people are asked in turn (Q15)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from delivery.approvals.details import DecideDetails
from delivery.approvals.models import ApprovalStage, AskedPerson
from delivery.approvals.operations import approvals
from delivery.models import Approval, Deliverable
from delivery.turns.parties import AGENCY
from routing.flows.files.stored import content_of, unresolved
from routing.flows.files.text import read_flow_file, written
from routing.kernel.roles import AM
from routing.models import Flow, FlowVersion, Team, TeamMembership, WorkItem
from routing.work.turns import waits_for
from tests.delivery.making import codes, done, fresh, hand_in, make_deliverables, question
from tests.desk import signed_in, url, words
from tests.integrations.outbox.test_crm import make_run
from tests.world import NOW, World, by, make_user

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("Q15"),
]


@pytest.fixture
def legal(world: World) -> Team:
    """A team of account managers, Lena and Liam, who own no work here."""
    team = Team.objects.create(name="Legal", lead=world.olga)
    for name in ("Lena", "Liam"):
        make_user(name, AM, team=team)
    return team


def handed_in(world: World, *stages: dict[str, Any]) -> Deliverable:
    """A page under a flow with these stages of the agency."""
    [row] = make_deliverables(world)
    run = make_run(world, "1")
    for position, stage in enumerate(stages, start=1):
        ApprovalStage.objects.create(
            flow_version=run.version, position=position, audience="internal", **stage
        )
    WorkItem.objects.filter(pk=row.item_id).update(run=run)
    return hand_in(world, fresh(row))


def asked(row: Approval) -> list[str]:
    people = AskedPerson.objects.filter(approval=row).order_by("user__full_name")
    return list(people.values_list("user__full_name", flat=True))


def test_the_people_of_the_team_are_asked_and_nobody_else(world: World, legal: Team) -> None:
    about = question(handed_in(world, {"team": legal}))

    [owner] = approvals.approve([about.pk], by=by(world.alice), at=NOW, details=DecideDetails())

    assert (about.team, asked(about)) == (legal, ["Lena", "Liam"])
    assert codes(owner) == ["asked"]
    assert set(about.item.notifications.values_list("recipient__full_name", flat=True)) == {
        "Lena",
        "Liam",
    }


def test_teams_are_asked_one_after_the_other(world: World, legal: Team) -> None:
    north = {"team": world.team}
    row = handed_in(world, north, {"team": legal})
    first = question(row)
    done(approvals.approve([first.pk], by=by(world.bob), at=NOW, details=DecideDetails()))
    second = question(row)
    lena = legal.members.get(full_name="Lena")

    done(approvals.approve([second.pk], by=by(lena), at=NOW, details=DecideDetails()))

    assert (asked(first), asked(second)) == (["Alice", "Bob"], ["Lena", "Liam"])
    assert fresh(row).state == "approved"


def test_it_waits_for_the_team_on_its_list_and_names_it_on_its_page(
    world: World, legal: Team
) -> None:
    row = handed_in(world, {"team": legal})
    lena = legal.members.get(full_name="Lena")

    page = words(signed_in(lena).get(url(Deliverable, "change", row.pk)))
    waiting = waits_for(WorkItem.objects.all(), AGENCY)

    assert question(row).item in waiting
    assert "Legal" in page
    assert waiting.filter(AGENCY.mine(by(lena), NOW)).exists()
    assert not waiting.filter(AGENCY.mine(by(world.alice), NOW)).exists()


@pytest.mark.parametrize("members", [[], ["cora"]])
def test_if_nobody_of_the_team_can_answer_everybody_is_asked(
    world: World, members: list[str]
) -> None:
    """Nobody is in the team, or only the author of the version, who may not approve any."""
    team = Team.objects.create(name="Makers", lead=world.olga)
    for name in members:
        TeamMembership.objects.create(team=team, user=getattr(world, name))

    about = question(handed_in(world, {"team": team}))

    assert asked(about) == ["Alice", "Bob", "Olga"]


def test_more_answers_than_the_team_has_people_are_refused(world: World, legal: Team) -> None:
    row = handed_in(world, {"team": world.team}, {"team": legal, "quorum": "some", "need": 3})
    first = question(row)
    done(approvals.approve([first.pk], by=by(world.bob), at=NOW, details=DecideDetails()))

    page = words(signed_in(world.alice).get(url(Deliverable, "change", row.pk)))

    assert not Approval.objects.filter(version__deliverable=row, stage=1).exists()
    assert "This stage needs 3 approvals, and 2 people can give one." in page


def test_a_stage_of_the_client_names_no_team(world: World, legal: Team) -> None:
    version = make_run(world, "1").version
    row = ApprovalStage(flow_version=version, position=1, audience="client", team=legal)

    with pytest.raises(ValidationError) as refused:
        row.clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()

    assert list(refused.value.message_dict) == ["team"]


def test_the_team_is_part_of_the_file_of_a_flow(world: World, legal: Team) -> None:
    version = make_run(world, "1").version
    Flow.objects.filter(pk=version.flow_id).update(purpose="Takes deals.", outcome="A page.")
    version = FlowVersion.objects.get(pk=version.pk)
    ApprovalStage.objects.create(flow_version=version, position=1, audience="internal", team=legal)

    text = written(content_of(version))
    read = read_flow_file(text.encode())
    legal.name = "Legal affairs"
    legal.save()

    assert "team: Legal" in text
    assert "approval_stages.0.team" in [fault.path for fault in unresolved(read)]
    assert TeamMembership.objects.filter(team=legal).count() == 2
