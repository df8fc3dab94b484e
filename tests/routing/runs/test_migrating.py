"""
Runs in flight are moved to another published version of their flow by name and with a reason, after
the page has shown what would change for each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils import timezone

from delivery.models import ApprovalStage
from delivery.requests.operations import requests
from routing.flows.actions import ActionSpec, actions_of, keep_actions
from routing.flows.approving import freeze
from routing.flows.models import live_of
from routing.flows.operations import copy
from routing.models import Clock, Decision, ExceptionCase, Flow, FlowVersion, Notification, Run
from routing.people.actors import Actor
from routing.runs.details import MigrateDetails
from routing.runs.migration import MigrationPreview, migration_previews
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.migrating import migrate
from routing.runs.trace import trace
from tests.delivery.making import done, fresh, hand_in, make_deliverables, record_request
from tests.desk import signed_in, url, words
from tests.routing.flows.test_switching import LATER, flow, submit, twin, work
from tests.world import NOW, World, by

__all__ = ["flow"]  # the fixture

pytestmark = [
    pytest.mark.requirement("G4", "G10"),
    pytest.mark.usefixtures("without_second_factor"),
]


def published(world: World, flow: Flow, edit: Callable[[FlowVersion], Any]) -> FlowVersion:
    """Publish a copy of the live version with an edit."""
    live = live_of(flow.pk)
    assert live is not None
    draft = copy(live, by=by(world.olga), at=NOW, reason="A change")
    edit(draft)
    draft.save()
    return freeze(draft, by=by(world.olga), at=NOW, reason="Ready")


def as_it_is(draft: FlowVersion) -> None:
    """Change nothing."""


def without_end(draft: FlowVersion) -> None:
    draft.fields.filter(name="deal.ends").update(required=False)


def stopped_run() -> Run:
    """Return a run that waits for a person, because the end of its deal is not known."""
    deal = {"name": "Site", "amount": "9000", "currency": "EUR"}
    company, contact = {"name": "New", "domain": "new.example"}, {"name": "R", "email": "r@n.ex"}
    body = {
        "type": "form.submitted",
        "data": {"deal": deal, "company": company, "contact": contact},
    }
    signal = Signal("form-main", "form.submitted", "1", "form", "1", NOW, body)
    capture([signal], by=Actor.system(), at=NOW)
    work()
    run = Run.objects.select_related("item").get()
    assert run.state == Run.State.WAITING
    return run


def delivered_run() -> Run:
    submit("1")
    work()
    run = Run.objects.select_related("item").get()
    assert run.state == Run.State.IN_DELIVERY
    return run


def preview_of(run: Run, version: FlowVersion) -> MigrationPreview:
    return migration_previews([run], version, LATER)[run.pk]


def moved(
    world: World, run: Run, to: FlowVersion, reason: str = "Mended", name: str = "Mend"
) -> list[str]:
    """Move a run, and return the codes of the refusals."""
    details = MigrateDetails(to.pk, name)
    [result] = migrate([run.pk], by=by(world.olga), at=LATER, reason=reason, details=details)
    return [refusal.code for refusal in result.refusals]


def test_a_run_that_waits_goes_on_by_the_version_it_was_moved_to(world: World, flow: Flow) -> None:
    run = stopped_run()
    new = published(world, flow, without_end)
    assert Run.objects.get().version != new  # publishing alone moves nothing

    assert moved(world, run, new) == []
    work(LATER)

    run = Run.objects.get()
    assert (run.version, run.state) == (new, Run.State.IN_DELIVERY)
    assert Decision.objects.get().version == new
    assert set(ExceptionCase.objects.values_list("state", flat=True)) == {"resolved"}
    record = run.history.filter(version=new).order_by("history_id")[0]
    assert (record.history_change_reason, record.history_user) == ("Mend: Mended", world.olga)
    entries = trace(run).entries
    [said] = [each for each in entries if "moved the run to another version" in each.title]
    assert said.data["reason"] == "Mend: Mended"
    assert Notification.objects.filter(words="migrated", recipient=world.bob).exists()


def test_the_preview_names_what_would_change_before_the_decision(world: World, flow: Flow) -> None:
    run = stopped_run()

    def edit(draft: FlowVersion) -> None:
        without_end(draft)
        draft.policy = "swift"

    preview = preview_of(run, published(world, flow, edit))
    said = {each.what: (each.was, each.now) for each in preview.changes}

    assert said["field “Ends”, required"] == ("yes", "no")
    assert said["SLA policy"] == ("standard", "swift")
    was, now = said["owner and backup, when it is decided"]
    assert was == "nobody"
    assert set(now.split(", ")) == {"Alice", "Bob"}
    strict = published(
        world, flow, lambda draft: draft.fields.filter(name="deal.hours").update(required=True)
    )
    asks = preview_of(Run.objects.select_related("item").get(), strict)
    assert asks.notes == ("It would wait for these facts: Hours sold",)
    assert asks.refusal is None


def test_decided_work_keeps_its_owner_and_its_clocks_and_takes_the_new_stages(
    world: World, flow: Flow
) -> None:
    run = delivered_run()

    def edit(draft: FlowVersion) -> None:
        draft.policy = "swift"
        draft.rules.all().update(account_first=False, name="Anybody")
        ApprovalStage.objects.create(flow_version=draft, position=1, audience="internal")

    new = published(world, flow, edit)
    due = set(Clock.objects.values_list("pk", "due_at", "policy"))
    preview = preview_of(run, new)

    assert [each.what for each in preview.changes] == ["approval stages"]
    owner = run.item.owner
    assert f"It is decided already and keeps its owner {owner}." in preview.notes
    assert any("keep the SLA policy “standard”" in note for note in preview.notes)
    assert moved(world, run, new) == []
    after = Run.objects.select_related("item").get()
    assert (after.version, after.item.owner) == (new, owner)
    assert set(Clock.objects.values_list("pk", "due_at", "policy")) == due
    decided = [each for each in trace(after).entries if each.section == "decision"]
    assert [each.data["version"] for each in decided] == [str(run.version)]


def keep_only(draft: FlowVersion, actions: Sequence[ActionSpec]) -> None:
    draft.actions.all().delete()
    keep_actions(draft, actions)


def acts_otherwise(draft: FlowVersion) -> None:
    keep_only(draft, [ActionSpec("delivery.open_change")])


def test_it_is_refused_where_it_cannot_work(world: World, flow: Flow) -> None:
    run, same = delivered_run(), live_of(flow.pk)
    assert same is not None
    assert moved(world, run, same) == ["other_version", "same_version"]
    draft = copy(same, by=by(world.olga), at=NOW, reason="A start")
    assert "not_published" in moved(world, run, draft)
    draft.delete()
    other = live_of(twin(world, flow, "other", field="a", value="b").pk)
    assert other is not None
    assert "other_flow" in moved(world, run, other)
    assert moved(world, run, published(world, flow, acts_otherwise)) == ["other_action"]
    good = published(world, flow, lambda draft: keep_only(draft, actions_of(same)))
    assert moved(world, run, good, reason=" ") == ["reason"]
    assert moved(world, run, good, name=" ") == ["name"]
    assert Run.objects.get().version == same
    with pytest.raises(PermissionDenied):
        migrate([run.pk], by=by(world.alice), at=LATER, details=MigrateDetails(good.pk, "No"))


def test_a_version_whose_rules_match_nothing_does_not_take_on_a_run(
    world: World, flow: Flow
) -> None:
    run = stopped_run()

    def edit(draft: FlowVersion) -> None:
        without_end(draft)
        draft.rules.filter(name="Everything else").delete()

    new = published(world, flow, edit)

    assert moved(world, run, new) == ["undecidable"]
    assert "could not decide it" in str(getattr(preview_of(run, new).refusal, "message", ""))


def test_a_review_that_has_begun_is_not_moved_to_other_stages(world: World) -> None:
    request = record_request(world, details="Five pages")
    done(requests.triage([request.pk], by=by(world.alice), at=timezone.now()))
    done(requests.accept([request.pk], by=by(world.alice), at=timezone.now()))
    [page] = make_deliverables(world, request=fresh(request))
    hand_in(world, page)
    run = Run.objects.select_related("item", "flow").get()
    same = published(world, run.flow, as_it_is)

    def other_stages(draft: FlowVersion) -> None:
        ApprovalStage.objects.create(flow_version=draft, position=1, audience="internal")

    other = published(world, run.flow, other_stages)

    assert moved(world, run, other) == ["not_now"]
    refusal = preview_of(run, other).refusal
    assert refusal is not None
    assert page.item.ref in str(refusal.message)
    assert moved(world, run, same) == []


def test_a_lead_sees_what_would_change_and_moves_the_runs_on_the_page_of_the_flow(
    world: World, flow: Flow
) -> None:
    run = stopped_run()
    old = run.version
    new = published(world, flow, without_end)
    browser, page = signed_in(world.olga), url(Flow, "runs", flow.pk)

    assert "Runs in flight" in words(browser.get(url(Flow, "change", flow.pk)))
    assert f"Choose what to do with the runs of v{old.number}" in words(browser.get(page))
    shown = f"{page}?from={old.number}&to={new.number}"
    said = words(browser.get(shown))
    assert run.item.ref in said
    assert "field “Ends”, required: from yes to no" in said
    sent = {"run": [run.pk], "name": "Ends may come later", "reason": ""}
    assert "Enter a reason." in words(browser.post(shown, sent))
    assert "Choose at least one run." in words(browser.post(shown, sent | {"run": []}))
    assert Run.objects.get().version == old

    answer = browser.post(shown, sent | {"reason": "It is agreed later"}, follow=True)

    assert f"1 run was moved to {new}." in words(answer)
    assert Run.objects.get().version == new
    again = words(browser.post(shown, sent | {"reason": "Twice"}, follow=True))
    assert "These runs were moved meanwhile. Nothing has changed." in again
    told = words(browser.get(url(Run, "change", run.pk)))
    assert "Olga moved the run to another version of its flow" in told
    assert "Ends may come later: It is agreed later" in told


def test_what_is_refused_stays_and_others_only_look(world: World, flow: Flow) -> None:
    run = delivered_run()
    old = run.version
    new = published(world, flow, acts_otherwise)
    shown = f"{url(Flow, 'runs', flow.pk)}?from={old.number}&to={new.number}"
    sent = {"run": [run.pk], "name": "n", "reason": "r"}

    answer = signed_in(world.olga).post(shown, sent)
    assert answer.status_code == 409
    assert "It began with the actions “" in words(answer)
    browser = signed_in(world.alice)
    assert "Move chosen runs" not in words(browser.get(shown))
    assert browser.post(shown, sent).status_code == 403
    assert Run.objects.get().version == old


def test_runs_are_moved_by_command(world: World, flow: Flow) -> None:
    run = stopped_run()
    new = published(world, flow, without_end)
    given: tuple[str, ...] = (
        "migrate",
        flow.slug,
        "--to",
        str(new.number),
        "--as",
        world.olga.email,
        "--json",
    )

    def call(*more: str) -> Any:
        out = StringIO()
        call_command("flow", *given, *more, stdout=out)
        return json.loads(out.getvalue())

    [line] = call("--preview")["runs"]
    assert line["ref"] == run.item.ref
    assert {"what": "field “Ends”, required", "was": "yes", "now": "no"} in line["changes"]
    with pytest.raises(CommandError, match="No run in flight that would move: NO-1"):
        call("--yes", "--reason", "Mended", "--run", "NO-1")
    assert Run.objects.get().version != new

    given += ("--yes", "--reason", "Mended", "--name", "Mend", "--run", run.item.ref)
    assert call()["migrated"] == 1

    moved_run = Run.objects.get()
    assert moved_run.version == new
    assert "By command" in moved_run.history.filter(version=new)[0].history_change_reason
