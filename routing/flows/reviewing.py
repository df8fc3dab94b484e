"""Answer the questions of a review, settle what was answered with “no”, and close it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.flow_people import PUBLISH
from routing.flows.models import Flow, FlowVersion
from routing.flows.operations import begin
from routing.flows.review import FlowReview, ReviewAnswer
from routing.flows.review_questions import QUESTION_OF, QUESTIONS
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.people.staff import User
from routing.sla.calendars import agency_zone
from routing.work.door import Operation, OperationResult, carry, move, operation
from routing.work.gates import GateContext, GateResult, passed, refused
from routing.work.visibility import work_seen_by

ANSWER_REVIEW = "routing.add_reviewanswer"
NEXT_REVIEW_AFTER = timedelta(days=90)  # unless the flow has a date, or a waiver ends earlier
LONGEST_PROMISE = timedelta(days=366)
Settlement = ReviewAnswer.Settlement

for _model in ("flowreview", "reviewsample", "reviewanswer"):
    grant(f"routing.view_{_model}", AM, QA, OPS, INTEGRATIONS, AUDITOR)
# Those who may own work, because only they can be policy owners.
grant("routing.add_flowreview", AM, QA, OPS, INTEGRATIONS)
grant(ANSWER_REVIEW, AM, QA, OPS, INTEGRATIONS)


class NotAnswered(ValueError):
    """The answer was refused, and nothing was changed. ``code`` names the reason."""

    def __init__(self, code: str, message: str, clears_by: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.clears_by = clears_by or _("You")


@dataclass(frozen=True, slots=True)
class SettlementDetails:
    """
    The settlement of a “no”.

    ``number`` is that of the version with the change, None for the newest draft, or a new one.
    ``owner_id`` is the person of a check or a waiver, and ``until`` its last day.
    """

    settled_by: str
    number: int | None = None
    owner_id: int | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """Questions that keep a review from being closed, and the ids of those who may close it."""

    unanswered: tuple[str, ...]
    unsettled: tuple[str, ...]
    people: frozenset[int]


def reviews_seen_by(by: Actor) -> QuerySet[FlowReview]:
    """Return the reviews that an actor may see."""
    seen = work_seen_by(by).order_by().values("pk")
    return FlowReview.objects.filter(item__in=seen)


def is_reviewer(review: FlowReview, by: Actor) -> bool:
    """Return whether an actor may answer and close a review: its people, those of its flow, or
    somebody who may publish flows."""
    return by.may(PUBLISH) or by.user_id in _people_of(review)


def _people_of(review: FlowReview) -> frozenset[int]:
    flow, item = review.flow, review.item
    named = (item.owner_id, item.backup_id, flow.owner_id, flow.backup_id)
    return frozenset(each for each in named if each is not None)


def answers_of(reviews: Iterable[FlowReview]) -> Mapping[int, Mapping[str, ReviewAnswer]]:
    """Return the answers that count, by review id and question, in one query."""
    found: dict[int, dict[str, ReviewAnswer]] = defaultdict(dict)
    rows = ReviewAnswer.objects.filter(review__in=[each.pk for each in reviews])
    for row in rows.select_related("answered_by", "owner", "version__flow").order_by("pk"):
        found[row.review_id][row.key] = row
    return found


def answer_question(
    review: FlowReview,
    key: str,
    *,
    yes: bool,
    by: Actor,
    at: datetime,
    reason: str = "",
    settlement: SettlementDetails | None = None,
) -> ReviewAnswer:
    """
    Answer a question of a review. An earlier answer to it is kept and counts no longer.

    A “no” needs a reason. It can be settled at once, or by another answer later.

    :raises LookupError: if there is no such question
    :raises PermissionDenied: if ``by`` may not answer, or may not begin the draft that is asked for
    :raises NotAnswered: if the review is closed or on hold, or something is missing
    """
    if key not in QUESTION_OF:
        raise LookupError(key)
    by.require(ANSWER_REVIEW, to="answer reviews of flows")
    with transaction.atomic():
        # Locked, so that it cannot be closed on the word of an answer that is being replaced.
        rows = FlowReview.objects.select_for_update(of=("self",), no_key=True)
        review = rows.select_related("item", "flow", "version").get(pk=review.pk)
        if not is_reviewer(review, by):
            raise PermissionDenied(f"{by.name} neither answers for {review.flow} nor publishes.")
        _require_answerable(review, yes=yes, reason=reason, settlement=settlement)
        row = ReviewAnswer(
            review=review, key=key, is_yes=yes, reason=reason, answered_by_id=by.user_id, at=at
        )
        if settlement is not None:
            _settle(row, settlement, by, at)
        row.save()
        said = row.reason if row.is_yes else f"{row.reason} {row.get_settled_by_display()}".strip()
        words = _("%(question)s %(answer)s")
        values = {"question": QUESTION_OF[key].words, "answer": _("Yes.") if yes else _("No.")}
        _record(review, " ".join([words % values, said]).strip(), by, at)
    return row


def _record(review: FlowReview, reason: str, by: Actor, at: datetime) -> None:
    """:raises NotAnswered: if somebody else just changed the review"""
    [result] = carry(take_answer, [review.pk], by=by, at=at, reason=reason)
    if not result.done:
        first = result.refusals[0]
        raise NotAnswered(first.code, str(first.message), str(first.clears_by))


def _require_answerable(
    review: FlowReview, *, yes: bool, reason: str, settlement: SettlementDetails | None
) -> None:
    """:raises NotAnswered: if it is closed, or the answer is not complete"""
    if not review.is_open:
        raise NotAnswered("closed", _("This review is closed."), _("Nobody. Draw another review"))
    if not yes and not reason.strip():
        raise NotAnswered("reason", _("Enter a reason for the “no”."))
    if yes and settlement is not None:
        raise NotAnswered("not_a_no", _("Only a “no” is settled."))


def _settle(row: ReviewAnswer, given: SettlementDetails, by: Actor, at: datetime) -> None:
    """:raises NotAnswered: if the settlement is not complete"""
    row.settled_by = Settlement(given.settled_by)
    if row.settled_by == Settlement.RULE:
        row.version = _version_with_change(row, given.number, by, at)
        return
    today = at.astimezone(agency_zone()).date()
    if not User.objects.staff().filter(pk=given.owner_id or 0).exists():
        raise NotAnswered("owner", _("Name an active person of the agency who answers for it."))
    if given.until is None or not today < given.until <= today + LONGEST_PROMISE:
        raise NotAnswered("until", _("Enter a day within the next 366 days."))
    row.owner_id, row.until = given.owner_id, given.until


def _version_with_change(
    row: ReviewAnswer, number: int | None, by: Actor, at: datetime
) -> FlowVersion:
    """
    Return the version that changes the rule: the one of this number, the newest draft, or a new
    draft.
    """
    review = row.review
    later = FlowVersion.objects.filter(flow=review.flow_id, number__gt=review.version.number)
    if number is None:
        draft = later.filter(published_at=None).order_by("-number").first()
        return draft or begin(review.flow, by=by, at=at, reason=row.reason)
    named = later.filter(number=number).first()
    if named is None:
        words = _("%(flow)s has no version %(number)s after %(version)s.")
        values = {"flow": review.flow, "number": number, "version": review.version}
        raise NotAnswered("version", words % values)
    return named


# -- Closing ---------------------------------------------------------------------------------------


def review_facts(
    rows: Sequence[FlowReview], by: Actor, at: datetime, details: object
) -> Mapping[int, ReviewFacts]:
    given = answers_of(rows)
    flows = Flow.objects.in_bulk([row.flow_id for row in rows])
    found = {}
    for row in rows:
        row.flow = flows[row.flow_id]
        mine = given[row.pk]
        found[row.pk] = ReviewFacts(
            tuple(str(each.words) for each in QUESTIONS if each.key not in mine),
            tuple(
                str(each.words)
                for each in QUESTIONS
                if each.key in mine and not mine[each.key].is_settled
            ),
            _people_of(row),
        )
    return found


def is_its_reviewer(row: FlowReview, context: GateContext) -> GateResult:
    """Refuses people who neither answer for the flow nor may publish flows."""
    facts: ReviewFacts = context.facts[row.pk]
    if context.by.may(PUBLISH) or context.by.user_id in facts.people:
        return passed("reviewer", _("You can close this review."))
    return refused(
        "reviewer",
        _("You neither answer for this flow nor may publish flows."),
        clears_by=str(row.item.owner),
    )


def is_answered(row: FlowReview, context: GateContext) -> GateResult:
    """Refuses a review with a question that has no answer."""
    facts: ReviewFacts = context.facts[row.pk]
    if not facts.unanswered:
        return passed("unanswered", _("Every question is answered."))
    return refused(
        "unanswered",
        _("Answer every question first."),
        evidence=" ".join(facts.unanswered),
        clears_by=str(row.item.owner),
    )


def is_settled(row: FlowReview, context: GateContext) -> GateResult:
    """Refuses a review with a “no” that became neither a change, a check nor a waiver."""
    facts: ReviewFacts = context.facts[row.pk]
    if not facts.unsettled:
        return passed("unsettled", _("Every “no” is settled."))
    return refused(
        "unsettled",
        _("Settle every “no” first: by a draft, a new check or a waiver."),
        evidence=" ".join(facts.unsettled),
        clears_by=str(row.item.owner),
    )


def _close_answered(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Close reviews while nobody can answer again, and set the review dates of their flows."""
    with transaction.atomic():
        rows = FlowReview.objects.filter(pk__in=ids).order_by("pk")
        list(rows.select_for_update(of=("self",), no_key=True))
        results = move(step, ids, by=by, at=at, reason=reason)
        for result in results:
            if result.done:
                _note_in_flow(result.row, by, at)
        return results


