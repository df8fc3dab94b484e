"""
11. Clients see their own: every address, file and verb, as every role and as contacts of two
clients, with the work of a restricted client (H4, FAULTS 46 to 48).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client as Browser
from pytest_django import Settings

from routing.kernel.roles import AM, CREATIVE, OPS
from routing.kernel.transitions import verb_of
from routing.models import WorkItem
from routing.people.actors import Actor
from routing.work.door import all_operations
from tests.desk import signed_in
from tests.details import blank
from tests.routing.people.test_permissions_matrix import MATRIX
from tests.storages import use
from tests.walk.addresses import OF_AGENCY, SECRET, Visit, every_route, visits_of
from tests.walk.stage import MARKS, OPEN, Stage, Walker, build
from tests.world import NOW, World, by

# Of the roles that see all work, one opens every page. The others are tried where they are refused.
TRIES_ALL = {AM, CREATIVE, OPS}
SAMPLE = "admin/delivery/request/<path:object_id>/change/"
ROUTES = list(dict.fromkeys(every_route()))


@pytest.fixture
def stage(world: World, settings: Settings, tmp_path: Path) -> Stage:
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path / "files")
    settings.VAR_DIR = tmp_path
    return build(world)


def text_of(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(body.decode(errors="replace"))


def fault_of(walker: Walker, browser: Browser, visit: Visit) -> list[str]:
    """Return what is wrong with one answer."""
    if visit.method == "get":
        answer = browser.get(visit.path)
    else:
        with transaction.atomic():
            answer = browser.post(visit.path, visit.data)
            transaction.set_rollback(True)
    text = text_of(answer)
    right = visit.right(walker)
    where = f"{walker.name}: {visit.method} {visit.path}"
    if answer.status_code not in right:
        return [f"{where} answers {answer.status_code}, not one of {sorted(right)}"]
    typed = visit.path.lower()  # a page repeats what was searched for
    marks = [mark for mark in MARKS if mark.lower() in text.lower()]
    marks = [mark for mark in marks if mark.lower() not in typed]
    if marks and not walker.sees_secret and SECRET not in walker.clients:
        return [f"{where} shows {', '.join(marks)}"]
    return []


@pytest.mark.drill
@pytest.mark.timeout(900)  # some thousand pages
def test_h4_every_address_answers_each_as_the_matrix_says(stage: Stage) -> None:
    listed = {route: visits_of(route, stage) for route in ROUTES}
    unlisted = [route for route, visits in listed.items() if visits is None]
    faults: list[str] = []
    for walker in stage.walkers:
        browser = signed_in(walker.user)
        for route, visits in listed.items():
            for visit in chosen(walker, route, visits or ()):
                faults += fault_of(walker, browser, visit)

    assert (unlisted, faults) == ([], [])


def test_h4_every_address_is_listed_with_who_may_open_it(stage: Stage) -> None:
    assert [route for route in ROUTES if visits_of(route, stage) is None] == []


def chosen(walker: Walker, route: str, visits: Sequence[Visit]) -> Sequence[Visit]:
    """
    Leave out what answers like another visit of the same walker, so that the walk stays quick.

    A middleware refuses the whole desk to a contact, pages refuse somebody without a role before
    they look for a row, and whoever sees the hidden row sees the other one.
    """
    if not route.startswith("admin/"):
        return visits
    if walker.is_contact:
        return visits[:1] if route in {"admin/", "admin/find/", SAMPLE} else ()
    if walker.role is None:
        return visits[:1]
    if not walker.sees_secret or "<path" not in route:
        return visits
    refused = [visit for visit in visits if set(visit.right(walker)) <= {403, 404}]
    shown = walker.role in TRIES_ALL or route.endswith("/change/")
    return refused[-1:] or (visits[-1:] if shown else ())


# -- Verbs -----------------------------------------------------------------------------------------


def called(step: Any, pk: int, by_whom: Actor) -> str:
    """Return ``denied``, or the code of the first refusal, or ``done``."""
    with transaction.atomic():
        details = {"details": blank(step.details)} if step.details else {}
        try:
            [result] = step([pk], by=by_whom, at=NOW, reason="x", **details)
        except PermissionDenied:
            return "denied"
        finally:
            transaction.set_rollback(True)
    return "done" if result.done else str(result.refusals[0].code)


def test_h4_every_verb_answers_for_hidden_work_as_for_none(stage: Stage) -> None:
    faults = []
    hidden = [walker for walker in stage.walkers if SECRET not in walker.work]
    for walker in hidden:
        actor = by(walker.user)
        for step in all_operations():
            label = step.model._meta.label_lower
            if label in OF_AGENCY:
                continue
            pk = stage.rows[SECRET].ids[label]
            holds = walker.role is not None and walker.role in MATRIX[step.permission]
            right = {"gone"} if holds else {"denied"}
            if walker.is_contact:  # some verbs are theirs, by their role at their own client
                right = {"gone", "denied"}
            found = called(step, pk, actor)
            if found not in right:
                faults.append(f"{walker.name}: {step.kind} is {found}, not {right}")

    assert len(hidden) == 4
    assert faults == []


def test_47_48_a_post_neither_skips_a_state_nor_sets_what_the_step_does_not_name(
    stage: Stage,
) -> None:
    ops = next(walker for walker in stage.walkers if walker.name == "operations lead")
    browser, faults = signed_in(ops.user), []
    rows = stage.rows[OPEN]
    extra = {
        "state": "closed",
        "item": stage.rows[SECRET].ids["routing.workitem"],
        "client": stage.rows[SECRET].client.pk,
        "client_id": stage.rows[SECRET].client.pk,
        "ref": "ACM-1000",
        "is_open": "",
        "is_superuser": "on",
        "reason": "Because",
    }
    for step in all_operations():
        label = step.model._meta.label_lower
        if label not in rows.ids or step.model is WorkItem:
            continue
        row: Any = step.model._base_manager.get(pk=rows.ids[label])
        app, model = label.split(".")
        with transaction.atomic():
            browser.post(f"/admin/{app}/{model}/{row.pk}/step/{step.verb}/", extra)
            after: Any = step.model._base_manager.get(pk=row.pk)
            moved = after.state != row.state
            item, client = after.item, after.item.client_id
            transaction.set_rollback(True)
        if moved and not any(row.state in targets for targets in ways(step)):
            faults.append(f"{step.kind} moved it from {row.state}")
        if (client, item.ref) != (row.item.client_id, row.item.ref):
            faults.append(f"{step.kind} changed the client or the reference")

    ops.user.refresh_from_db()
    assert not ops.user.is_superuser
    assert faults == []


def ways(step: Any) -> list[Mapping[str, str]]:
    """Return the states from which the step may start, each with where it leads."""
    return [verb_of(step.model, verb).targets for verb in (step.verb, *step.becomes)]
