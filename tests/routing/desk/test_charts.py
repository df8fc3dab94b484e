"""Charts: places follow from values, and what has no value has no bar."""

from __future__ import annotations

from routing.desk.charts import ABOVE, PLOT, ChartPoint, columns, lines


def point(
    value: float | None, before: float | None = None, part: float | None = None
) -> ChartPoint:
    return ChartPoint("A week", value, str(value), before=before, part=part)


def test_the_largest_value_has_the_full_height_and_the_others_their_share() -> None:
    full, half, tiny, none, zero = columns(
        [point(400), point(200), point(0.1), point(None), point(0)]
    )

    assert [each.height for each in (full, half, tiny, none, zero)] == [PLOT, PLOT // 2, 2, 0, 0]
    assert [full.y, half.y] == [ABOVE, ABOVE + PLOT // 2]
    assert [full.middle, half.middle, zero.middle] == ["10.00%", "30.00%", "90.00%"]


def test_a_rate_is_measured_against_the_whole_and_never_above_it() -> None:
    [half] = columns([point(0.5)], most=1)
    [line] = lines([point(3, before=1, part=0.5)], most=2)

    assert half.height == PLOT // 2
    assert (line.length, line.before, line.part) == ("100.00%", "50.00%", "25.00%")


def test_the_period_before_counts_for_the_scale() -> None:
    [one] = columns([point(10, before=40)])

    assert (one.height, one.before_height) == (PLOT // 4, PLOT)
    assert one.label_y < one.before_y  # the number stands above both


def test_no_points_and_only_zeros_draw_nothing() -> None:
    assert columns([]) == []
    assert lines([point(0)])[0].length == "0.00%"
