"""`manage.py explain_due`: why then, and whose minutes, in words and as JSON."""

from __future__ import annotations

import json
from datetime import datetime
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from delivery.requests.details import AnswerDetails, AskDetails
from delivery.requests.operations import requests
from routing.models import SLAPolicy, WorkItem
from routing.sla.explain_due import as_json, explain, words
from routing.sla.operations.clocks import follow, start
from routing.work.door import Operation
from routing.work.operations import items
from tests.clockwork import at, clock_of, fresh
from tests.delivery.making import hand_in, make_deliverables, question
from tests.portal import reachable
from tests.routing.runs.stories import crm_of, make_flow, run_about
from tests.world import MONDAY, World, by, make_client, make_request

pytestmark = [
    pytest.mark.in_zone("UTC"),
    pytest.mark.stands_at(MONDAY),  # working hours of a week
    pytest.mark.requirement("L3"),
]

W = WorkItem.WaitingOn


def told(*args: str) -> str:
    out = StringIO()
    call_command("explain_due", *args, stdout=out)
    return out.getvalue()


def test_explain_due_says_why_and_whose_minutes_in_the_clients_zone(
    world: World, policy: SLAPolicy
) -> None:
    client = make_client("NYC", world.team, world.alice, world.bob, timezone="America/New_York")
    request = make_request(client)
    start([request.item], policy, MONDAY, purposes={"triage"})
    reachable(client)
    requests.ask(
        [request.pk], by=by(world.alice), at=at(23, 11), details=AskDetails(question="Which pages?")
    )
    follow([fresh(request)], at(23, 11))
    requests.answer(
        [request.pk], by=by(world.alice), at=at(24, 10), details=AnswerDetails(details="Home")
    )
    follow([fresh(request)], at(24, 10))

    said = told(request.item.ref.lower(), "--at", "2026-11-24T12:00+00:00")

    assert said.splitlines() == [
        "NYC-1 A new site · Request · New · due Tue 24 Nov 2026 11:30 EST (America/New_York)",
        "",
        "Triage: 8:00 of working time, policy Standard v1, counted in Agency v1 (UTC).",
        "  Due Tue 24 Nov 2026 11:30 EST. 3:30 used, 4:30 left.",
        "  Mon 23 Nov 04:30 - 06:00  1:30  runs (Agency, in progress; New)",
        "      Mon 23 Nov 04:30 - 06:00  1:30",
        (
            "  Mon 23 Nov 06:00 - Tue 24 Nov 05:00  7:30  paused (Client, waiting for an answer; "
            "Needs information)"
        ),
        "      Mon 23 Nov 06:00 - 12:30  6:30",
        "      Mon 23 Nov 12:30 - Tue 24 Nov 04:00  -  outside hours",
        "      Tue 24 Nov 04:00 - 05:00  1:00",
        "  Tue 24 Nov 05:00 - 07:00  2:00  runs (Agency, in progress; New)",
        "      Tue 24 Nov 05:00 - 07:00  2:00",
        "  Tue 24 Nov 07:00 - 11:30  4:30  runs (Agency, in progress; New), expected",
        "      Tue 24 Nov 07:00 - 11:30  4:30",
        "  Working time by party: Agency 3:30, Client 7:30.",
    ]


def test_explain_due_as_json_holds_the_same(world: World, policy: SLAPolicy) -> None:
    request = make_request(world.acme)
    start([request.item], policy, MONDAY, purposes={"triage"})

    said = json.loads(
        told(request.item.ref, "--json", "--at", MONDAY.isoformat(), "--zone", "Asia/Tokyo")
    )

    [clock] = said["clocks"]
    assert (said["ref"], said["zone"], said["due_at"]) == (
        request.item.ref,
        "Asia/Tokyo",
        "2026-11-23T17:30:00+00:00",
    )
    assert (clock["target_s"], clock["reading"]["left_s"], clock["agrees"]) == (
        28_800,
        28_800,
        True,
    )
    [stretch] = clock["reading"]["stretches"]
    assert (stretch["expected"], stretch["end"], stretch["segments"][0]["closed"]) == (
        True,
        "2026-11-23T17:30:00Z",
        None,
    )


def test_explain_due_knows_when_there_is_nothing_to_explain(world: World) -> None:
    request = make_request(world.acme)

    assert "No clock has started" in told(request.item.ref)
    # However the hyphen and the letters are written.
    for typed in ("acm–1", "#ACM-1", " acm 1 ", "ACM\u22121"):
        assert "No clock has started" in told(request.item.ref.replace("ACM-1", typed))


