"""Work that is done by hand so far is listed, printed, and becomes a flow with what is known."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from routing.flows.stream_flows import FlowStart, NotStarted, start_flow
from routing.models import Flow, FlowVersion, ValueStream
from tests.desk import filled, signed_in, url, words
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("G1", "P11"),
]


@pytest.fixture
def stream(world: World) -> ValueStream:
    return ValueStream.objects.create(
        name="Monthly report",
        purpose="Tell each client what was done",
        begins_with="The first working day",
        outcome="The client opened it",
        decision_points=["Which figures to show"],
        known_failures=["Sent late", "Wrong month"],
        how_often="About 12 a month",
        owner=world.alice,
    )


def start(world: World, name: str = "Monthly report") -> FlowStart:
    return FlowStart(name, "Tell clients", "It was opened", world.olga, world.bob)


def test_a_stream_becomes_a_flow_once_with_what_is_known(world: World, stream: ValueStream) -> None:
    olga = by(world.olga)
    make_flow(world)
    with pytest.raises(NotStarted, match="Choose another name"):
        start_flow(stream.pk, start(world, "lead to Brief"), by=olga, at=NOW, reason="Often")
    with pytest.raises(PermissionDenied):
        start_flow(stream.pk, start(world), by=by(world.alice), at=NOW, reason="Often")

    draft = start_flow(stream.pk, start(world), by=olga, at=NOW, reason="Often")

    flow = draft.flow
    assert (flow.slug, flow.owner, flow.backup) == ("monthly-report", world.olga, world.bob)
    for known in ("The first working day", "- Which figures to show", "- Wrong month", "About 12"):
        assert known in flow.runbook
    assert (draft.number, draft.published_at) == (1, None)
    stream.refresh_from_db()
    assert stream.flow == flow
    assert not ValueStream.objects.not_automated().exists()
    with pytest.raises(NotStarted, match="was started from it already"):
        start_flow(stream.pk, start(world, "Another"), by=olga, at=NOW, reason="Again")


def test_a_lead_enters_one_and_starts_a_flow_from_it_at_the_desk(world: World) -> None:
    browser = signed_in(world.olga)
    add = url(ValueStream, "add")
    sent: dict[str, Any] = filled(browser.get(add)) | {
        "name": "Monthly report",
        "purpose": "Tell each client what was done",
        "decision_points": "Which figures\r\nWho signs",
        "how_often": "Monthly",
        "owner": world.alice.pk,
    }
    assert "decision_points" in browser.post(add, {**sent, "decision_points": ""}).content.decode()
    browser.post(add, sent)
    stream = ValueStream.objects.get()
    page = url(ValueStream, "start", stream.pk)
    assert stream.decision_points == ["Which figures", "Who signs"]
    assert page in browser.get(url(ValueStream, "change", stream.pk)).content.decode()
    assert "Not automated yet" in words(browser.get(url(ValueStream, "changelist")))

    form = browser.get(page).context["form"]
    made = browser.post(
        page,
        {
            **form.initial,
            "outcome": "The client opened it",
            "owner": world.olga.pk,
            "backup": world.bob.pk,
            "reason": "It takes two days",
        },
        follow=True,
    )

    draft = FlowVersion.objects.get(flow__name="Monthly report")
    assert made.redirect_chain[-1][0] == url(FlowVersion, "change", draft.pk)
    assert "Made Monthly report with its first draft" in words(made)
    assert "Automated" in words(browser.get(url(ValueStream, "change", stream.pk)))


def test_others_read_the_list_and_start_nothing(world: World, stream: ValueStream) -> None:
    browser = signed_in(world.alice)

    shown = browser.get(url(ValueStream, "change", stream.pk))

    assert "Wrong month" in words(shown)
    assert url(ValueStream, "start", stream.pk) not in shown.content.decode()
    assert browser.get(url(ValueStream, "start", stream.pk)).status_code == 403


def test_the_printed_catalogue_lists_what_is_not_automated(
    world: World, stream: ValueStream
) -> None:
    ValueStream.objects.create(
        name="Birthday cards",
        purpose="Joy",
        decision_points=["Who signs"],
        how_often="Rarely",
        owner=world.alice,
        stays_manual=True,
    )
    browser = signed_in(world.alice)

    document = words(browser.get(url(Flow, "catalogue")))

    assert "Not automated yet" in document
    for known in ("Monthly report", "Which figures to show", "Sent late", "About 12 a month"):
        assert known in document
    assert "Birthday cards" not in document
    listed = browser.get(url(Flow, "changelist")).content.decode()
    assert url(ValueStream, "changelist") in listed
