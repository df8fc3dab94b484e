"""Checks, destinations and approval stages at the desk."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from delivery.models import ApprovalStage, Check, CheckResult
from routing.flows.operations import copy
from routing.models import Destination, Flow, FlowVersion
from routing.people.admin import destinations
from routing.people.registry import PlaceKind
from tests.delivery.making import DRAFT, hand_in, make_deliverables, make_destination
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("Q16"),
]

SENT = {
    "name": "No hurry",
    "param_terms": "coming soon\nto our",
    "param_field": "any",
    "position": "10",
    "is_active": "on",
}


def new(kind: str) -> str:
    return f"{url(Check, 'add')}?kind={kind}"


def test_a_check_is_tried_before_it_is_kept_and_trying_keeps_nothing(world: World) -> None:
    [page] = make_deliverables(world)
    hand_in(world, page, DRAFT)
    browser = signed_in(world.olga)

    tried = browser.post(new("forbidden_terms"), SENT | {"try": "1"})
    assert not Check.objects.exists()
    browser.post(new("forbidden_terms"), SENT | {"reason": "The client asked."})

    told = words(tried)
    assert "1 version checked. 1 would fail:" in told
    assert not CheckResult.objects.exists()
    check = Check.objects.get()
    assert (check.kind, check.params) == ("forbidden_terms", {"terms": ["coming soon", "to our"]})
    assert check.history.get().history_user == world.olga


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [("text_length", {"param_minimum": "many"}), ("required_assets", {"param_roles": "hero"})],
)
def test_parameters_that_could_never_be_judged_are_refused_on_the_form(
    world: World, kind: str, wrong: dict[str, Any]
) -> None:
    common = {"name": "Mine", "position": "1", "param_field": "title"}

    page = signed_in(world.olga).post(new(kind), common | wrong)

    assert page.status_code == 200
    assert page.context["form"].non_field_errors()
    assert next(iter(wrong.values())) in page.content.decode()
    assert not Check.objects.exists()


@pytest.mark.parametrize("who", ["alice", "quin", "audrey"])
def test_only_operations_change_checks(world: World, who: str) -> None:
    check, browser = (
        Check.objects.create(name="Slug", kind="slug_form"),
        signed_in(getattr(world, who)),
    )

    assert browser.get(url(Check, "change", check.pk)).status_code == 200
    assert browser.post(url(Check, "change", check.pk), SENT).status_code == 403
    assert browser.post(new("slug_form"), SENT).status_code == 403
    assert Check.objects.get().name == "Slug"


def test_a_destination_offers_the_kinds_that_are_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, browser = make_destination(world, kind="static"), signed_in(world.alice)
    free = words(browser.get(url(Destination, "change", place.pk)))
    known = [PlaceKind("wordpress", "WordPress", [("acme-site", "Acme site")])]
    monkeypatch.setattr(destinations, "destination_kinds", lambda: known)

    page = words(browser.get(url(Destination, "change", place.pk)))

    assert "Acme site" not in free
    assert "WordPress: Acme site" in page
    assert "static (inactive)" in page


def published(world: World) -> FlowVersion:
    flow = Flow.objects.create(slug="x", name="X", owner=world.olga, backup=world.bob)
    version = FlowVersion.objects.create(flow=flow, number=1, action="delivery.open_request")
    ApprovalStage.objects.create(flow_version=version, position=1, audience="client", quorum="all")
    FlowVersion.objects.filter(pk=version.pk).update(published_at=NOW, published_by=world.olga)
    return FlowVersion.objects.get(pk=version.pk)


def test_the_stages_of_a_published_version_never_change(world: World) -> None:
    version = published(world)

    for change in (
        lambda: ApprovalStage.objects.update(quorum="any"),
        lambda: ApprovalStage.objects.all().delete(),
        lambda: ApprovalStage.objects.create(flow_version=version, position=2, audience="internal"),
    ):
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            change()
    page = signed_in(world.olga).get(url(FlowVersion, "change", version.pk))
    assert 'name="approval_stages-0-quorum"' not in page.content.decode()


def test_a_copy_asks_whom_the_first_one_asked(world: World) -> None:
    made = copy(published(world), by=by(world.olga), at=NOW, reason="To change it.")

    [stage] = ApprovalStage.objects.filter(flow_version=made)
    assert (stage.position, stage.audience, stage.quorum) == (1, "client", "all")
    page = signed_in(world.olga).get(url(FlowVersion, "change", made.pk))
    assert 'name="approval_stages-0-quorum"' in page.content.decode()