def test_what_has_no_clock_names_its_deadline_and_those_who_were_asked(world: World) -> None:
    """C5: “nothing due” was said of an approval that expires, and only its owner was named."""
    [page] = make_deliverables(world)
    asked = question(hand_in(world, page))

    said = told(asked.item.ref)
    answers = StringIO()
    call_command("trace", asked.item.ref, "--questions", stdout=answers)

    assert "The question expires at " in said
    assert "It asks Alice, Bob, Olga, until" in answers.getvalue()


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["NOPE-1"], "There is no work with the reference NOPE-1"),
        (["{ref}", "--zone", "Mars/Olympus"], "not a time zone"),
        (["{ref}", "--at", "yesterday"], "is not a time"),
        (["{ref}", "--at", "2026-11-24T12:00"], "has no time zone"),
    ],
)
def test_explain_due_refuses_what_it_cannot_read(world: World, args: list[str], why: str) -> None:
    request = make_request(world.acme)

    with pytest.raises(CommandError, match=why):
        told(*(arg.format(ref=request.item.ref) for arg in args))


@pytest.mark.parametrize(
    ("finish", "line"),
    [
        (("triage", at(23, 11)), "Met after 1:30."),
        (("triage", at(24, 11)), "Stopped after 10:00. Overdue since Mon 23 Nov 2026 17:30 UTC."),
        (("cancel", at(23, 11)), "Ended unmet after 1:30."),
        (
            ("ask", at(24, 11)),
            "Paused (Client, waiting for an answer). Overdue since Mon 23 Nov 2026 17:30 UTC.",
        ),
        (
            ("ask", at(23, 11)),
            (
                "Paused (Client, waiting for an answer). 1:30 used, 6:30 left. The due date is set "
                "when the clock resumes."
            ),
        ),
        (None, "Overdue since Mon 23 Nov 2026 17:30 UTC. 10:00 used."),
    ],
)
def test_one_sentence_says_how_a_clock_stands(
    world: World, policy: SLAPolicy, finish: tuple[str, datetime] | None, line: str
) -> None:
    request = make_request(world.acme)
    start([request.item], policy, MONDAY, purposes={"triage"})
    reachable(world.acme)
    verb, when = finish or ("", at(24, 11))
    if finish:
        details = AskDetails("?") if verb == "ask" else None
        step: Operation[Any] = getattr(requests, verb)
        step([request.pk], by=by(world.alice), at=when, reason="x", details=details)
        follow([fresh(request)], when)

    explained = explain(clock_of(request), when)

    assert words(explained, ZoneInfo("UTC"))[1].strip() == line
    assert as_json(explained)["reading"]["at"] == when.isoformat().replace("+00:00", "Z")


def test_the_state_of_each_segment_is_the_one_that_the_work_was_in(
    world: World, policy: SLAPolicy
) -> None:
    """C5: an accepted request showed “captured” throughout."""
    request = make_request(world.acme)
    start([request.item], policy, MONDAY, purposes={"resolution"})
    requests.triage([request.pk], by=by(world.alice), at=at(23, 11))
    requests.accept([request.pk], by=by(world.alice), at=at(23, 14))

    said = told(request.item.ref, "--at", "2026-11-23T15:00+00:00")

    for line in (
        "Mon 23 Nov 09:30 - 11:00  1:30  runs (Agency, in progress; New)",
        "Mon 23 Nov 11:00 - 14:00  3:00  runs (Agency, in progress; Triaged)",
        "Mon 23 Nov 14:00 - 15:00  1:00  runs (Agency, in progress; Accepted)",
    ):
        assert line in said


def test_a_hold_is_shown_apart_and_the_agencys_time_is_what_was_used(
    world: World, policy: SLAPolicy
) -> None:
    """C10: one explanation said “Met, after 2:00” and “Agency 3:00”, with a hold inside."""
    request = make_request(world.acme)
    start([request.item], policy, MONDAY, purposes={"triage"})
    items.hold([request.item_id], by=by(world.alice), at=at(23, 10), reason="Budget")
    items.resume([request.item_id], by=by(world.alice), at=at(23, 11), reason="Settled")
    requests.triage([request.pk], by=by(world.alice), at=at(23, 12, 30))

    said = told(request.item.ref, "--at", "2026-11-23T15:00+00:00")

    assert "Met after 2:00." in said
    assert "Working time by party: Agency 2:00, On hold 1:00." in said


def test_what_is_due_of_a_run_is_what_is_due_of_its_work(world: World) -> None:
    """C5: nothing was said to be due while four clocks of its work ran."""
    make_flow(world)
    with crm_of(world):
        run = run_about("901")

    said = told(run.item.ref)
    found = json.loads(told(run.item.ref, "--json"))

    assert "nothing due" not in said
    work = WorkItem.objects.filter(run=run).exclude(pk=run.item_id)
    assert {clock["ref"] for clock in found["clocks"]} == {item.ref for item in work}
    assert len(found["clocks"]) == 5
    assert found["due_at"] is not None
