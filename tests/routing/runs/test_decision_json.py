"""``manage.py decide --json``: the record of a decision for scripts."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from routing.models import Decision, Run
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from tests.journeys.test_lead_to_brief import signals
from tests.routing.runs.stories import crm_of, make_flow, work
from tests.world import NOW, World, make_request

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R6", "R7", "R16", "R17")]


def decided(ref: str) -> dict[str, Any]:
    out = StringIO()
    call_command("decide", ref, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_a_decision_says_facts_candidates_rule_and_reasons(world: World) -> None:
    make_flow(world)
    with crm_of(world):
        capture(signals("901"), by=Actor.system(), at=NOW)
        work()
    run, decision = Run.objects.get(), Decision.objects.get()

    found = decided(run.item.ref)

    assert found["schema"] == {"name": "throughline.decide", "version": 1}
    assert found["facts"] == json.loads(decision.asked)["facts"] != {}
    assert (found["rule"], found["version"]) == (decision.rule_name, "lead-to-brief@1")
    assert (found["owner"], found["backup"]) == (str(decision.owner), str(decision.backup))
    roles = {each["role"]: each["person"] for each in found["candidates"] if each["role"]}
    assert roles == {"owner": found["owner"], "backup": found["backup"]}
    assert all(each["fits"] or each["ruled_out"] for each in found["candidates"])
    assert "fewest open items" in found["tie_break"]
    assert any(f"“{decision.rule_name}” matched" in line for line in found["reasons"])


def test_work_without_a_decision_is_refused_in_json_too(world: World) -> None:
    row, out = make_request(world.acme), StringIO()

    with pytest.raises(CommandError) as refusal:
        call_command("decide", row.item.ref, "--json", stdout=out)

    assert refusal.value.returncode == 1
    [said] = json.loads(out.getvalue())["refusals"]
    assert said["code"] == "undecided"
    assert row.item.ref in said["clears_by"]
