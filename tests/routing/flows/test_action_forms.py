"""Actions of a draft on the desk, in files, in differences, in lint and on the workflow map."""

from __future__ import annotations

import pytest
from django.utils import timezone

from routing.desk.addresses import page_of
from routing.flows.actions import ActionSpec, action_faults, actions_of, changes_of, keep_actions
from routing.flows.admin.workflow_map import map_of
from routing.flows.change_classes import ChangeClass
from routing.flows.files.linting import lint_file
from routing.flows.files.stored import content_of, keep_flow_file
from routing.flows.files.text import BadFlowFile, read_flow_file, written
from routing.flows.files.words import change_words
from routing.flows.lint import lint_findings
from routing.flows.operations import NotPublishable, copy, publish
from routing.flows.second_person import standing_of
from routing.models import FlowVersion, VersionAction
from tests.desk import filled, signed_in, words
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by

pytestmark = pytest.mark.usefixtures("without_second_factor")
TELL = "routing.notify"
ASK = "delivery.ask_client"


@pytest.fixture
def draft(world: World) -> FlowVersion:
    return copy(make_flow(world), by=by(world.olga), at=NOW, reason="More actions")


def with_notice(draft: FlowVersion, to: str, text: str = "Look at {deal.name}") -> FlowVersion:
    VersionAction.objects.create(
        version=draft, position=2, kind=TELL, inputs={"to": to, "text": text}
    )
    return FlowVersion.objects.get(pk=draft.pk)


def test_a_lead_adds_orders_and_fills_actions_by_their_names(
    world: World, draft: FlowVersion
) -> None:
    desk, page = signed_in(world.olga), page_of(draft)
    sent = filled(desk.get(page))
    place = sent["actions-TOTAL_FORMS"]
    sent |= {
        "actions-TOTAL_FORMS": str(int(place) + 1),
        f"actions-{place}-position": "2",
        f"actions-{place}-kind": TELL,
        f"actions-{place}-version": str(draft.pk),
        "actions-0-position": "3",
    }

    assert desk.post(page, sent).status_code == 302
    notice = draft.actions.get(kind=TELL)
    assert [row.kind for row in draft.actions.all()] == [TELL, "delivery.open_request"]

    shown = words(desk.get(page))
    assert "Action 1, “Notify”, lacks “Message”. Fill it in." in shown
    assert shown.count("lacks “Message”") == 1

    own = page_of(notice)
    shown = words(desk.get(own))
    assert "Team: North" in shown
    assert "To undo it" in shown
    form = filled(desk.get(own)) | {"to": f"team:{world.team.pk}", "text": "Ask {deal.nmae}"}
    assert "deal.nmae" in words(desk.post(own, form))
    form["text"] = "New deal: {deal.name}"
    assert desk.post(own, form).status_code == 302

    notice.refresh_from_db()
    assert notice.inputs == {"to": f"team:{world.team.pk}", "text": "New deal: {deal.name}"}
    assert "Notify. To: Team: North. Message: New deal: {deal.name}" in words(desk.get(page))
    assert draft.history.first().history_user == world.olga


def test_another_kind_forgets_the_inputs_and_a_sixth_action_is_refused(
    world: World, draft: FlowVersion
) -> None:
    with_notice(draft, "owner")
    desk, page = signed_in(world.olga), page_of(draft)

    desk.post(page, filled(desk.get(page)) | {"actions-1-kind": ASK})
    assert draft.actions.get(position=2).inputs == {}

    keep_actions(draft, [ActionSpec(TELL)] * 3)
    sent = filled(desk.get(page)) | {"actions-TOTAL_FORMS": "6", "actions-5-kind": TELL}
    sent |= {"actions-5-position": "9", "actions-5-version": str(draft.pk)}
    assert "at most 5 actions" in words(desk.post(page, sent))
    assert draft.actions.count() == 5


def test_a_published_action_is_shown_and_cannot_be_changed(
    world: World, draft: FlowVersion
) -> None:
    with_notice(draft, "owner")
    publish(draft, by=by(world.olga), at=timezone.now(), reason="Ready")
    desk, action = signed_in(world.olga), draft.actions.get(kind=TELL)

    shown = words(desk.get(page_of(action)))

    assert "Look at {deal.name}" in shown
    assert "published and read-only" in shown
    assert desk.post(page_of(action), {"position": "9", "text": "x"}).status_code == 403


