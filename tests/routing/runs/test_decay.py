"""Proof that no longer holds."""

from __future__ import annotations

import pytest

from routing.models import ExceptionCase, Outcome, Run, WorkItem
from routing.runs.operations import outcomes
from tests.integrations.outbox.test_crm import make_run
from tests.world import NOW, World, by

pytestmark = pytest.mark.django_db


def test_a_decay_is_told_also_where_a_newer_run_about_the_same_is_open(world: World):
    old = make_run(world, "1")
    Run.objects.filter(pk=old.pk).update(state=Run.State.COMPLETE)
    WorkItem.objects.filter(pk=old.item_id).update(is_open=False)
    make_run(world, "1")
    row = Outcome.objects.create(
        item=old.item,
        run=old,
        kind=Outcome.Kind.LIVE,
        state="proven",
        expected_at=NOW,
        proven_at=NOW,
    )

    decayed = outcomes.decay(row.pk, {"status": 404}, by=by(world.olga), at=NOW)

    assert decayed
    assert ExceptionCase.objects.filter(reason="outcome_decayed").exists()
    assert Run.objects.get(pk=old.pk).state == Run.State.COMPLETE
