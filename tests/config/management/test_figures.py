"""The command ``figures``: one person's figures as JSON, CSV or text."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.desk import signed_in
from tests.world import World, make_client, make_request, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("L6"),
]


def figures(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command("figures", *words, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    assert found["schema"] == {"name": "throughline.figures", "version": 1}
    return found


def refused(*words: str) -> CommandError:
    with pytest.raises(CommandError) as refusal:
        call_command("figures", *words, stdout=StringIO())
    return refusal.value


@pytest.fixture
def work(world: World) -> World:
    other = make_client("BRW", world.team, world.bob, world.alice)
    for client in (world.acme, world.acme, other):
        make_request(client)
    return world


def test_a_figure_has_its_value_by_group_and_leads_to_its_rows(work: World) -> None:
    found = figures("open_work", "--by", "client", "--as", work.olga.email)

    assert (found["as_of"], found["lag_s"]) == ("2026-11-23T09:30:00Z", 0)
    assert [(each["by"], each["value"], each["n"]) for each in found["figures"]] == [
        ({"client": "ACM"}, 2, 2),
        ({"client": "BRW"}, 1, 1),
    ]
    first = found["figures"][0]
    assert {"name", "by", "value", "n", "numerator", "unit", "why_null", "rows_url"} <= {*first}
    rows = signed_in(work.olga).get(f"{first['rows_url']}?format=json").json()
    assert (rows["count"], len(rows["refs"])) == (2, 2)
    assert all(ref.startswith("ACM-") for ref in rows["refs"])


def test_a_rate_of_few_rows_has_no_value_and_says_why(work: World) -> None:
    [rate] = figures("work_without_layer", "--as", work.olga.email)["figures"]

    assert (rate["value"], rate["n"], rate["numerator"]) == (None, 3, 3)
    assert rate["why_null"] == "Only 3 rows. A rate needs 5."

    for _ in range(2):
        make_request(work.acme)
    [rate] = figures("work_without_layer", "--as", work.olga.email)["figures"]
    assert (rate["value"], rate["n"], rate["why_null"], rate["unit"]) == (1.0, 5, None, "ratio")


def test_the_last_day_is_included_and_days_are_those_of_the_agency(work: World) -> None:
    days = ("--from", "2026-11-23", "--to", "2026-11-23")
    found = figures("work_without_layer", *days, "--as", work.olga.email)

    assert (found["from"], found["until"]) == ("2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z")
    assert found["figures"][0]["n"] == 3


def test_every_figure_is_there_without_a_name(work: World) -> None:
    names = {each["name"] for each in figures("--as", work.olga.email)["figures"]}

    assert {"runs_started", "outcome_rate", "qa_yield", "campaign_delivery_time_p90"} <= names
    assert {"system_error_rate", "approval_wait_median", "speed_to_lead_mean"} <= names


def test_csv_has_one_line_a_value_and_no_formula(work: World) -> None:
    make_request(make_client("EVL", work.team, work.bob, work.alice, name="=1+1"))
    out = StringIO()

    call_command(
        "figures", "open_work", "--by", "team", "--as", work.olga.email, "--csv", stdout=out
    )

    [line] = csv.DictReader(StringIO(out.getvalue()))
    assert (line["name"], line["team"], line["value"], line["n"]) == (
        "open_work",
        "North",
        "4",
        "4",
    )


def test_unknown_names_are_refused_with_similar_ones(work: World) -> None:
    named = refused("run_started", "--as", work.olga.email)
    grouped = refused("breaches", "--by", "purposes", "--as", work.olga.email)
    of_all = refused("--by", "clients", "--as", work.olga.email)

    assert (named.returncode, grouped.returncode, of_all.returncode) == (2, 2, 2)
    assert "runs_started" in str(named)
    assert "purpose" in str(grouped)
    assert "client" in str(of_all)


def test_days_that_cannot_be_read_are_refused(work: World) -> None:
    backwards = ("--from", "2026-11-23", "--to", "2026-11-01")
    for days in (("--from", "yesterday"), ("--to", "0001-01-01"), backwards):
        assert refused(*days, "--as", work.olga.email).returncode in {1, 2}


def test_somebody_who_may_not_see_figures_is_refused(work: World) -> None:
    nobody = make_user("Nora")
    refusal = refused("open_work", "--as", nobody.email)

    assert refusal.returncode == 1
    assert "may not see figures" in str(refusal)
