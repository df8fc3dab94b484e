"""
Act 6: somebody changes the live page by hand.

The change is noticed and the run opens again. It closes when the page is restored.
"""

from __future__ import annotations

from delivery.models import Deliverable
from demo.walkthrough.people import by
from demo.walkthrough.publish import complete, proven
from demo.walkthrough.walk import WORKER, Walk, fresh, now, where
from integrations.publishing.publish import object_of
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase, Outcome, Run
from routing.runs.operations.outcomes import probe_now


def decay(walk: Walk, page: Deliverable, words: str) -> None:
    """:param words: a text of the page"""
    transcript, [post] = walk.transcript, walk.site.posts(object_of(page))
    outcome = Outcome.objects.get(item=page.item_id, kind=Outcome.Kind.LIVE)
    walk.site.write(post, post.content.replace(words, "Somebody else wrote this"))
    transcript.note(f"A person at the site changes the text of post {post.id}.", page.live_url)
    look(walk, outcome)
    transcript.wait(
        "the probe finds it changed: once is not yet enough",
        lambda: fresh(outcome).failures or _state(outcome, "decayed"),
        60,
        WORKER,
    )
    look(walk, outcome)
    transcript.wait(
        "a second probe finds the same, so the outcome no longer holds",
        lambda: _state(outcome, Outcome.State.DECAYED),
        60,
        WORKER,
    )
    run = fresh(walk.job.run)
    transcript.check(
        run.state == Run.State.AWAITING_OUTCOME, f"run {run.item.ref} is open again", run.state
    )
    case = ExceptionCase.objects.select_related("item__owner").get(
        item__parent=page.item_id, reason=Reason.OUTCOME_DECAYED, item__is_open=True
    )
    transcript.check(case.item.owner_id, f"{case.item.owner} gets exception {case.item.ref}")
    transcript.note(" ".join(fresh(outcome).evidence.get("differences", ())), where(case.item))
    walk.site.write(post, post.content)
    transcript.note("The person restores it.")
    look(walk, outcome)
    proven(walk, page)
    complete(walk)
    transcript.check(
        not fresh(case).is_open, f"{case.item.ref} is resolved by that", fresh(case).state
    )


def look(walk: Walk, outcome: Outcome) -> None:
    who = walk.cast.account
    walk.transcript.done(probe_now([outcome.pk], by=by(who), at=now()), f"{who} presses “Look now”")


def _state(outcome: Outcome, state: str) -> bool:
    return bool(fresh(outcome).state == state)
