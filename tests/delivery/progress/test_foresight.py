"""B3: what else a step ends or charges is shown before it is taken."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.approvals.operations import deliverables
from delivery.briefs.details import WriteBriefDetails
from delivery.briefs.operations import first_briefs
from delivery.models import Brief, Deliverable, Engagement, Request
from delivery.requests.operations import requests
from integrations.outbox.enqueue import NewMessage, enqueue
from routing.kernel.reasons import Reason
from routing.models import Client, Outcome, Run, WorkItem
from routing.people.actors import Actor
from routing.runs.operations import outcomes, runs
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.work.door import Operation
from routing.work.foresight import consequences
from routing.work.operations import items
from tests.delivery.making import (
    done,
    fresh,
    hand_in,
    make_brief,
    make_deliverables,
    make_engagement,
    question,
    record_request,
    with_the_client,
)
from tests.desk import signed_in, url, words
from tests.integrations.inbox.senders import make_connection
from tests.world import NOW, World, by, make_client, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")


def accepted(world: World) -> Request:
    request = record_request(world, title="A shop", details="With a basket")
    done(requests.triage([request.pk], by=by(world.alice), at=NOW))
    done(requests.accept([request.pk], by=by(world.alice), at=NOW))
    return fresh(request)


def told(step: Operation[Any], row: Any) -> dict[str, int]:
    return {str(each.label): each.count for each in consequences(step, [row])}


def ended_by(step: Operation[Any], row: Any, world: World) -> set[int]:
    """The work that the step really ends, beside its own."""
    before = set(WorkItem.objects.filter(is_open=True).values_list("pk", flat=True))
    done(step([row.pk], by=by(world.olga), at=NOW, reason="Called off"))
    after = set(WorkItem.objects.filter(is_open=True).values_list("pk", flat=True))
    return before - after - {row.item_id}


def test_cancelling_names_everything_that_it_really_ends(world: World) -> None:
    request = accepted(world)
    [page] = make_deliverables(world, request=request)
    page = hand_in(world, page)
    outcomes.expect([page.item], Outcome.Kind.LIVE, by=Actor.system(), at=NOW)
    raise_exception(ExceptionFinding(Reason.NO_ANSWER, {}, item=page.item), at=NOW)
    send_message(world, page)
    shown = consequences(requests.cancel, [fresh(request)])
    found = told(requests.cancel, fresh(request))

    ended = ended_by(requests.cancel, request, world)

    assert found == {
        "Runs": 1,
        "Deliverables": 1,
        "Approvals": 1,
        "Exceptions": 1,
        "Proofs that are no longer expected": 1,
        "Outbox messages that are not sent": 1,
    }
    names = {name for each in shown for name in each.names}
    for item in WorkItem.objects.filter(pk__in=ended):
        assert str(item) in names


def test_a_run_ends_its_request_and_a_draft_too(world: World) -> None:
    request = accepted(world)
    make_brief(world, request=request)
    run = Run.objects.get(work=request.item)
    found = told(runs.cancel, run)

    ended = ended_by(runs.cancel, run, world)

    assert found == {"Requests": 1, "Briefs": 1}
    assert len(ended) == 2


def test_a_deliverable_ends_its_question(world: World) -> None:
    [page] = make_deliverables(world)
    page = hand_in(world, page)

    found = told(deliverables.cancel, page)

    assert found == {"Approvals": 1}
    assert len(ended_by(deliverables.cancel, page, world)) == 1


def test_a_hold_and_its_end_name_the_parts_that_go_along_b3(world: World) -> None:
    request = accepted(world)
    one, two = make_deliverables(
        world,
        request=request,
        planned=[{"key": key, "title": key, "format": "page"} for key in ("one", "two")],
    )
    done(items.hold([two.item_id], by=by(world.alice), at=NOW, reason="Its own."))
    about = fresh(request).item

    assert told(items.hold, about) == {"Parts that are put on hold as well": 1}
    done(items.hold([about.pk], by=by(world.alice), at=NOW, reason="Budget."))
    assert fresh(one).item.held_at is not None
    assert told(items.resume, about) == {"Parts that are resumed as well": 1}
    page = signed_in(world.alice).get(url(Request, "step", request.pk, "resume"))
    assert one.item.ref in words(page).split("This also changes")[1]


def test_returning_a_version_names_the_question_about_it_b3(world: World) -> None:
    [page] = make_deliverables(world)
    page = with_the_client(world, page)

    assert told(deliverables.send_back, page) == {"Approvals that are withdrawn": 1}
    asked = question(page).item_id
    assert ended_by(deliverables.send_back, page, world) == {asked}


def test_nothing_below_says_nothing(world: World) -> None:
    assert told(requests.cancel, make_request(world.acme)) == {}


def test_the_page_of_cancel_shows_names_and_counts(world: World) -> None:
    request = accepted(world)
    brief = make_brief(world, request=request)

    page = words(signed_in(world.alice).get(url(Request, "step", request.pk, "cancel")))

    assert "This also changes:" in page
    assert "Briefs (1)" in page
    assert str(brief.item) in page


def test_the_page_for_many_shows_them_too(world: World) -> None:
    request = accepted(world)
    brief = make_brief(world, request=request)
    sent = {"action": "cancel", "_selected_action": [request.pk]}

    page = words(signed_in(world.alice).post(url(Request, "changelist"), sent))

    assert "Briefs (1)" in page
    assert str(brief.item) in page


def test_a_brief_is_charged_to_what_a_person_chose(world: World) -> None:
    request, sold = accepted(world), make_engagement(world, name="Retainer")
    browser = signed_in(world.alice)
    form = words(browser.get(url(Request, "step", request.pk, "write_brief")))
    path = url(Request, "step", request.pk, "write_brief")

    unchosen = words(browser.post(path, {"body": "A shop with a basket", "engagement": ""}))
    empty = words(browser.post(path, {"body": " ", "engagement": str(sold.pk)}))
    assert not Brief.objects.exists()
    browser.post(path, {"body": "A shop with a basket", "engagement": str(sold.pk)})

    assert "Retainer (" in form
    assert "Choose what the brief is charged to." in unchosen
    assert "Enter the brief text." in empty
    brief = Brief.objects.get()
    assert (brief.engagement, brief.body) == (sold, "A shop with a basket")


def test_a_brief_may_be_charged_to_nothing_and_never_to_another_clients(world: World) -> None:
    request = accepted(world)
    other: Client = make_client("OTH", world.team, world.alice, world.bob)
    theirs = Engagement.objects.create(client=other, name="Theirs")

    [refused] = first_briefs.write_brief(
        [request.pk], by=by(world.alice), at=NOW, details=WriteBriefDetails("Words", theirs.pk)
    )
    make_engagement(world)
    done(
        first_briefs.write_brief(
            [request.pk], by=by(world.alice), at=NOW, details=WriteBriefDetails("Words", None)
        )
    )

    assert [each.code for each in refused.refusals] == ["engagement"]
    assert Brief.objects.get().engagement is None


def send_message(world: World, page: Deliverable) -> None:
    message = NewMessage(
        make_connection("form", world).pk, "m", "page.publish", "page:1", item_id=page.item_id
    )
    enqueue([message], by=by(world.alice), at=NOW)
