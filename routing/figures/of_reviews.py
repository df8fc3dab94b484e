"""Figures of a flow before and after the publication that a review is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from routing.figures.catalogue import SEE_FIGURES, Figure, figures_called
from routing.figures.computing import FigureScope, FigureValue, narrowed, rows_of, value_of
from routing.figures.dimensions import FLOW
from routing.figures.spans import Span
from routing.flows.review import FlowReview
from routing.flows.review_measures import measure_words
from routing.flows.review_questions import QUESTIONS
from routing.people.actors import Actor

LONGEST = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class BeforeAndAfter:
    """A figure in two spans of the same length. ``before`` is None for one of this moment."""

    figure: Figure
    before: FigureValue | None
    after: FigureValue

    def as_json(self) -> dict[str, Any]:
        was = self.before
        return {
            "name": self.figure.name,
            "title": str(self.figure.title),
            "unit": self.after.unit,
            "before": was.value if was else None,
            "before_n": was.n if was else None,
            "after": self.after.value,
            "after_n": self.after.n,
            "why_null": self.after.why_null or None,
            "rows_url": self.after.rows_url,
        }


@dataclass(frozen=True, slots=True)
class QuestionMeasure:
    """Measures that help to answer a question: sentences of the system, and figures."""

    words: str
    figures: tuple[BeforeAndAfter, ...]

    def as_json(self) -> dict[str, Any]:
        return {"words": self.words, "figures": [each.as_json() for each in self.figures]}


def spans_of(review: FlowReview) -> tuple[Span, Span]:
    """
    Return the spans before and after the publication of the version, both equally long and at
    most 28 days. The one after ends when the review was prepared.
    """
    made: datetime = review.item.created_at
    published = review.version.published_at or made
    since = min(max(published, made - LONGEST), made)
    length = max(made - since, timedelta(seconds=1))
    return Span(published - length, published), Span(since, since + length)


def measures_of(review: FlowReview, actor: Actor) -> Mapping[str, QuestionMeasure]:
    """
    Return what helps to answer each question, by key, for the work that the actor may see.

    Somebody who may not see figures gets the sentences alone. Work of the demo and of walkthroughs
    counts as well, because the sample has it.
    """
    before, after = spans_of(review)
    scopes = [FigureScope.of(actor, span, apart=True) for span in (before, after)]
    said, found = measure_words(review), {}
    for question in QUESTIONS:
        names: Sequence[str] = question.figures if actor.may(SEE_FIGURES) else ()
        figures = figures_called(names) if names else []
        lines = tuple(_compared(figure, review.flow.slug, scopes) for figure in figures)
        found[question.key] = QuestionMeasure(said.get(question.key, ""), lines)
    return found


def _compared(figure: Figure, slug: str, scopes: Sequence[FigureScope]) -> BeforeAndAfter:
    by = {FLOW.name: slug}
    values = [
        value_of(figure, narrowed(rows_of(figure, scope), figure, scope, by), scope, by)
        for scope in scopes
    ]
    return BeforeAndAfter(figure, None if figure.is_now else values[0], values[1])
