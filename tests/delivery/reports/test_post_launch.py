"""The post-launch report says what the rows say, to those who may see them, in every form."""

from __future__ import annotations

from datetime import UTC as ZULU
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from delivery.models import Answer
from delivery.reports.document import as_json, printed
from delivery.reports.post_launch import post_launch
from routing.kernel.roles import AM
from routing.models import Clock, Run
from tests.delivery.reports.stories import ADDRESS, FRIDAY, MONDAY, THURSDAY, TUESDAY, launched
from tests.desk import signed_in, url, words
from tests.world import World, by, make_user

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("A5"),
    pytest.mark.stands_at(datetime(2026, 11, 23, 9, 30, tzinfo=ZULU)),
    pytest.mark.in_zone("UTC"),
]
UTC = ZoneInfo("UTC")


def data_of(world: World, run: Run) -> dict[str, Any]:
    return as_json(post_launch(run, by=by(world.alice), at=timezone.now(), zone=UTC))


def test_it_tells_the_whole_way_from_the_rows(world: World) -> None:
    story = launched(world)

    found = data_of(world, story.run)

    sections = found["sections"]
    [version] = sections["made"]["versions"]
    [row] = sections["live"]["deliverables"]
    answers = [(each["by"], each["word"], each["at"]) for each in sections["approved"]["answers"]]
    client = Answer.objects.get(contact__isnull=False)
    assert (found["schema"], found["ref"]) == (
        {"name": "throughline.report.post-launch", "version": 1},
        story.run.item.ref,
    )
    assert version["digest"] == client.digest[:12]
    assert answers[-1] == (str(client.contact), "Approves", "2026-11-05T09:00:00Z")
    assert (row["where"], row["due_date"], row["live_at"]) == (
        ADDRESS,
        "2026-11-05",
        "2026-11-06T09:00:00Z",
    )
    assert (row["proof"], row["proven_at"]) == ("Proven", "2026-11-06T09:00:00Z")
    assert "recorded" in sections["decided"]["rule"][0]["text"].lower()
    assert sections["exceptions"]["cases"] == []


def test_its_times_are_those_that_a_person_computes(world: World) -> None:
    story = launched(world)

    section = data_of(world, story.run)["sections"]["promised"]

    # The agency's day has eight and a half hours. From Monday to Tuesday at nine it was the
    # agency's, then for two days the client's, and until Friday at nine the agency's again.
    day = timedelta(hours=8, minutes=30).total_seconds()
    way = [
        (each["from"], each["to"], each["party"], each["counted_s"])
        for each in section["segments"]
        if each["purpose"] == "Resolution"
    ]
    assert way == [
        (instant(MONDAY), instant(TUESDAY), "Agency", day),
        (instant(TUESDAY), instant(THURSDAY), "Client", 2 * day),
        (instant(THURSDAY), instant(FRIDAY), "Agency", day),
    ]
    assert section["shares_s"] == {"agency": 2 * day, "client": 2 * day}
    assert len(section["clocks"]) == Clock.objects.filter(item__run=story.run).count()
    [promise] = [each for each in section["clocks"] if each["purpose"] == "Resolution"]
    assert (promise["target_s"], promise["spent_s"], promise["status"]) == (
        10 * 30_600,
        61_200,
        "met",
    )


def instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def test_work_that_the_reader_may_not_see_is_not_in_it(world: World) -> None:
    story = launched(world)
    world.acme.restricted = True
    world.acme.save()
    stranger = make_user("Sam", AM)

    answer = signed_in(stranger).get(url(Run, "report", story.run.pk))

    assert answer.status_code == 404


def test_the_page_and_its_files_say_the_same(world: World) -> None:
    story = launched(world)
    browser = signed_in(world.alice)

    page = words(browser.get(url(Run, "report", story.run.pk)))
    files = {
        form: browser.get(url(Run, f"report_{form}", story.run.pk))
        for form in ("html", "pdf", "csv", "json")
    }

    assert "Spring newsletter" in page
    assert "What is live, when and where" in page
    assert ADDRESS in page
    assert ADDRESS in words(files["html"])
    assert "<script" not in files["html"].content.decode()
    assert files["pdf"].content.startswith(b"%PDF-")
    assert files["csv"].content.decode().startswith("\ufeffsection,table,")
    assert files["json"].json()["sections"]["live"]["deliverables"][0]["where"] == ADDRESS
    assert all("attachment" in each["Content-Disposition"] for each in files.values())


def test_the_pages_of_the_run_and_the_campaign_lead_to_it(world: World) -> None:
    story = launched(world)

    page = signed_in(world.alice).get(url(Run, "change", story.run.pk)).content.decode()

    assert f'href="{url(Run, "report", story.run.pk)}"' in page


def test_what_came_after_the_launch_is_apart(world: World) -> None:
    story = launched(world)

    report = printed(post_launch(story.run, by=by(world.alice), at=timezone.now(), zone=UTC))

    after = next(each for each in report["sections"] if each["key"] == "after")
    assert after["tables"][0]["rows"] == []
    assert story.row.live_at == FRIDAY
