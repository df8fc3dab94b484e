"""
People who leave hand on every place they have; people who come back, and rights that change, touch
nothing else.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import models

from integrations.base.secrets import Hidden
from integrations.models import Connection
from routing.cover.operations import leaving
from routing.cover.operations.leaving import CannotLeave
from routing.cover.succession import places
from routing.kernel.roles import AM, QA
from routing.models import Agency, Client, Event, Flow, Team, User, ValueStream
from tests.world import NOW, World, by, make_client, make_request, make_user

pytestmark = pytest.mark.requirement("O6", "I5")


def make_flow(owner: User, backup: User) -> Flow:
    return Flow.objects.create(
        slug="leads", name="Leads", purpose="x", outcome="x", owner=owner, backup=backup
    )


def make_connection(owner: User, backup: User) -> Connection:
    acts_as = User.objects.service("crm@throughline.invalid", "CRM")
    made = Connection(
        slug="crm",
        name="CRM",
        kind="hubspot",
        service_user=acts_as,
        default_owner=owner,
        default_backup=backup,
    )
    made.token = Hidden(["secret"])
    made.save()
    return made


def test_every_pair_and_lead_is_known() -> None:
    found = {model: set(names) for model, names in places()}

    assert found == {
        Client: {"owner", "backup"},
        Flow: {"owner", "backup", "outcome_owner"},
        Agency: {"owner", "backup", "security_owner"},
        Connection: {"default_owner", "default_backup", "health_owner", "health_backup"},
        Team: {"lead"},
        ValueStream: {"owner"},
    }


def test_the_successor_takes_flows_the_agency_and_connections_too(world: World) -> None:
    heir, flow, connection = (
        make_user("Heir", AM),
        make_flow(world.olga, world.bob),
        make_connection(world.bob, world.olga),
    )

    leaving.deactivate(
        world.olga, heir=heir, by=by(make_user("Root", is_superuser=True)), at=NOW, reason="Left"
    )

    for row in (flow, connection, world.agency):
        row.refresh_from_db()
        newest = row.history.latest()
        assert (newest.history_change_reason, newest.history_date) == ("Left", NOW)
    assert (flow.owner, flow.backup, connection.default_owner, connection.default_backup) == (
        heir,
        world.bob,
        world.bob,
        heir,
    )
    assert world.agency.owner == heir
    assert connection.token.reveal() == ("secret",)


@pytest.mark.parametrize("make", [make_flow, make_connection])
def test_a_successor_on_the_other_side_of_any_pair_is_refused_with_the_list(
    world: World, make: Any
) -> None:
    zoe, yan = make_user("Zoe", AM), make_user("Yan", AM)
    pairs: list[models.Model] = [make_client("ZZZ", world.team, zoe, yan), make(yan, zoe)]
    free = make_client("FFF", world.team, zoe, world.bob)
    item = make_request(free).item

    with pytest.raises(CannotLeave) as refusal:
        leaving.deactivate(zoe, heir=yan, by=by(world.olga), at=NOW, reason="Left")

    assert {result.row for result in refusal.value.results} == set(pairs)
    assert {code.code for result in refusal.value.results for code in result.refusals} == {
        "successor"
    }
    free.refresh_from_db()
    item.refresh_from_db()
    assert (free.owner, item.owner) == (zoe, zoe)
    assert User.objects.get(pk=zoe.pk).is_active


def test_nobody_who_has_left_is_a_successor_nor_the_leaver(world: World) -> None:
    zoe, gone = make_user("Zoe", AM), make_user("Gone", AM, is_active=False)
    outside = User.objects.create_user("outside@acme.test", full_name="Outside")

    for heir in (gone, zoe, outside):
        with pytest.raises(CannotLeave) as refusal:
            leaving.deactivate(zoe, heir=heir, by=by(world.olga), at=NOW, reason="Left")
        assert [code.code for code in refusal.value.results[0].refusals] == ["heir"]
    assert User.objects.get(pk=zoe.pk).is_active


def test_changed_rights_keep_what_somebody_else_wrote_meanwhile(world: World) -> None:
    stale = User.objects.get(pk=world.cora.pk)
    fresh = User.objects.get(pk=world.cora.pk)
    fresh.set_password("a-new-one")
    fresh.full_name = "Cora C."
    fresh.save()
    before = fresh.history.count()

    leaving.set_roles(stale, [QA], by=by(world.olga), at=NOW, reason="New job")
    leaving.deactivate(stale, heir=world.quin, by=by(world.olga), at=NOW, reason="Left")

    now = User.objects.get(pk=world.cora.pk)
    assert now.check_password("a-new-one")
    assert (now.full_name, now.is_active, now.session_epoch) == ("Cora C.", False, 2)
    assert now.history.count() == before + 2
    assert (stale.is_active, stale.session_epoch) == (False, 2)


def test_somebody_comes_back(world: World) -> None:
    leaving.deactivate(world.cora, heir=world.quin, by=by(world.olga), at=NOW, reason="Left")

    leaving.reactivate(world.cora, by=by(world.olga), at=NOW, reason="Back again")

    cora = User.objects.get(pk=world.cora.pk)
    newest = cora.history.latest()
    assert cora.is_active
    assert cora.groups.count() == 1
    assert (newest.is_active, newest.history_change_reason, newest.history_user) == (
        True,
        "Back again",
        world.olga,
    )
    assert Event.objects.filter(kind="routing.user.reactivate", object_id=cora.pk).count() == 1
    with pytest.raises(PermissionDenied):
        leaving.reactivate(world.cora, by=by(world.alice), at=NOW, reason="x")
