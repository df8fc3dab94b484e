"""
Facts of gates from the approvals that the page of a deliverable shows.

The page shows them with their answers and with everybody who was asked. The gates of its own steps,
and those of the open approval on it, look at the same rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from delivery.approvals.admin.review_results import ApprovalAnswers, approvals_of
from delivery.approvals.asked import AskedState, states_from
from delivery.approvals.models import Answer, Approval, AskedPerson
from delivery.approvals.operations.approval_facts import approval_facts, facts_about
from delivery.approvals.operations.deliverable_facts import asked, asked_after
from delivery.deliverables.models import Deliverable
from routing.desk.offers import PageFacts
from routing.people.actors import Actor


def reviews(
    rows: Sequence[Deliverable], by: Actor, at: datetime, details: object
) -> Mapping[int, Sequence[ApprovalAnswers]]:
    """Load the approvals of each deliverable. A page has one."""
    return {row.pk: approvals_of(row, seen_by=by) for row in rows}


def share_reviews(page_row: Deliverable, known: PageFacts) -> None:
    """Make the facts about a page's deliverable and its approvals from its ``reviews``."""

    def found() -> Sequence[ApprovalAnswers]:
        loaded: Sequence[ApprovalAnswers] = known.of(reviews, [page_row])[page_row.pk]
        return loaded

    def about_deliverable(rows: Sequence[Deliverable]) -> Mapping[int, Any]:
        approvals = [each.approval for each in found()]
        return asked_after(rows, approvals, lambda pending: _states(found()))

    def about_approvals(rows: Sequence[Approval]) -> Mapping[int, Any]:
        authors = {each.approval.pk: each.approval.version.author_id for each in found()}
        return facts_about(rows, known.by, None, authors, _states(found()))

    known.instead(asked, about_deliverable)
    known.instead(approval_facts, about_approvals)


def _states(found: Collection[ApprovalAnswers]) -> Mapping[int, AskedState]:
    people: list[AskedPerson] = []
    answers: list[Answer] = []
    for each in found:
        people += each.asked
        answers += each.answers
    return states_from(people, answers)
