"""A review of a flow as an object and as text, for the command ``review``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routing.figures.of_reviews import measures_of
from routing.figures.spans import write_instant
from routing.flows.review import FlowReview, ReviewAnswer, ReviewSample
from routing.flows.review_questions import QUESTIONS
from routing.flows.reviewing import answers_of
from routing.people.actors import Actor
from routing.work.visibility import work_seen_by


def review_in_json(review: FlowReview, by: Actor) -> dict[str, Any]:
    """Return a review as the actor may see it. ``hidden`` counts sampled runs that they may not."""
    given, measures = answers_of([review])[review.pk], measures_of(review, by)
    rows = ReviewSample.objects.filter(review=review, seed=review.seed)
    seen = rows.filter(item__in=work_seen_by(by).order_by().values("pk"))
    sample = list(seen.order_by("place").values_list("stratum", "item__ref"))
    return {
        "id": review.pk,
        "ref": review.item.ref,
        "flow": review.flow.slug,
        "version": review.version.number,
        "cause": review.cause,
        "state": review.state,
        "owner": review.item.owner.email if review.item.owner else None,
        "backup": review.item.backup.email if review.item.backup else None,
        "due_at": write_instant(review.due_at),
        "seed": review.seed,
        "criteria_digest": review.criteria_digest,
        "criteria": list(review.version.criteria),
        "sample": [{"stratum": stratum, "ref": ref} for stratum, ref in sample],
        "hidden": rows.count() - len(sample),
        "questions": [
            {
                "key": each.key,
                "question": str(each.words),
                **_answer(given.get(each.key)),
                "measure": measures[each.key].as_json(),
            }
            for each in QUESTIONS
        ],
        "unanswered": [each.key for each in QUESTIONS if each.key not in given],
        "unsettled": [key for key, row in given.items() if not row.is_settled],
    }


def _answer(row: ReviewAnswer | None) -> dict[str, Any]:
    if row is None:
        return {"answer": None}
    return {
        "answer": "yes" if row.is_yes else "no",
        "reason": row.reason,
        "settled_by": row.settled_by or None,
        "version": row.version.number if row.version else None,
        "owner": row.owner.email if row.owner else None,
        "until": row.until.isoformat() if row.until else None,
        "answered_by": row.answered_by.email,
        "at": write_instant(row.at),
    }


def review_in_words(body: Mapping[str, Any]) -> str:
    """Return a review, as ``review_in_json`` has it, as lines for a person."""
    head = "{ref} (id {id}): {flow} v{version}, {state}, seed {seed}, due {due_at}"
    lines = [
        head.format_map(body),
        *(f"  {each['stratum']}: {each['ref']}" for each in body["sample"]),
    ]
    for each in body["questions"]:
        settled = f", {each['settled_by']}" if each.get("settled_by") else ""
        lines.append(f"  {each['key']}: {each['answer'] or 'not answered'}{settled}")
    return "\n".join(lines)
