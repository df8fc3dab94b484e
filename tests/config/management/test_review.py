"""The command ``review``: draw, answer, show and close, as one person."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from routing.flows.review_questions import QUESTIONS
from routing.kernel.canonical import json_digest
from routing.models import FlowReview, Run
from tests.routing.runs.stories import crm_of, run_about, usual_flow
from tests.world import NOW, World

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.requirement("G3", "V4", "V5", "V6", "V7", "V8", "P2", "P13"),
]


def review(*words: str, code: int = 0, yes: bool = True) -> dict[str, Any]:
    """Run the command as a shell does, and return what it printed."""
    out, more = StringIO(), ("--yes",) if yes else ()
    if code == 0:
        call_command("review", *words, *more, "--json", stdout=out)
    else:
        with pytest.raises(CommandError) as refusal:
            call_command("review", *words, *more, "--json", stdout=out)
        assert refusal.value.returncode == code, refusal.value
        if code == 2:
            return {"said": str(refusal.value)}
    found: dict[str, Any] = json.loads(out.getvalue())
    assert found["schema"] == {"name": f"throughline.review.{words[0]}", "version": 1}
    return found


def codes(found: dict[str, Any]) -> list[str]:
    assert all({"code", "message", "clears_by"} <= each.keys() for each in found["refusals"])
    return [each["code"] for each in found["refusals"]]


def test_a_review_is_drawn_answered_and_closed_from_a_shell(world: World) -> None:
    live = usual_flow(world)
    with crm_of(world):
        run = run_about("9001")
    Run.objects.filter(pk=run.pk).update(state=Run.State.COMPLETE)
    olga, bob = ("--as", world.olga.email), ("--as", world.bob.email.upper())

    assert codes(review("draw", "lead-to-brief", *olga, code=1, yes=False)) == ["demo"]
    alice = review("draw", "lead-to-brief", "--as", world.alice.email, code=1)
    assert codes(alice) == ["permission"]
    assert "Did you mean lead-to-brief" in review("draw", "lead-to-brif", *olga, code=2)["said"]
    drawn = review("draw", "lead-to-brief", "--seed", "7", *olga)
    again = review("draw", "lead-to-brief", "--seed", "7", *bob)

    assert drawn == again
    assert drawn["seed"] == 7
    assert drawn["criteria_digest"] == json_digest(live.criteria)
    assert drawn["sample"] == [{"stratum": "completed", "ref": run.item.ref}]
    assert [each["key"] for each in drawn["questions"]] == [each.key for each in QUESTIONS]
    boundary, path, *_others = drawn["questions"]
    assert boundary["answer"] is None
    assert "At publication" in boundary["measure"]["words"]
    [median, _rate] = path["measure"]["figures"]
    assert median["name"] == "time_to_outcome_median"
    assert {"before", "after", "rows_url"} <= median.keys()

    ref, pk = drawn["ref"], str(drawn["id"])
    assert codes(review("close", ref, *olga, code=1)) == ["unanswered"]
    for each in QUESTIONS[1:]:
        review("answer", pk, each.key, "yes", *olga)
    key = QUESTIONS[0].key
    assert "no question" in review("answer", pk, "path", "yes", *olga, code=2)["said"]
    assert "no review" in review("answer", "AGY-999", key, "yes", *olga, code=2)["said"]
    assert codes(review("answer", ref, key, "no", *olga, code=1)) == ["reason"]
    said = review("answer", ref, key, "no", "--reason", "Two hand-offs", *olga)
    assert (said["unanswered"], said["unsettled"]) == ([], [key])
    assert codes(review("close", pk, *olga, code=1)) == ["unsettled"]
    ruled = review("answer", ref, key, "no", "--reason", "Two", "--settle", "rule", *olga)
    assert (ruled["questions"][0]["settled_by"], ruled["questions"][0]["version"]) == ("rule", 2)

    closed = review("close", ref, "--reason", "Done", *olga)

    assert closed["state"] == "closed"
    assert review("show", ref, *bob, yes=False)["questions"] == closed["questions"]
    row = FlowReview.objects.get()
    reasons = list(
        row.history.order_by("history_id").values_list("history_change_reason", flat=True)
    )
    assert reasons[-1] == "Done (By command)"
    assert "Two A rule changes (By command)" in reasons[-2]
    assert row.flow.last_review == NOW.date()
