"""Row 60: the figures of a soak, and facts that it holds against the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from demo.drills.invariants import invariants
from demo.drills.soak import SoakSample, growth_figures, memory_figures
from integrations.models import Inbound
from tests.integrations.inbox.senders import make_connection
from tests.world import World


def sample(after_s: float, rows: int) -> SoakSample:
    return SoakSample(after_s, 0, {"events": rows}, {"events": rows * 100})


def test_60_a_leak_is_a_slope_in_bytes_an_hour() -> None:
    memory = [(float(second), 500_000_000 + second * 10_000) for second in range(0, 3_600, 5)]

    figures = memory_figures(memory)

    assert figures["slope_bytes_per_h"] == 36_000_000
    assert figures["peak_bytes"] == 500_000_000 + 3_595 * 10_000


def test_60_what_the_begin_takes_and_what_cannot_be_read_is_no_slope() -> None:
    begin = [(float(second), second * 1_000_000) for second in range(0, 300, 5)]
    memory = [*begin, (400.0, 600_000_000), (500.0, 0), (600.0, 600_000_000)]

    assert memory_figures(memory)["slope_bytes_per_h"] == 0
    assert memory_figures([])["slope_bytes_per_h"] is None


@pytest.mark.parametrize(("last", "bend"), [(2_000, 1.0), (4_000, 3.0)])
def test_60_growth_that_is_not_linear_bends(last: int, bend: float) -> None:
    found = growth_figures([sample(0, 0), sample(1_800, 1_000), sample(3_600, last)])

    assert found["events"] == {"rows_per_h": last, "bytes_per_h": last * 100, "bend": bend}


def test_60_every_invariant_can_be_asked_and_holds_at_rest(world: World) -> None:
    found = dict(invariants(timezone.now()))

    assert [words for words, number in found.items() if number] == []
    assert {words.partition(":")[0] for words in found} == {
        "I1",
        "I2",
        "I3",
        "I4",
        "I6",
        "I9",
        "I10",
    }  # I5 is said when it is broken, I7 is counted in the log, I8 has its own walk


def test_60_a_webhook_that_nobody_processed_is_found(world: World) -> None:
    at = timezone.now()
    row = Inbound(connection=make_connection("hubspot", world), received_at=at, last_received_at=at)
    row.raw, row.sha256 = b"[]", "0" * 64
    row.save()

    assert dict(invariants(at))["I1: Webhooks were stored and never processed."] == 1
    assert (
        dict(invariants(at + timedelta(hours=1)))["I1: Webhooks were stored and never processed."]
        == 0
    )
