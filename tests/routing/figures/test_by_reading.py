"""Every figure of routing equals an independent computation, on agencies that chance made up."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.figures.catalogue import catalogue, figures_called
from routing.figures.computing import FigureValue, compute
from routing.figures.spans import Span
from routing.models import User, WorkItem
from routing.work.visibility import work_seen_by
from tests.desk import signed_in
from tests.routing.figures.agencies import MadeAgency
from tests.routing.figures.all_by_reading import figures, value, within
from tests.routing.figures.by_reading import Counted, RawRows
from tests.world import NOW, World, by, make_world

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("L6", "M6"),
]
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))
AUTUMN = (date(2026, 9, 15), date(2026, 12, 31))
GROUPS: tuple[tuple[str, ...], ...] = (
    (),
    ("client",),
    ("flow", "month"),
    ("day",),
    ("week",),
    ("quarter", "owner"),
    ("year", "kind"),
)
OWN = {
    "sla_compliance": ("purpose",),
    "breaches": ("purpose",),
    "time_by_party": ("party", "purpose"),
    "exceptions_opened": ("reason",),
    "exceptions_open": ("reason",),
    "hand_offs": ("from", "to"),
    "rules_overruled": ("rule",),
    "time_in_state_median": ("state",),
    "cycle_time_p90": ("ended_as",),
    "step_error_rate": ("step",),
    "new_manual_work": ("verb",),
    "missed_hand_offs": ("from", "to"),
}


def test_no_figure_of_routing_is_left_out(world: World) -> None:
    MadeAgency.of(world, 1)
    ours = {each.name for each in catalogue() if each.rows.__module__.startswith("routing.")}

    assert ours == {*figures(RawRows(), NOW)}


@given(seed=st.integers(0, 2**32))
@settings(max_examples=1)
def test_each_figure_equals_the_one_that_its_text_says(seed: int) -> None:
    _compare_all(seed)


@pytest.mark.drill
@pytest.mark.timeout(1800)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=50)
def test_each_figure_of_fifty_agencies_equals_the_one_that_its_text_says(seed: int) -> None:
    _compare_all(seed)


def _compare_all(seed: int) -> None:
    with transaction.atomic():
        world = make_world()
        agency = MadeAgency.of(world, seed, is_elsewhere=True)
        rows = RawRows()
        for days, who in ((OCTOBER, world.bob), (AUTUMN, world.olga)):
            span = Span.of_days(*days, agency.zone)
            seen = set(work_seen_by(by(who)).values_list("pk", flat=True))
            for name, (what, counted) in figures(rows, span.until).items():
                mine = [row for row in counted if row.item in seen]
                for groups in _groups(name):
                    _compare(rows, name, what, mine, groups, span, who)
        transaction.set_rollback(True)


def _groups(name: str) -> list[tuple[str, ...]]:
    [figure] = figures_called([name])
    fitting = [groups for groups in GROUPS if {*groups} <= figure.dimension_names]
    return [*fitting, *([OWN[name]] if name in OWN else [])]


def _compare(
    rows: RawRows,
    name: str,
    what: str,
    counted: list[Counted],
    groups: tuple[str, ...],
    span: Span,
    who: User,
) -> None:
    expected: dict[tuple[Any, ...], list[Counted]] = defaultdict(list)
    if not groups:
        expected[()] = []
    for row in within(counted, span.since, span.until):
        expected[tuple(rows.group(group, row) for group in groups)].append(row)

    found = compute([name], actor=by(who), by=groups, since=span.since, until=span.until)

    assert {_raw(rows, each): each.n for each in found} == {
        key: len(these) for key, these in expected.items()
    }, (name, groups)
    for each in found:
        these = expected[_raw(rows, each)]
        assert each.value == pytest.approx(value(what, these)), (name, groups, each)
        if what == "rate":
            assert each.numerator == sum(row.good for row in these)


def _raw(rows: RawRows, each: FigureValue) -> tuple[Any, ...]:
    """The group as the columns have it: ids in place of codes, slugs and addresses."""
    return tuple(rows.ids.get(name, {}).get(key, key) for name, key in each.by.items())


@pytest.mark.parametrize("seed", [20])
def test_each_number_leads_to_rows_that_add_up_to_it(world: World, seed: int) -> None:
    agency = MadeAgency.of(world, seed)
    october = Span.of_days(*OCTOBER, agency.zone)
    browser = signed_in(world.bob)
    refs = set(work_seen_by(by(world.bob)).values_list("ref", flat=True))
    checked = 0

    for figure in catalogue():
        groups = ["client", "week"] if figure.at else ["client"]
        for names in ([], groups):
            found = compute(
                [figure.name],
                actor=by(world.bob),
                by=names,
                since=october.since,
                until=october.until,
            )
            for each in found[:6]:
                answer = browser.get(f"{each.rows_url}?format=json")
                assert answer.status_code == 200, each
                body = json.loads(answer.content)
                assert (body["count"], len(body["refs"])) == (each.n, each.n), each
                assert (body["value"], body["numerator"]) == (each.value, each.numerator), each
                assert set(body["refs"]) <= refs
                checked += 1

    assert checked > 100
    assert WorkItem.objects.exclude(ref__in=refs).exists()  # somebody's restricted work
