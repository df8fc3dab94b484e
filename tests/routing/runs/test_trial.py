"""A version is tried on an event before it is published, and nothing is written."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from routing.flows.files.stored import content_of
from routing.flows.files.text import read_flow_file, written
from routing.flows.files.tried import tried_file, tried_row
from routing.flows.operations import copy
from routing.kernel.roles import Role
from routing.models import Client, Clock, Decision, Event, Flow, FlowVersion, Run, Team
from tests.desk import signed_in, url, words
from tests.routing.runs.stories import crm_of, make_flow, run_about
from tests.world import NOW, World, by, make_client, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("O25")]


@pytest.fixture
def live(world: World) -> FlowVersion:
    return make_flow(world)


@pytest.fixture
def run(world: World, live: FlowVersion) -> Run:
    with crm_of(world):
        return run_about("901")


def tried(*words: str, code: int = 0) -> Any:
    out = StringIO()
    if code:
        with pytest.raises(CommandError) as caught:
            call_command("flow", "try", *words, stdout=out)
        assert caught.value.returncode == code
    else:
        call_command("flow", "try", *words, stdout=out)
    return json.loads(out.getvalue()) if "--json" in words and code < 2 else out.getvalue()


def event_of(run: Run) -> str:
    return str(run.run_events.get(part="started").event_id)


def test_a_past_event_is_tried_as_it_was_decided_and_nothing_is_written(
    world: World, live: FlowVersion, run: Run
) -> None:
    decision = Decision.objects.get()

    with CaptureQueriesContext(connection) as asked:
        found = tried(live.flow.slug, "--event", event_of(run), "--json")

    assert {each["sql"].split()[0] for each in asked} <= {"SELECT", "WITH"}
    made = found["decision"]
    assert (made["rule"], made["lane"], made["exception"]) == (
        decision.rule_name,
        "automatic",
        None,
    )
    assert found["facts"] == json.loads(decision.asked)["facts"]
    assert found["starts"] is True
    assert {made["owner"], made["backup"]} <= {each["person"] for each in made["candidates"]}
    assert all(each["why"] for each in made["candidates"])
    assert "then lowest id" in made["tie_break"]
    recorded = json.loads(decision.answer)["asked"]
    assert [each["passed"] for each in found["clauses"]][: len(recorded[0][2])] == [
        each["held"] for each in recorded[0][2]
    ]
    first = found["clauses"][0]
    assert first["words"].startswith(first["label"])
    # The clocks that the same event really started, had it come in now.
    real = set(Clock.objects.filter(item__run=run).values_list("item__kind", "purpose", "due_at"))
    assert {(each["kind"], each["purpose"]) for each in found["clocks"]} >= {
        (kind, purpose) for kind, purpose, due_at in real if kind in {"request", "brief"}
    }
    for clock in found["clocks"]:
        assert (clock["policy"], clock["starts_at"]) == (live.policy, found["received_at"])
        assert clock["due_at"] is None or clock["due_at"] > clock["starts_at"]


def test_a_changed_file_is_tried_before_anybody_imports_it(
    world: World, live: FlowVersion, run: Run, tmp_path: Path
) -> None:
    was = tried(live.flow.slug, "--event", event_of(run), "--json")["decision"]
    text = written(content_of(live))
    Team.objects.create(name="Nobody", lead=world.bob)
    file, other = tmp_path / "flow.yaml", tmp_path / "other.yaml"
    file.write_text(text)
    other.write_text(text.replace(f"team: {was['team']}", "team: Nobody"))

    same = tried(str(file), "--event", event_of(run), "--json")["decision"]
    now = tried(str(other), "--event", event_of(run), "--json")["decision"]

    assert same == was
    assert (now["team"], now["lane"]) == ("Nobody", "automatic")
    assert all(each["ruled_out"] for each in now["candidates"])
    assert FlowVersion.objects.count() == 1
    [fault] = tried(str(_without_team(text, tmp_path)), "--event", "1", "--json", code=1)[
        "refusals"
    ]
    assert (fault["code"], "there is no such team" in fault["message"]) == ("bad_file", True)


def _without_team(text: str, folder: Path) -> Path:
    file = folder / "wrong.yaml"
    head, _team, rest = text.rpartition("team: ")
    file.write_text(f"{head}team: Nowhere\n{rest.partition(chr(10))[2]}")
    return file


def test_a_file_is_read_as_the_draft_that_it_would_become(live: FlowVersion) -> None:
    row, file = tried_row(live), tried_file(read_flow_file(written(content_of(live)).encode()))

    for name in ("actions", "title", "policy", "fields", "rule_fields", "template"):
        assert getattr(file.plan, name) == getattr(row.plan, name), name
    unnamed = [(each.name, each.team_id, each.clauses) for each in file.plan.rules]
    assert unnamed == [(each.name, each.team_id, each.clauses) for each in row.plan.rules]
    assert [each.priority for each in file.plan.rules] == [each.priority for each in row.plan.rules]
    assert (file.flow.owner_id, file.flow.backup_id) == (live.flow.owner_id, live.flow.backup_id)


def test_a_payload_is_tried_and_says_what_would_stop_it(
    world: World, live: FlowVersion, tmp_path: Path
) -> None:
    file = tmp_path / "deal.json"
    known = {"deal": {"amount": 60000, "currency": "EUR"}, "company": {"domain": "acme.example"}}
    file.write_text(json.dumps({"data": known}))
    options = ("--payload", str(file), "--kind", "hubspot.deal.creation", "--json")

    missing = tried(live.flow.slug, *options)

    assert missing["decision"]["lane"] == "review"
    assert missing["decision"]["exception"]["reason"] == "missing_fields"
    assert missing["decision"]["provisional"] is True
    assert missing["decision"]["owner"]
    assert missing["clocks"] == []
    assert missing["facts"]["deal.amount"] == 60000
    make_client("NEW", world.team, world.alice, world.bob)
    assert "wait for a person" in tried(live.flow.slug, *options[:-1], "--client", "NEW")

    file.write_text('{"deal":\n  {"amount": }}')
    [bad] = tried(live.flow.slug, *options, code=1)["refusals"]
    assert (bad["code"], "line 2" in bad["message"]) == ("bad_payload", True)
    tried(live.flow.slug, "--payload", str(file), "--kind", "hubspot.dael", code=2)
    tried(live.flow.slug, code=2)
    tried(live.flow.slug, "--event", "999999", code=2)


# -- The page --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_second_factor")
def test_the_page_tries_a_draft_on_a_past_event_or_a_pasted_body(
    world: World, live: FlowVersion, run: Run
) -> None:
    draft = copy(live, by=by(world.olga), at=NOW, reason="Higher threshold")
    browser, page = signed_in(world.olga), url(FlowVersion, "try", draft.pk)
    assert page in browser.get(url(FlowVersion, "change", draft.pk)).content.decode()
    before = [(model, model.objects.count()) for model in (Run, Decision, Event, FlowVersion)]

    listed = browser.get(page)
    searched = browser.get(page, {"q": "nothing has this"})
    tried_on = browser.get(page, {"event": event_of(run)})
    body = {"kind": "hubspot.deal.creation", "payload": '{"deal":\n {"amount": 1]}'}
    refused = browser.post(page, body)
    pasted = browser.post(page, {**body, "payload": '{"deal": {"amount": 123456}}'})

    assert run.item.ref in words(listed)
    assert "No event was found" in words(searched)
    decision = Decision.objects.get()
    for part in (decision.rule_name, str(decision.owner), "received now, due", "Tie-break"):
        assert part in words(tried_on), part
    assert "Line 2, column 14" in words(refused)
    assert "amount&quot;: 1]" in refused.content.decode()
    assert "Waits for a person" in words(pasted)
    assert "123,456" in words(pasted)
    assert before == [(model, model.objects.count()) for model, _count in before]


@pytest.mark.usefixtures("without_second_factor")
def test_events_of_work_that_a_policy_owner_may_not_see_are_not_offered(
    world: World, live: FlowVersion, run: Run
) -> None:
    draft = copy(live, by=by(world.olga), at=NOW, reason="Higher threshold")
    away = make_user("Vera", Role.ACCOUNT_MANAGER)
    Client.objects.filter(pk=world.acme.pk).update(restricted=True)
    Flow.objects.filter(pk=live.flow_id).update(owner=away)
    browser, page = signed_in(away), url(FlowVersion, "try", draft.pk)

    assert run.item.ref not in words(browser.get(page))
    assert browser.get(page, {"event": event_of(run)}).status_code == 404
    assert browser.get(page, {"event": "x"}).status_code == 404
    assert signed_in(world.cora).get(page).status_code in {403, 404}
    assert signed_in(world.audrey).get(page).status_code == 403
