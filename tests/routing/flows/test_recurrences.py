"""Calendar triggers of a draft: its page, its file, its differences and its findings."""

from __future__ import annotations

from datetime import date, time

import pytest

from routing.flows.admin.workflow_map import map_of
from routing.flows.faults import faults
from routing.flows.files.difference import differences
from routing.flows.files.stored import content_of, keep_flow_file
from routing.flows.files.text import BadFlowFile, read_flow_file, written
from routing.flows.files.words import change_words
from routing.flows.lint import lint_findings
from routing.flows.operations import copy
from routing.flows.recurrences import Recurrence
from routing.flows.rhythm import Every, OnDayOff
from routing.models import FlowVersion
from tests.desk import filled, signed_in, url, words
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("T5"),
    pytest.mark.in_zone("UTC"),
]


@pytest.fixture
def draft(world: World) -> FlowVersion:
    made = copy(make_flow(world), by=by(world.olga), at=NOW, reason="By the calendar")
    Recurrence.objects.create(
        version=made,
        name="Status call",
        every=Every.WEEK,
        interval=2,
        weekdays=["tue"],
        at=time(9),
        zone="Europe/Berlin",
        start=date(2026, 12, 1),
        on_day_off=OnDayOff.NEXT,
        client=world.acme.code,
    )
    return made


SAID = (
    "Status call: every 2 weeks on Tuesday at 09:00 (Europe/Berlin), for ACM; "
    "on a day off: run on the next working day"
)


@pytest.mark.skipif(f"{NOW:%Y-%m}" != "2026-11", reason="its times are written out")
def test_a_lead_adds_one_by_names_and_sees_its_next_five_times(
    world: World, draft: FlowVersion
) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    page = browser.get(path)
    for time_ in ("Tue 1 Dec 2026, 09:00 CET", "Tue 26 Jan 2027, 09:00 CET"):
        assert time_ in words(page)
    new = {
        "name": "Month",
        "interval": "1",
        "every": "first_working_day",
        "nth": "1",
        "month_day": "1",
        "at": "07:30",
        "zone": "UTC",
        "start": "2026-12-01",
        "on_day_off": "run",
        "calendar": "",
        "client": world.acme.code,
    }
    sent = filled(page) | {"recurrences-TOTAL_FORMS": "2"}

    answer = browser.post(
        path, sent | {f"recurrences-1-{name}": value for name, value in new.items()}
    )

    assert answer.status_code == 302, words(answer)
    assert draft.recurrences.get(name="Status call").weekdays == ["tue"]
    made = draft.recurrences.get(name="Month")
    assert (made.every, made.at) == (Every.FIRST_WORKING_DAY, time(7, 30))
    assert "Fri 1 Jan 2027, 07:30" in words(browser.get(path))  # without public holidays


def test_a_weekly_one_without_a_weekday_is_said_beside_it(world: World, draft: FlowVersion) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    sent = filled(browser.get(path))
    sent = {key: value for key, value in sent.items() if key != "recurrences-0-weekdays"}

    page = browser.post(path, sent)

    assert page.status_code == 200
    assert "Choose a weekday." in words(page)


def test_an_imported_export_exports_the_same_bytes(world: World, draft: FlowVersion) -> None:
    text = written(content_of(draft)).replace("name: Lead", "name: New lead")
    assert "at: '09:00'" in text or "at: 09:00" in text

    made = keep_flow_file(read_flow_file(text.encode()), by=by(world.olga), at=NOW, reason="New")

    assert made is not None
    assert written(content_of(FlowVersion.objects.get(pk=made.pk))) == text


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("Europe/Berlin", "Europe/Berlim", "is no time zone"),
        ("      - tue", "      - die", "has a day that is none"),
        ("every: week", "every: fortnight", "every"),
    ],
)
def test_a_bad_file_names_the_line_and_what_to_do(
    draft: FlowVersion, was: str, now: str, says: str
) -> None:
    text = written(content_of(draft))
    assert was in text

    with pytest.raises(BadFlowFile, match=says):
        read_flow_file(text.replace(was, now).encode())


def test_a_difference_names_the_trigger_and_needs_no_second_person_as_a_trigger(
    world: World, draft: FlowVersion
) -> None:
    before = content_of(draft)
    draft.recurrences.update(at=time(10), on_day_off=OnDayOff.SKIP)

    found = differences(before, content_of(FlowVersion.objects.get(pk=draft.pk)))

    assert [(each.path, str(each.change_class.label)) for each in found] == [
        ("recurrences[Status call].at", "Routing"),
        ("recurrences[Status call].on_day_off", "Routing"),
    ]
    assert change_words(found[0]).what == "calendar trigger “Status call”, time"
    assert change_words(found[1]).now == "Leave it out"


def test_the_map_and_the_checks_know_it(world: World, draft: FlowVersion) -> None:
    draft.triggers.all().delete()
    assert not faults(draft)
    assert map_of(draft.flow, draft)[0].lines == (SAID,)

    draft.recurrences.update(client="", weekdays=[])

    codes = {each.code for each in lint_findings(draft)}
    assert "recurrence_without_client" in codes
    assert faults(draft) == ["The calendar trigger “Status call” has no weekday. Choose one."]
