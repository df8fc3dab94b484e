"""The catalogue: every figure computes, is documented, and is refused by a wrong name."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

from routing.figures.catalogue import Figure, UnknownFigure, catalogue, figures_called
from routing.figures.computing import compute
from routing.figures.documented import documented
from routing.figures.spans import usual_span
from routing.sla.calendars import agency_zone
from tests.world import NOW, World, by, make_request

pytestmark = [pytest.mark.requirement("L6")]
ROOT = Path(__file__).parents[3]


@pytest.mark.django_db
@pytest.mark.parametrize("figure", catalogue(), ids=lambda each: each.name)
def test_each_figure_computes_by_each_dimension_for_each_reader(
    world: World, figure: Figure
) -> None:
    make_request(world.acme)
    span = usual_span(NOW, agency_zone())

    for who in (world.olga, world.alice, world.cora):
        for dimension in (None, *figure.dimensions):
            groups = [dimension.name] if dimension else []
            found = compute(
                [figure.name], actor=by(who), by=groups, since=span.since, until=span.until
            )
            assert all(each.name == figure.name for each in found)
            assert found or groups


def test_the_document_is_that_of_the_catalogue() -> None:
    assert (ROOT / "docs/figures.md").read_text(encoding="utf-8") == documented()


def test_the_document_is_written_by_a_command(tmp_path: Path) -> None:
    call_command("document_figures", str(tmp_path / "figures.md"))

    assert (tmp_path / "figures.md").read_text(encoding="utf-8") == documented()


def test_an_unknown_figure_names_similar_ones() -> None:
    with pytest.raises(UnknownFigure, match="runs_started"):
        figures_called(["run_started"])


def test_an_unknown_grouping_names_those_of_the_figure() -> None:
    [figure] = figures_called(["breaches"])

    with pytest.raises(UnknownFigure, match="purpose"):
        figure.dimension("purposes")


def test_the_name_of_a_family_stands_for_all_its_figures() -> None:
    assert [each.name for each in figures_called(["cycle_time"])] == [
        "cycle_time_mean",
        "cycle_time_median",
        "cycle_time_p90",
    ]
