"""Faults of the site while an approved page is published."""

from __future__ import annotations

from delivery.models import Answer, Deliverable
from demo.drills.deals import decided as in_delivery
from demo.drills.deals import make, outcomes, post_until_kept
from demo.drills.registry import DrillField, drill
from demo.walkthrough.agree import agree, take_on
from demo.walkthrough.decay import look
from demo.walkthrough.lack import decided
from demo.walkthrough.make import client_says, hand_in, page_draft, picture, reviewed, start
from demo.walkthrough.play import FIRST, page_plan
from demo.walkthrough.publish import proven
from demo.walkthrough.walk import WORKER, fresh
from integrations.models import Outbound
from integrations.publishing.publish import object_of
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase, Outcome

LATE_S = 14.0  # longer than a call may take
BY_HAND = " Somebody wrote this by hand."


def approvable_page(field: DrillField, name: str) -> Deliverable:
    """Return a page that waits for nothing but the client's approval."""
    walk = field.walk
    make(field, name)
    post_until_kept(field)
    in_delivery(field, walk.job)
    decided(walk)
    take_on(walk)
    [page] = agree(walk, [page_plan(walk)])
    start(walk, page)
    hand_in(walk, page, page_draft(walk, picture(walk), FIRST))
    reviewed(walk, page)
    return page


def _published_through(field: DrillField, name: str, *faults: str, within_s: float = 150) -> None:
    """Publish a page while its site has these faults, and count what the site has at the end."""
    page = approvable_page(field, name)
    with field.fault(field.walk.site.faults.waiting.clear):
        for fault in faults:
            field.walk.site.faults.add(fault)
        sent = _approved(field, page, within_s)
    field.count("attempts", outcomes(sent), holds=sent.state == Outbound.State.DELIVERED)
    _one_post(field, page)
    row = fresh(page)
    field.count("state", row.state, holds=row.state == Deliverable.State.LIVE)


def _approved(field: DrillField, page: Deliverable, within_s: float) -> Outbound:
    client_says(field.walk, page, Answer.Word.APPROVE.value)
    mine = Outbound.objects.filter(item=page.item_id, verb="publish")
    return field.walk.transcript.wait(
        "the page was sent to the site",
        mine.exclude(state__in=Outbound.workable).first,
        within_s,
        WORKER,
    )


def _one_post(field: DrillField, page: Deliverable) -> None:
    posts = field.walk.site.posts(object_of(page))
    field.count("posts_with_our_mark", len(posts), holds=len(posts) == 1)


@drill(1, about_s=40)
def answer_lost(field: DrillField) -> None:
    """The site does what it was asked, and its answer is lost."""
    _published_through(field, "Answer lost", "lost", "lost")


@drill(2, about_s=40)
def bad_gateway_after_commit(field: DrillField) -> None:
    """The site does what it was asked, and a proxy answers 502."""
    _published_through(field, "Bad gateway", "502", "502")


@drill(3, about_s=40)
def truncated_answer(field: DrillField) -> None:
    """The site does what it was asked, and its answer ends in the middle."""
    _published_through(field, "Truncated", "cut", "cut")


@drill(4, about_s=90)
def answer_too_late(field: DrillField) -> None:
    """The site does what it was asked after we stopped waiting."""
    field.walk.site.faults.slow_s = LATE_S
    _published_through(field, "Too late", "slow")


@drill(6, about_s=60)
def maintenance_page(field: DrillField) -> None:
    """The site answers with a page of maintenance and status 200."""
    _published_through(field, "Maintenance", "maintenance", "maintenance")


@drill(14, about_s=60)
def edited_by_hand(field: DrillField) -> None:
    """Somebody edits a live page at the site: we say so, and leave it alone."""
    page = _live(field, "Edited")
    [post] = field.walk.site.posts(object_of(page))
    with field.fault():
        # Our mark stays in the text, as it does when a person uses the editor.
        field.walk.site.write(post, post.content.replace("</p>", BY_HAND + "</p>", 1))
        _decayed(field, page)
    [after] = field.walk.site.posts(object_of(page))
    field.count("left_alone", BY_HAND in after.content, holds=BY_HAND in after.content)


@drill(15, about_s=60)
def deleted_there(field: DrillField) -> None:
    """Somebody deletes a live page at the site: we say so, and do not make it again."""
    page = _live(field, "Deleted")
    [post] = field.walk.site.posts(object_of(page))
    with field.fault():
        field.walk.site.delete(post)
        _decayed(field, page)
    posts = len(field.walk.site.posts(object_of(page)))
    field.count("posts_with_our_mark", posts, holds=posts == 0)


def _live(field: DrillField, name: str) -> Deliverable:
    page = approvable_page(field, name)
    sent = _approved(field, page, 120)
    field.count("published", sent.state, holds=sent.state == Outbound.State.DELIVERED)
    proven(field.walk, page)
    return fresh(page)


def _decayed(field: DrillField, page: Deliverable) -> None:
    """Look at the page twice, and count the exception that says what is wrong."""
    outcome = Outcome.objects.get(item=page.item_id, kind=Outcome.Kind.LIVE)
    look(field.walk, outcome)
    field.walk.transcript.wait(
        "the first look finds a difference", lambda: fresh(outcome).failures, 60, WORKER
    )
    look(field.walk, outcome)
    field.walk.transcript.wait(
        "the second look confirms it",
        lambda: fresh(outcome).state == Outcome.State.DECAYED,
        60,
        WORKER,
    )
    cases = ExceptionCase.objects.filter(
        item__parent=page.item_id, reason=Reason.OUTCOME_DECAYED
    ).count()
    field.count("exceptions", cases, holds=cases == 1)
