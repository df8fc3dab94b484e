"""D6: work goes to people whose roles can own it; who is away is said; who left can come back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from delivery.models import Request
from routing.cover.operations import leaving
from routing.cover.operations.leaving import CannotLeave
from routing.desk.away import SURE
from routing.flows.choose import Candidate, Fallback, RuleSpec, choose
from routing.kernel.roles import AM, AUDITOR, CREATIVE
from routing.models import Absence, Client, Event, Team, User, WorkItem
from routing.runs.candidates import people
from routing.runs.owners import Staff
from routing.work.details import HandOverDetails
from routing.work.operations import items
from tests.desk import filled, signed_in, url, words
from tests.world import NOW, World, by, make_request, make_user

pytestmark = pytest.mark.usefixtures("without_second_factor")


def hand_over(world: World, request: Request, **named: User | None) -> Any:
    people = {"owner": world.bob, "backup": world.olga, "doer": None} | named
    ids = {name: person.pk if person else None for name, person in people.items()}
    [result] = items.hand_over(
        [request.item_id],
        by=by(world.alice),
        at=NOW,
        reason="Holiday",
        details=HandOverDetails(ids["owner"], ids["backup"], ids["doer"]),
    )
    return result


@pytest.mark.parametrize(
    ("place", "who", "why"),
    [
        ("owner", "audrey", "Owner and backup need a role that can own work."),
        ("backup", "audrey", "Owner and backup need a role that can own work."),
        ("owner", "cora", "Owner and backup need a role that can own work."),
        ("doer", "audrey", "The assignee needs a role that can do work."),
    ],
)
def test_d6_work_is_reassigned_to_people_who_can(
    world: World, place: str, who: str, why: str
) -> None:
    request = make_request(world.acme)

    result = hand_over(world, request, **{place: getattr(world, who)})

    assert [(each.code, str(each.message)) for each in result.refusals] == [("pair", why)]
    assert who.title() in str(result.refusals[0].evidence)
    assert hand_over(world, request, doer=world.cora).done


def test_d6_the_form_offers_people_who_can(world: World) -> None:
    request = make_request(world.acme)

    page = signed_in(world.alice).get(url(Request, "step", request.pk, "hand_over"))

    fields = page.context["form"].fields
    owners, doers = dict(fields["owner"].choices), dict(fields["doer"].choices)
    assert str(world.bob.pk) in owners
    assert str(world.audrey.pk) not in owners | doers
    assert str(world.cora.pk) not in owners
    assert str(world.cora.pk) in doers


def away(person: User) -> Absence:
    return Absence.objects.create(
        user=person, starts_at=NOW - timedelta(days=1), ends_at=NOW + timedelta(days=3)
    )


def test_d6_somebody_absent_is_confirmed(world: World) -> None:
    request, desk = make_request(world.acme), signed_in(world.alice)
    row, path = away(world.bob), url(Request, "step", request.pk, "hand_over")
    sent = {"owner": world.bob.pk, "backup": world.olga.pk, "doer": "", "reason": "Holiday"}

    asked = desk.post(path, sent)
    for_another = desk.post(path, sent | {SURE: str(world.olga.pk)})
    before = WorkItem.objects.get(pk=request.item_id).owner
    confirmed = desk.post(path, sent | {SURE: str(world.bob.pk)})

    assert f"Bob is away: {row.words()}." in words(asked)
    assert "Assign although they are away" in words(asked)
    assert for_another.status_code != 302
    assert before == world.alice
    assert confirmed.status_code == 302
    assert WorkItem.objects.get(pk=request.item_id).owner == world.bob


@pytest.mark.parametrize(
    ("leaver", "heir", "can"),
    [
        ("alice", "audrey", False),
        ("alice", "cora", False),
        ("cora", "audrey", True),  # who has nothing to hand on
        ("alice", "quin", True),
    ],
)
def test_d6_a_successor_can_do_what_they_take(
    world: World, leaver: str, heir: str, can: bool
) -> None:
    make_request(world.acme)
    person, successor = getattr(world, leaver), getattr(world, heir)

    try:
        leaving.deactivate(person, heir=successor, by=by(world.olga), at=NOW, reason="Left")
    except CannotLeave as refusal:
        assert not can
        [why] = refusal.results[0].refusals
        assert str(why.message) == "The successor needs a role that can take this work."
    assert User.objects.get(pk=person.pk).is_active is not can


def test_d6_an_assignee_is_succeeded_by_somebody_who_can_do_work(world: World) -> None:
    request, other = make_request(world.acme), make_user("Otto", CREATIVE)
    WorkItem.objects.filter(pk=request.item_id).update(doer=world.cora)

    with pytest.raises(CannotLeave):
        leaving.deactivate(world.cora, heir=world.audrey, by=by(world.olga), at=NOW, reason="Left")
    leaving.deactivate(world.cora, heir=other, by=by(world.olga), at=NOW, reason="Left")

    assert WorkItem.objects.get(pk=request.item_id).doer == other


def test_d6_an_absent_successor_is_confirmed(world: World) -> None:
    away(world.quin)
    desk, path = signed_in(world.olga), url(User, "deactivate", world.alice.pk)
    sent = {"heir": world.quin.pk, "reason": "Left"}

    asked = desk.post(path, sent)
    active = User.objects.get(pk=world.alice.pk).is_active
    desk.post(path, sent | {SURE: str(world.quin.pk)})

    assert "Quin is away" in words(asked)
    assert active
    assert not User.objects.get(pk=world.alice.pk).is_active


def test_d6_somebody_who_left_is_reactivated_at_the_desk(world: World) -> None:
    leaving.deactivate(world.cora, heir=world.quin, by=by(world.olga), at=NOW, reason="Left")
    desk, path = signed_in(world.olga), url(User, "reactivate", world.cora.pk)

    page = words(desk.get(url(User, "change", world.cora.pk)))
    without_reason = desk.post(path, {"reason": ""})
    still = User.objects.get(pk=world.cora.pk).is_active
    answer = desk.post(path, {"reason": "Back again"}, follow=True)

    assert "Reactivate…" in page
    assert "Enter a reason." in words(without_reason)
    assert not still
    assert "Cora can sign in again, with the same roles: Creative." in words(answer)
    assert User.objects.get(pk=world.cora.pk).is_active
    assert Event.objects.get(kind="routing.user.reactivate").actor == world.olga
    assert signed_in(world.alice).post(path, {"reason": "x"}).status_code == 403


def test_d6_places_of_configuration_offer_people_who_can(world: World) -> None:
    desk = signed_in(world.olga)

    for model, row, field in ((Client, world.acme, "owner"), (Team, world.team, "lead")):
        path = url(model, "change", row.pk)
        page = desk.post(path, filled(desk.get(path)) | {field: world.audrey.pk})
        assert field in page.context["adminform"].form.errors
    with pytest.raises(CommandError, match="has no role that can own work"):
        call_command("connect", "static", "--slug", "site", "--owner", world.audrey.email)


def test_d6_losing_a_role_says_what_is_still_owned(world: World) -> None:
    make_request(world.acme)
    desk, path = signed_in(world.olga), url(User, "change", world.alice.pk)

    answer = desk.post(
        path, filled(desk.get(path)) | {"roles": [AUDITOR.value], "reason": "x"}, follow=True
    )

    assert "Alice has no role that can own work, and still owns or backs up 1 open items" in words(
        answer
    )


def test_d6_nobody_is_chosen_who_cannot_own(world: World) -> None:
    leaving.set_roles(world.alice, [AUDITOR], by=by(world.olga), at=NOW, reason="New job")
    found = {each.user_id: each for each in people([world.alice.pk, world.olga.pk], NOW)}
    rule = RuleSpec(1, "Everything", world.team.pk, (), True, 3, ())
    fallback = Fallback((world.alice.pk, world.bob.pk), (world.olga.pk, world.bob.pk))

    choice = choose([rule], {}, list(found.values()), fallback)

    assert (choice.owner_id, choice.backup_id) == (world.bob.pk, world.olga.pk)
    [ruling] = [each for each in choice.rulings if each.user_id == world.alice.pk]
    assert ruling.reasons == ("has no role that can own work",)
    assert world.alice.pk not in Staff.at(NOW).active


def test_d6_a_record_from_before_roles_were_asked_means_that_they_could() -> None:
    before = [Candidate(number, (1,), (), True, False, 0) for number in (1, 2)]

    choice = choose([RuleSpec(1, "All", 1, (), False, 3, ())], {}, before, Fallback((), (8, 9)))

    assert (choice.owner_id, choice.backup_id) == (1, 2)


def test_d6_account_managers_alone_would_do(world: World) -> None:
    heir = make_user("Heir", AM)

    leaving.deactivate(world.alice, heir=heir, by=by(world.olga), at=NOW, reason="Left")

    assert Client.objects.get().owner == heir
