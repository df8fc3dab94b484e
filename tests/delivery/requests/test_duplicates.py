"""Duplicates marked at the same moment."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from functools import partial
from threading import Barrier, BrokenBarrierError

import pytest

from delivery.models import Request
from delivery.requests.details import DuplicateDetails
from delivery.requests.operations import requests
from tests.threads import at_once
from tests.world import NOW, World, by, make_request

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_requests_that_name_each_other_are_not_both_lost(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = make_request(committed_world.acme), make_request(committed_world.acme)
    me, judging, real = by(committed_world.alice), Barrier(2), requests.named_original

    def slowly(*asked):
        found = real(*asked)
        with suppress(BrokenBarrierError):
            judging.wait(1)  # without a lock, both have judged before either has written
        return found

    step = dataclasses.replace(requests.mark_duplicate, facts=slowly)
    pairs = [(one, other), (other, one)]
    results = at_once(
        [
            partial(step, [row.pk], by=me, at=NOW, details=DuplicateDetails(original.pk))
            for row, original in pairs
        ]
    )

    assert sorted(result.done for [result] in results) == [False, True]
    assert Request.objects.filter(state=Request.State.DUPLICATE).count() == 1
    [refused] = [result for [result] in results if not result.done]
    assert [refusal.code for refusal in refused.refusals] in (["original"], ["overtaken"])
