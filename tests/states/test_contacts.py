"""docs/states lists the client's people for each verb that they may call, and for no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import delivery.portal
from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.models import Approval, Request
from routing.models import Event
from routing.people.actors import Actor
from routing.work.door import Operation, all_operations
from routing.work.machine_pages import FOLLOWS, INDEX, file_of, pages
from routing.work.machines import in_words, machines
from tests.delivery.making import DRAFT, done, hand_in, make_deliverables, question
from tests.portal import APPROVER, browser_of, invited, user_of
from tests.world import NOW, World, by, make_request


def operations_in(value: Any) -> Iterator[Operation[Any]]:
    if isinstance(value, Operation):
        yield value
    elif isinstance(value, Mapping):
        yield from (each for each in value.values() if isinstance(each, Operation))


def portal_operations() -> set[Operation[Any]]:
    """Every operation that a module of the portal has a name for, alone or in a table of steps."""
    found: set[Operation[Any]] = set()
    for module in iter_modules(delivery.portal.__path__):
        names = vars(import_module(f"delivery.portal.{module.name}"))
        for value in names.values():
            found.update(operations_in(value))
    return found


def who_may_on_the_page(step: Operation[Any]) -> list[str]:
    """The cell "who may" of each row of a verb."""
    text = pages()[file_of(step.model) if step.model in machines() else INDEX]
    rows = [
        line.removeprefix("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")
    ]
    return [row[3] for row in rows if row[0] == in_words(step.verb)]


def named_contacts(cell: str) -> set[str]:
    names = cell.split(", ")
    return {name.removeprefix("client ") for name in names if name.startswith("client ")}


def test_a_verb_of_the_portal_lists_the_contacts_whom_the_door_lets_in(
    contacts: dict[str, Actor],
) -> None:
    steps = portal_operations()

    assert {step.verb for step in steps} >= {
        "approve",
        "request_changes",
        "reject",
        "withdraw",
        "accept_impact",
    }
    for step in steps:
        let_in = {
            name.removeprefix("client_") for name, actor in contacts.items() if step.open_to(actor)
        }
        assert let_in, f"{step.kind} is in the portal, and no contact may call it."
        for cell in who_may_on_the_page(step):
            assert named_contacts(cell) == let_in, step.kind


def test_a_verb_outside_the_portal_lists_contacts_only_where_the_door_lets_them_in(
    contacts: dict[str, Actor],
) -> None:
    for step in all_operations():
        ways = [
            each
            for each in all_operations()
            if each.model is step.model and step.verb in {each.verb, *each.becomes}
        ]
        let_in = {
            name.removeprefix("client_")
            for name, actor in contacts.items()
            if any(way.open_to(actor) for way in ways)
        }
        cells = who_may_on_the_page(step)
        assert cells, step.kind
        for cell in cells:
            assert named_contacts(cell) == let_in, step.kind


def asked_of_the_client(world: World) -> Approval:
    [row] = make_deliverables(world)
    hand_in(world, row, DRAFT)
    done(approvals.approve([question(row).pk], by=by(world.alice), at=NOW, details=DecideDetails()))
    done(deliverables.ask_client([row.pk], by=by(world.alice), at=NOW))
    return question(row)


def test_no_verb_that_a_contact_carries_out_is_said_to_be_the_systems(world: World) -> None:
    carla = invited(world, "Carla", (world.acme, APPROVER))
    browser, asked = browser_of(carla), asked_of_the_client(world)
    unclear = make_request(
        world.acme, Request.State.NEEDS_INFORMATION, question="How long?", contact=carla
    )

    browser.get(f"/portal/questions/{asked.item.ref}/")
    browser.post(
        f"/portal/questions/{asked.item.ref}/decide/", {"word": "approve", "digest": asked.digest}
    )
    browser.post(f"/portal/requests/{unclear.item.ref}/answer/", {"details": "Two minutes"})
    browser.post(f"/portal/requests/{unclear.item.ref}/withdraw/")

    steps = {step.kind: step for step in all_operations()}
    carried_out = (
        set(Event.objects.filter(actor=user_of(carla)).values_list("kind", flat=True))
        & steps.keys()
    )
    called = {kind for kind in carried_out if named_contacts(who_may_on_the_page(steps[kind])[0])}
    assert called == {
        f"delivery.{verb}"
        for verb in ("approval.see", "approval.approve", "request.answer", "request.withdraw")
    }
    followed = {steps[kind] for kind in carried_out - called}
    assert {cell for step in followed for cell in who_may_on_the_page(step)} == {FOLLOWS}
    assert all(step.system for step in followed)
    assert not [name for name, text in pages().items() if "the system" in text]