def _note_in_flow(review: FlowReview, by: Actor, at: datetime) -> None:
    """Set the last review of the flow, and the next one by which the first promise ends."""
    today = at.astimezone(agency_zone()).date()
    flow = Flow.objects.select_for_update(of=("self",), no_key=True).get(pk=review.flow_id)
    days = [today + NEXT_REVIEW_AFTER]
    if flow.next_review is not None and flow.next_review > today:
        days = [flow.next_review]
    given = answers_of([review])[review.pk].values()
    days += [each.until for each in given if each.until is not None and each.until > today]
    flow.last_review, flow.next_review = today, min(days)
    save_with_reason(flow, by=by, at=at, reason=_("Reviewed: %(ref)s") % {"ref": review.item.ref})


@dataclass(frozen=True, slots=True)
class DrawDetails:
    """``seed`` is that of the new sample."""

    seed: int


close_review = operation(
    FlowReview,
    "close",
    gettext_lazy("Close the review"),
    done=gettext_lazy("%(who)s closed the review"),
    may=(AM, QA, OPS, INTEGRATIONS),
    gates=(is_its_reviewer, is_answered, is_settled),
    facts=review_facts,
    run=_close_answered,
)
draw_again = operation(
    FlowReview,
    "draw_again",
    gettext_lazy("Choose another sample"),
    done=gettext_lazy("%(who)s chose another sample"),
    system=True,
    details=DrawDetails,
)
take_answer = operation(
    FlowReview,
    "take_answer",
    gettext_lazy("Answer a question"),
    done=gettext_lazy("%(who)s answered a question of the review"),
    system=True,
)
remind = operation(
    FlowReview,
    "remind",
    gettext_lazy("Remind"),
    done=gettext_lazy("%(who)s reminded its people of the review"),
    system=True,
    through_hold=True,
)