def test_a_file_of_several_actions_comes_back_with_the_same_bytes(
    world: World, draft: FlowVersion
) -> None:
    version = with_notice(draft, f"team:{world.team.pk}", "Look at {deal.name}\nToday")
    text = written(content_of(version))

    assert "actions:\n  - do: delivery.open_request\n  - do: routing.notify\n    with:" in text
    assert "to: team:North" in text
    file = read_flow_file(text.encode())
    made = keep_flow_file(file, by=by(world.olga), at=NOW, reason="Again", always=True)

    assert made is not None
    assert actions_of(made) == actions_of(version)
    assert written(content_of(made)) == text


def test_one_action_without_inputs_has_the_short_form_whichever_way_it_is_written(
    draft: FlowVersion,
) -> None:
    text = written(content_of(draft))
    other = text.replace(
        "action: delivery.open_request\n", "actions:\n  - do: delivery.open_request\n"
    )
    assert other != text

    assert written(read_flow_file(other.encode()).content) == text


@pytest.mark.parametrize(
    ("was", "now", "path"),
    [
        ("do: routing.notify", "do: routing.notfy", "actions.1.do"),
        ("to: team:North", "to: team:Nroth", "actions.1.with.to"),
        ("      text:", "      txet:", "actions.1.with.txet"),
    ],
)
def test_a_bad_action_names_its_line(
    world: World, draft: FlowVersion, was: str, now: str, path: str
) -> None:
    text = written(content_of(with_notice(draft, f"team:{world.team.pk}")))
    assert was in text
    line = text[: text.index(was)].count("\n") + 1

    with pytest.raises(BadFlowFile) as caught:
        keep_flow_file(
            read_flow_file(text.replace(was, now).encode()), by=by(world.olga), at=NOW, reason=""
        )

    assert (line, path) in {(each.line, each.path) for each in caught.value.faults}


def test_an_action_that_lacks_an_input_or_can_never_run_is_found(
    world: World, draft: FlowVersion
) -> None:
    draft.actions.all().delete()
    keep_actions(draft, [ActionSpec(ASK, {"question": "Why?"}), ActionSpec(TELL, {"to": "owner"})])
    version = FlowVersion.objects.get(pk=draft.pk)

    assert [(each.code, each.place) for each in action_faults(version)] == [
        ("action_never_runs", 0),
        ("action_lacks_input", 1),
    ]
    codes = {each.code for each in lint_findings(version)}
    assert {"action_never_runs", "action_lacks_input"} <= codes
    with pytest.raises(NotPublishable, match="can never run"):
        publish(version, by=by(world.olga), at=NOW, reason="Ready")
    text = written(content_of(version))
    lines = text.splitlines()
    [never] = [each for each in lint_file(text.encode(), at=NOW) if "never" in each.code]
    assert ASK in lines[never.line - 1]


def test_a_personal_field_in_an_action_is_refused(world: World, draft: FlowVersion) -> None:
    version = with_notice(draft, "owner", "Call {contact.name}")

    with pytest.raises(NotPublishable, match="personal"):
        publish(version, by=by(world.olga), at=NOW, reason="Ready")


def test_differences_say_in_words_what_an_action_does_and_how_far_it_reaches(
    world: World, draft: FlowVersion
) -> None:
    told = standing_of(with_notice(draft, "owner"))
    [change] = told.changes
    assert (change.path, told.highest) == ("actions[routing.notify]", ChangeClass.ROUTING)
    said = change_words(change)
    assert said.what == "action “Notify”"
    assert said.now == "Notify; To: Owner of the work; Message: Look at {deal.name}"

    keep_actions(draft, [ActionSpec(ASK, {"question": "Why?"})])
    assert standing_of(draft).highest == ChangeClass.OUTSIDE_EFFECT


@pytest.mark.requirement("G18")
def test_the_map_and_the_catalogue_know_what_actions_may_change(draft: FlowVersion) -> None:
    version = with_notice(draft, "owner")

    [stop] = [each for each in map_of(version.flow, version) if each.title == "Actions"]

    assert stop.lines[1] == "2. Notify. To: Owner of the work. Message: Look at {deal.name}"
    assert changes_of(version) == [
        "Throughline: requests and briefs",
        "Throughline: notes and notifications",
    ]
    assert stop.lines[-1].endswith("; ".join(changes_of(version)))
