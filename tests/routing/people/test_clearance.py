"""
H5: the work of a restricted client goes to people who are cleared for it, whoever chooses: rules,
people, absences or a timebox. The reason stands in the record.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from delivery.approvals.asked import gone
from delivery.approvals.details import StandInDetails
from delivery.approvals.operations import approvals
from delivery.deliverables.details import AssignDetails
from delivery.deliverables.operations import editing
from delivery.models import Approval, AskedPerson, Deliverable, Request
from delivery.progress.operations.recording import HandMade, NotRecorded
from delivery.turns.parties import REVIEWERS
from routing.cover.operations import leaving
from routing.cover.operations.leaving import CannotLeave
from routing.flows.choose import UNCLEARED
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, CREATIVE, QA, Role
from routing.models import (
    Absence,
    Client,
    Decision,
    Notification,
    Team,
    TeamMembership,
    User,
    WorkItem,
)
from routing.people.clearance import clearance_for, clearance_of
from routing.runs.choice_words import candidate_words
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.runs.owners import reasons_of
from routing.runs.recompute import recompute_decision
from routing.sla.present import Present
from routing.work.details import HandOverDetails
from routing.work.operations import items
from routing.work.operations.items import NOT_CLEARED
from routing.work.visibility import work_seen_by
from tests.delivery.making import (
    fresh,
    hand_in,
    make_deliverables,
    question,
    record_request,
    take_requests,
)
from tests.desk import signed_in, url
from tests.world import NOW, World, by, make_client, make_request, make_user


@dataclass
class Restricted:
    """A restricted client of the team South, whose people are Tina, Tom and the creative Carl."""

    world: World
    team: Team
    tina: User
    tom: User
    carl: User
    client: Client


@pytest.fixture
def south(world: World) -> Restricted:
    tina, tom = make_user("Tina", AM), make_user("Tom", AM)
    team = Team.objects.create(name="South", lead=tina)
    carl = make_user("Carl", CREATIVE, team=team)
    for person in (tina, tom):
        TeamMembership.objects.create(team=team, user=person)
    client = make_client("SEC", team, tina, tom, restricted=True)
    return Restricted(world, team, tina, tom, carl, client)


# -- The rule --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("place", ["of the team", "elsewhere", "owner of the client"])
def test_h5_whoever_is_cleared_sees_the_work_without_being_named(
    south: Restricted, role: Role, place: str
) -> None:
    row = make_request(south.client)
    person = make_user("Pat", role, team=south.team if place == "of the team" else None)
    if place == "owner of the client":
        Client.objects.filter(pk=south.client.pk).update(owner=person)

    cleared = clearance_for([south.client.pk]).admits(person.pk, south.client.pk)
    sees = work_seen_by(by(person)).filter(pk=row.item_id).exists()

    if role != Role.CREATIVE or place != "owner of the client":  # creatives own no clients
        assert cleared is sees
    assert clearance_of([south.world.acme]).admits(person.pk, south.world.acme.pk)


def test_h5_without_a_restricted_client_nothing_is_asked(
    south: Restricted, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert clearance_of([south.world.acme]).admits(1, south.world.acme.pk)
        assert clearance_for([None]).people(None) is None


# -- Rules of a flow -------------------------------------------------------------------------------


def test_h5_rules_choose_among_those_who_are_cleared_and_the_record_says_so(
    south: Restricted,
) -> None:
    south.world.acme = south.client

    made = record_request(south.world)  # the flow's team is North, which is not cleared

    assert (made.item.owner, made.item.backup) == (south.tina, south.tom)
    decision = Decision.objects.get()
    rulings = {each["user_id"]: each["reasons"] for each in json.loads(decision.answer)["rulings"]}
    assert rulings[south.world.alice.pk] == [UNCLEARED]
    assert rulings[south.tina.pk] == ["not in the team"]
    asked = json.loads(decision.asked)["candidates"]
    assert {each["user_id"]: each["cleared"] for each in asked}[south.world.bob.pk] is False
    said = {each.user_id: each.ruled_out for each in candidate_words(decision)}
    assert said[south.world.alice.pk] == ("not cleared for this restricted client",)
    assert recompute_decision(decision).same


def test_h5_a_decision_about_another_client_asks_for_no_clearance(south: Restricted) -> None:
    made = record_request(south.world)

    assert made.item.owner in {south.world.alice, south.world.bob}
    asked = json.loads(Decision.objects.get().asked)["candidates"]
    assert {each["cleared"] for each in asked} == {None}


def test_h5_when_nobody_is_cleared_the_run_stops_and_says_why(south: Restricted) -> None:
    take_requests(NOW)
    south.world.acme = south.client
    for person in (south.tina, south.tom):
        Absence.objects.create(
            user=person, starts_at=NOW - timedelta(days=1), ends_at=NOW + timedelta(days=9)
        )
    with pytest.raises(AssertionError):  # no request yet
        record_request(south.world)

    case = WorkItem.objects.get(kind="exceptioncase")
    evidence = case.as_exceptioncase.evidence["message"]
    assert "Only people who are cleared for this restricted client count." in evidence
    assert clearance_for([south.client.pk]).admits(case.owner_id, south.client.pk)
    assert clearance_for([south.client.pk]).admits(case.backup_id, south.client.pk)


def test_h5_a_pair_chosen_by_hand_is_cleared(south: Restricted) -> None:
    south.world.acme = south.client
    by_hand = HandMade(south.tina, south.world.bob, "They know each other.")

    with pytest.raises(NotRecorded, match="Bob is not cleared for this restricted client") as no:
        record_request(south.world, chosen=by_hand)

    assert no.value.field == "backup"
    made = record_request(south.world, chosen=replace(by_hand, backup=south.tom))
    assert made.item.backup == south.tom


# -- People who choose -----------------------------------------------------------------------------


def hand_over(south: Restricted, request: Request, **named: User) -> Any:
    people = {"owner": south.tina, "backup": south.tom} | named
    ids = {name: person.pk for name, person in people.items()}
    [result] = items.hand_over(
        [request.item_id],
        by=by(south.world.olga),
        at=NOW,
        reason="Holiday",
        details=HandOverDetails(ids["owner"], ids["backup"], ids.get("doer")),
    )
    return result


@pytest.mark.parametrize(
    ("place", "who"), [("owner", "alice"), ("backup", "bob"), ("doer", "cora")]
)
def test_h5_work_is_reassigned_to_cleared_people_only(
    south: Restricted, place: str, who: str
) -> None:
    request, person = make_request(south.client), getattr(south.world, who)

    refused = hand_over(south, request, **{place: person})

    assert [(each.code, each.evidence) for each in refused.refusals] == [
        ("clearance", person.full_name)
    ]
    assert hand_over(south, request, doer=south.carl).done
    usual = make_request(south.world.acme)
    assert hand_over(south, usual, **{place: person}).done


def test_h5_the_form_offers_cleared_people_only(
    south: Restricted, without_second_factor: None
) -> None:
    request = make_request(south.client)

    page = signed_in(south.world.olga).get(url(Request, "step", request.pk, "hand_over"))

    fields = page.context["form"].fields
    offered = set(dict(fields["owner"].choices)) | set(dict(fields["doer"].choices))
    assert {str(south.tina.pk), str(south.carl.pk), str(south.world.olga.pk)} <= offered
    assert not offered & {str(south.world.alice.pk), str(south.world.cora.pk)}


def test_h5_an_assignee_is_cleared(south: Restricted, without_second_factor: None) -> None:
    south.world.acme = south.client
    [page] = make_deliverables(south.world)
    path = url(Deliverable, "step", page.pk, "assign")

    [refused] = editing.assign(
        [page.pk], by=by(south.world.olga), at=NOW, details=AssignDetails(south.world.cora.pk)
    )
    form = signed_in(south.world.olga).get(path).context["form"]
    done = editing.assign(
        [page.pk], by=by(south.world.olga), at=NOW, details=AssignDetails(south.carl.pk)
    )

    assert [(each.code, each.message) for each in refused.refusals] == [("clearance", NOT_CLEARED)]
    offered = set(form.fields["doer"].queryset)
    assert south.carl in offered
    assert not offered & {south.world.cora, south.world.alice}
    assert done[0].done


def test_h5_a_successor_is_cleared_or_takes_the_place_that_clears(south: Restricted) -> None:
    make_request(south.client)
    dora = make_user("Dora", AM, team=south.team)
    WorkItem.objects.filter(client=south.client).update(owner=dora)

    with pytest.raises(CannotLeave) as no:
        leaving.deactivate(
            dora, heir=south.world.alice, by=by(south.world.olga), at=NOW, reason="Left"
        )
    leaving.deactivate(
        south.tina, heir=south.world.bob, by=by(south.world.olga), at=NOW, reason="Left"
    )

    assert [each.code for each in no.value.results[0].refusals] == ["clearance"]
    assert User.objects.get(pk=dora.pk).is_active
    assert Client.objects.get(pk=south.client.pk).owner == south.world.bob
    assert clearance_for([south.client.pk]).admits(south.world.bob.pk, south.client.pk)


# -- The product chooses ---------------------------------------------------------------------------


def test_h5_an_exception_about_restricted_work_goes_to_cleared_people(south: Restricted) -> None:
    request = make_request(south.client)
    WorkItem.objects.filter(pk=request.item_id).update(
        owner=south.world.alice, backup=south.world.bob
    )

    case = raise_exception(ExceptionFinding(Reason.NO_ANSWER, {}, request.item), at=NOW)

    assert case is not None
    for person in (case.item.owner_id, case.item.backup_id):
        assert clearance_for([south.client.pk]).admits(person, south.client.pk)
    why = reasons_of([case])[case.pk]
    assert "Owner of the work: nobody is cleared for this restricted client." in why


def test_h5_an_escalation_reaches_nobody_who_is_not_cleared(south: Restricted) -> None:
    cleared = clearance_for([south.client.pk]).people(south.client.pk)
    present = Present.at(NOW)
    team = south.world.team.pk  # whose lead is Alice

    reached = [
        set(present.for_level(level, south.tina.pk, south.tom.pk, team, cleared))
        for level in range(6)
    ]
    usual = [present.for_level(level, south.tina.pk, south.tom.pk, team) for level in range(6)]

    assert (south.world.alice.pk,) in usual
    assert all(people <= set(cleared or ()) for people in reached)
    assert all(reached)


def test_h5_approvers_of_the_agency_and_their_stand_ins_are_cleared(south: Restricted) -> None:
    south.world.acme = south.client
    south.world.cora = south.carl
    south.world.alice, south.world.bob, south.world.team = south.tina, south.tom, south.team
    [row] = make_deliverables(south.world)
    hand_in(south.world, row)
    asked = question(row)
    eve = make_user("Eve", AM)

    people = set(AskedPerson.objects.filter(approval=asked).values_list("user", flat=True))
    [refused] = approvals.name_stand_in(
        [asked.pk], by=by(south.world.olga), at=NOW, details=StandInDetails(user=eve.pk)
    )

    assert south.tina.pk in people
    assert all(clearance_of([south.client]).admits(pk, south.client.pk) for pk in people)
    assert not refused.done
    AskedPerson.objects.create(approval=asked, user=eve, at=NOW)
    assert [each.user for each in gone()] == [eve]
    assert fresh(asked).state == Approval.State.PENDING


def test_h5_reviewers_are_cleared(south: Restricted) -> None:
    row = make_request(south.client)
    reviewer = make_user("Rhea")
    reviewer.user_permissions.set(Permission.objects.filter(codename="sign_off_deliverable"))
    quin = make_user("Quentin", QA)

    people = REVIEWERS.people([row.item])[row.item_id]

    assert quin.pk in people
    assert reviewer.pk not in people
    usual = make_request(south.world.acme).item
    assert reviewer.pk in REVIEWERS.people([usual])[usual.pk]


# -- Notices ---------------------------------------------------------------------------------------


def test_h4_a_notification_about_hidden_work_is_not_shown_and_not_counted(
    south: Restricted, without_second_factor: None
) -> None:
    eve, row = make_user("Eve", AM), make_request(south.client, title="Zebrafish")
    for words, key in (("note", "a"), ("not_owner", "b")):
        Notification.objects.create(
            recipient=eve, item=row.item, words=words, dedupe_key=key, at=NOW
        )

    page = signed_in(eve).get(url(Notification, "changelist")).content.decode()

    assert "Zebrafish" not in page
    assert page.count(row.item.ref) == 1  # of the work that was taken from her
    assert "You are no longer the owner" in page
    assert "New note" not in page
