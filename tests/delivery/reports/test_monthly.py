"""The monthly report of a client: its figures by hand, and nothing that is internal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from delivery.models import Report
from delivery.reports.document import as_json, printed
from delivery.reports.monthly import monthly
from delivery.reports.months import BadMonth, ClientMonth
from routing.kernel.reasons import Reason
from routing.models import WorkItem
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from tests.delivery.making import make_engagement
from tests.delivery.reports.stories import ADDRESS, WEDNESDAY, launched
from tests.world import World, make_client, make_request

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("A5"),
    pytest.mark.stands_at(datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
    pytest.mark.in_zone("UTC"),
]
HOUR = 3600


def data_of(world: World, month: str = "2026-11") -> dict[str, Any]:
    found = ClientMonth.of(month, world.acme.timezone)
    return as_json(monthly(world.acme, found, at=timezone.now()))


def test_its_figures_are_those_that_a_person_computes(world: World) -> None:
    story = launched(world)

    found = data_of(world)

    # Four working days of eight and a half hours, of which two were the client's: see the story.
    day = 8.5 * HOUR
    assert found["figures"]["waited"] == {"value_s": 2 * day, "of_s": 4 * day}
    assert found["sections"]["time"]["lead"][0] == "2.0 of 4.0 days were waiting for you."
    spans = found["sections"]["time"]["segments"]
    assert [(each["party"], each["counted_s"]) for each in spans] == [
        ("Us", day),
        ("You", 2 * day),
        ("Us", day),
    ]
    assert all("clock change" in each["evidence"] for each in spans)
    assert "decision ACM-" in spans[1]["evidence"]
    # The first answer was promised within two hours, and nothing reached the client in them.
    assert found["figures"]["met"] == {"value": 2, "of": 3}
    [late] = found["sections"]["targets"]["missed"]
    assert (late["target"], late["promised_s"]) == ("First answer", 2 * HOUR)
    assert late["late_since"] == "2026-11-02T11:00:00Z"
    [row] = found["sections"]["delivered"]["delivered"]
    assert (row["ref"], row["where"], row["proof"]) == (story.row.item.ref, ADDRESS, "Proven")
    assert (found["figures"]["delivered"]["value"], found["figures"]["proven"]["value"]) == (1, 1)


def test_rounds_and_hours_left_are_those_of_the_agreement(world: World) -> None:
    launched(world)

    [row] = [each for each in data_of(world)["sections"]["agreed"]["agreed"] if each["hours"]]

    assert (row["rounds"], row["rounds_used"], row["rounds_left"]) == (2, 0, 2)
    assert (row["hours"], row["hours_used"], row["hours_left"]) == ("40.00", "6.00", "34.00")


def test_dates_of_the_next_month_come_from_the_work(world: World) -> None:
    launched(world)

    dates = data_of(world)["sections"]["coming"]["dates"]

    assert [(each["date"], each["what"]) for each in dates] == [
        ("2026-12-20", "The agreement ends")
    ]


def test_few_results_have_no_share(world: World) -> None:
    launched(world)

    targets = data_of(world)["sections"]["targets"]["targets"]

    assert {each["share"] for each in targets} == {"too few to say"}


def test_an_exception_that_concerns_the_client_is_told_in_other_words(world: World) -> None:
    story = launched(world)
    evidence = {"message": "internal words about Carla"}
    # Of the agency's own approvers, here: nobody is left to approve the brief.
    for reason in (Reason.REMOTE_CONFLICT, Reason.NOBODY_AVAILABLE, Reason.APPROVERS_MISSING):
        raise_exception(ExceptionFinding(reason, evidence, story.row.item), at=WEDNESDAY)

    found = data_of(world)

    [told] = found["sections"]["exceptions"]["exceptions"]
    assert told["what"] == "Something was changed or removed on your site"
    assert told["ref"] == story.row.item.ref
    assert "internal words" not in json.dumps(found)


def test_nothing_internal_and_nothing_of_others_is_in_it(world: World) -> None:
    story = launched(world)
    other = make_client("ZEB", world.team, world.alice, world.bob, restricted=True)
    make_request(other, title="zebrafish plan")
    make_engagement(world, name="Ours")

    page = monthly(world.acme, ClientMonth.of("2026-11", world.acme.timezone), at=timezone.now())

    said = json.dumps([printed(page), as_json(page)])
    assert "zebrafish" not in said
    for person in (world.alice, world.bob, world.cora, world.quin):
        assert person.full_name not in said
    internal = WorkItem.objects.filter(run=story.run, kind__in=["run", "brief", "exceptioncase"])
    assert [item.ref for item in internal if f'"{item.ref}"' in said] == []


def test_a_month_before_the_work_is_empty_and_says_so(world: World) -> None:
    launched(world)

    found = data_of(world, "2026-10")

    assert found["figures"]["waited"]["of_s"] == 0
    assert found["sections"]["delivered"]["delivered"] == []


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "11-2026", "2026-11-01", "x"])
def test_a_text_that_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(BadMonth):
        ClientMonth.of(text, "UTC")


@pytest.mark.parametrize(
    ("zone", "begins", "hours"),
    [("Europe/Berlin", "2026-10-01T00:00:00+02:00", 745), ("Asia/Tokyo", "2026-10-01", 744)],
)
def test_a_month_is_that_of_the_clients_zone(zone: str, begins: str, hours: int) -> None:
    """October in Berlin has one hour more, since its clocks go back."""
    month = ClientMonth.of("2026-10", zone)

    length = month.ends.astimezone(UTC) - month.begins.astimezone(UTC)
    assert (month.begins.isoformat()[: len(begins)], length) == (begins, timedelta(hours=hours))


def test_the_command_writes_its_files_and_keeps_the_report(world: World, tmp_path: Path) -> None:
    launched(world)
    out = StringIO()

    call_command(
        "report",
        *("run", "monthly", "--client", "acm", "--month", "2026-11", "--yes", "--json"),
        *("--out", str(tmp_path / "made"), "--as", world.alice.email),
        stdout=out,
    )

    found = json.loads(out.getvalue())
    names = [Path(each).name for each in found["files"]]
    assert names == [f"acm-2026-11.{form}" for form in ("html", "pdf", "csv", "json")]
    assert all(Path(each).stat().st_size > 1_000 for each in found["files"])
    report = Report.objects.get()
    assert (report.pk, report.made_by) == (found["id"], world.alice)
    assert json.loads(Path(found["files"][3]).read_text()) == report.data


def test_the_command_lists_reports_and_makes_a_post_launch_report(
    world: World, tmp_path: Path
) -> None:
    story, out = launched(world), StringIO()

    call_command(
        "report",
        *("run", "post-launch", "--ref", story.row.item.ref, "--json"),
        *("--out", str(tmp_path), "--as", world.audrey.email),
        stdout=out,
    )
    listed = StringIO()
    call_command("report", "list", "--as", world.audrey.email, "--json", stdout=listed)

    ref = story.run.item.ref.lower()
    assert Path(json.loads(out.getvalue())["files"][-1]).name == f"{ref}-evidence.zip"
    assert json.loads(listed.getvalue())["reports"] == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("--client", "ACM", "--month", "2026-99"), 2),
        (("--client", "NONE", "--month", "2026-11"), 2),
        (("--client", "ACM", "--month", "2027-01"), 1),
    ],
)
def test_what_cannot_be_reported_is_refused(
    world: World, tmp_path: Path, given: tuple[str, ...], code: int
) -> None:
    with pytest.raises(CommandError) as refused:
        call_command(
            "report",
            *("run", "monthly", *given, "--out", str(tmp_path), "--yes"),
            *("--as", world.alice.email),
        )

    assert refused.value.returncode == code
    assert not Report.objects.exists()
