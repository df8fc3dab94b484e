"""2. One door: state changes only in an operation, in one transaction, with history and an event."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from delivery.models import Request
from delivery.requests.operations import requests
from routing.models import Event, WorkItem
from routing.work import registry
from routing.work.items import PlainSaveRefused
from tests.world import NOW, World, by, make_request

ROOT = Path(__file__).parents[2]
PACKAGES = ("routing", "delivery", "integrations", "config")


def test_a_change_is_one_history_row_and_one_event_with_who_and_why(world: World) -> None:
    request = make_request(world.acme)

    requests.triage([request.pk], by=by(world.alice), at=NOW, reason="Clear enough")

    newest, event = request.history.first(), Event.objects.latest("id")
    assert request.history.count() == 2
    assert (newest.state, newest.history_user_id, newest.history_change_reason) == ("triaged", world.alice.pk, "Clear enough")
    assert (event.kind, event.from_state, event.to_state, event.actor, event.item_id) == (
        "delivery.request.triage",
        "captured",
        "triaged",
        world.alice,
        request.item_id,
    )


def test_without_permission_nothing_is_even_read(world: World, django_assert_num_queries: Any) -> None:
    """The refusal is caught inside: an exception that leaves the counting is never counted."""
    request, cora = make_request(world.acme), by(world.cora)

    with django_assert_num_queries(0), pytest.raises(PermissionDenied):
        requests.triage([request.pk], by=cora, at=NOW)

    assert Request.objects.get(pk=request.pk).state == "captured"


def test_saving_around_the_door_is_refused(world: World) -> None:
    request = make_request(world.acme)

    with pytest.raises(PlainSaveRefused):
        request.save()
    with pytest.raises(PlainSaveRefused):
        request.item.save()
    with pytest.raises(PlainSaveRefused):
        WorkItem.objects.create(title="x")
    with pytest.raises(AttributeError, match="not allowed"):
        request.state = "closed"


def test_a_state_the_machine_does_not_know_is_refused_by_the_database(world: World) -> None:
    request = make_request(world.acme)

    with pytest.raises(IntegrityError, match="request_state_known"), transaction.atomic():
        Request.objects.filter(pk=request.pk).update(state="half_done")


def test_a_reaction_that_fails_undoes_everything(world: World) -> None:
    request = make_request(world.acme)

    def fail(*_: object) -> None:
        raise RuntimeError("reaction failed")

    registry.react("delivery.request.triage")(fail)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            requests.triage([request.pk], by=by(world.alice), at=NOW)
    finally:
        registry._reactions["delivery.request.triage"].remove(fail)

    assert Request.objects.get(pk=request.pk).state == "captured"
    assert request.history.count() == 1


def test_nothing_in_the_source_writes_a_state_but_the_door_and_the_machines() -> None:
    """Assignments to ``.state`` and ``update(state=...)`` on a noun's rows, found by reading the code."""
    allowed = {"routing/door.py", "routing/creation.py"}
    found = []
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name in allowed or "/migrations/" in name:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"update", "bulk_update"}:
                owner = ast.unparse(node.func.value)
                nouns = ("Request.", "Brief.", "Run.", "ExceptionCase.", "Deliverable.", "Approval.", "WorkItem.")
                if owner.startswith(nouns) and any(keyword.arg in {"state", "is_open"} for keyword in node.keywords):
                    found.append(f"{name}:{node.lineno}")
    assert found == []
