"""Messages after a step: what it led to, what comes next, and what happened meanwhile."""

from __future__ import annotations

import pytest

from delivery.approvals.operations import deliverables
from delivery.deliverables.operations import versions
from delivery.models import Approval, Check, Deliverable, Request
from delivery.requests.operations import requests
from tests.delivery.making import DRAFT, done, fresh, hand_in, make_deliverables, question
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")
FORBIDDEN = ("Welcome", "Page", "To", "Our", "New")


@pytest.fixture
def failing(world: World) -> Deliverable:
    """In production, with a version at which five checks fail."""
    for word in FORBIDDEN:
        Check.objects.create(name=f"No {word}", kind="forbidden_terms", params={"terms": [word]})
    [page] = make_deliverables(world)
    done(deliverables.start([page.pk], by=by(world.cora), at=NOW))
    body = f"<h2>{' '.join(FORBIDDEN)}</h2><p>Text.</p>"
    draft = versions.Draft({**DRAFT.texts, "body_html": body})
    done(versions.upload([page.pk], by=by(world.cora), at=NOW, details=draft))
    return fresh(page)


@pytest.mark.requirement("Q6")
def test_work_that_its_checks_returned_is_not_called_done_g6(
    world: World, failing: Deliverable
) -> None:
    page = signed_in(world.cora).post(url(Deliverable, "step", failing.pk, "submit"), follow=True)

    assert fresh(failing).state == Deliverable.State.REWORK
    text = words(page)
    assert f"{failing.item.ref}: Returned for rework: 5 checks failed: No Welcome" in text
    assert "Submit for QA done." not in text


def test_a_bulk_step_says_which_rows_were_returned_g6(world: World, failing: Deliverable) -> None:
    page = signed_in(world.cora).post(
        url(Deliverable, "bulk", "submit"), {"ids": [failing.pk], "reason": ""}
    )

    [line] = page.context["lines"]
    assert "5 checks failed" in line.said
    assert "One of them was returned, as its line says." in words(page)


def test_a_step_says_the_new_state_and_the_next_step_g6(world: World) -> None:
    row = make_request(world.acme)

    page = signed_in(world.alice).post(url(Request, "step", row.pk, "triage"), follow=True)

    assert f"{row.item.ref}: Triage done. It is now “Triaged”. Next: Accept." in words(page)


def test_a_step_says_whose_turn_it_is_now_and_who_was_notified(world: World) -> None:
    """G6: what comes next is said also where it is not the reader's turn, or no state changed."""
    row = make_request(world.acme)
    ref = row.item.ref
    pair = {"owner": world.bob.pk, "backup": world.alice.pk, "reason": "Bob <knows> it."}

    page = signed_in(world.olga).post(url(Request, "step", row.pk, "hand_over"), pair, follow=True)
    held = signed_in(world.olga).post(
        url(Request, "step", row.pk, "hold"), {"reason": "Wait"}, follow=True
    )

    text = words(page)
    assert f"{ref}: Reassign done. Waits for Bob to triage the request since " in text
    assert "Notified: Bob, Alice." in text
    assert f"{ref}: Put on hold done. On hold since " in words(held)


def test_a_part_that_has_ended_says_what_its_whole_waits_for(world: World) -> None:
    """G6: “Nothing is left to do” was said of an approval after which the client must be asked."""
    [page] = make_deliverables(world)
    hand_in(world, page)
    approval = question(page)

    answer = signed_in(world.bob).post(
        url(Approval, "step", approval.pk, "approve"), {"digest": approval.digest}, follow=True
    )

    text = words(answer)
    assert f"{approval.item.ref}: Approve done. It is now “Approved”." in text
    assert f"{page.item.ref}: Waits for Alice to ask the client about version 1 since" in text
    assert "Notified: Alice" in text
    assert "Nothing is left to do" not in text


def test_a_stale_step_says_what_happened_by_whom_and_draws_the_buttons_anew_e5(
    world: World,
) -> None:
    row = make_request(world.acme, Request.State.TRIAGED)
    done(requests.reject([row.pk], by=by(world.bob), at=NOW, reason="Not ours."))
    browser = signed_in(world.alice)

    late = browser.post(url(Request, "step", row.pk, "accept"))
    looked = browser.get(url(Request, "step", row.pk, "accept"))

    assert late.status_code == 409
    text = words(late)
    assert "Accept: This was refused. Nothing has changed. Not allowed in this state. Bob " in text
    assert "(Triaged → " in text
    offered = [offer.step.verb for offer in (late.context["panel"].first,) if offer]
    assert "accept" not in offered
    assert "Bob " in words(looked)


def test_a_stale_step_keeps_what_was_entered_e5(world: World) -> None:
    row = make_request(world.acme)
    done(requests.cancel([row.pk], by=by(world.bob), at=NOW, reason="Called off."))

    late = signed_in(world.alice).post(
        url(Request, "step", row.pk, "cancel"), {"reason": "They have no budget."}
    )

    assert "You entered: “They have no budget.”" in words(late)


def test_the_same_version_again_is_refused_g5(world: World, failing: Deliverable) -> None:
    body = f"<h2>{' '.join(FORBIDDEN)}</h2><p>Text.</p>"
    same = versions.Draft({**DRAFT.texts, "body_html": body})
    hand_in_again = by(world.cora)

    for state in (Deliverable.State.IN_PRODUCTION, Deliverable.State.REWORK):
        assert fresh(failing).state == state
        [result] = versions.upload([failing.pk], by=hand_in_again, at=NOW, details=same)
        assert not result.done
        assert "Nothing differs from version 1." in str(result.refusals[0].evidence)
        deliverables.submit([failing.pk], by=hand_in_again, at=NOW)
    assert fresh(failing).versions.count() == 1


def test_a_version_that_no_reader_can_tell_from_the_one_before_is_refused_g5(
    world: World, failing: Deliverable
) -> None:
    """Other spaces between tags, a comment, an attribute that is left out, and names twice."""
    forbidden = " ".join(FORBIDDEN)
    body = f"\n<h2 onclick='x'> {forbidden}</h2>\n\n<!-- c --><P>Text.\n</P>"
    same = versions.Draft({**DRAFT.texts, "title": "Hello ", "body_html": body})
    code = versions.Draft({**DRAFT.texts, "body_html": f"{body}<pre>a  b</pre>"})
    shorter = versions.Draft({**DRAFT.texts, "body_html": f"{body}<pre>a b</pre>"})

    def upload(draft: versions.Draft) -> bool:
        [result] = versions.upload([failing.pk], by=by(world.cora), at=NOW, details=draft)
        return result.done

    assert not upload(same)
    assert upload(code)
    assert upload(shorter)


def test_the_version_that_was_returned_cannot_come_back_g5(
    world: World, failing: Deliverable
) -> None:
    deliverables.submit([failing.pk], by=by(world.cora), at=NOW)
    body = f"<h2>{' '.join(FORBIDDEN)}</h2><p>Text.</p>"
    returned = versions.Draft({**DRAFT.texts, "body_html": body})

    done(versions.upload([failing.pk], by=by(world.cora), at=NOW, details=DRAFT))
    [result] = versions.upload([failing.pk], by=by(world.cora), at=NOW, details=returned)

    assert not result.done
    assert "Nothing differs from version 1." in str(result.refusals[0].evidence)
