"""Prepare the reviews of flows: when one is due, its sample, and the reminder when it is late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from hashlib import sha256

import structlog
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, QuerySet, Value, When
from django.utils.translation import gettext as _

from routing.flows.flow_people import PUBLISH
from routing.flows.models import Flow, FlowVersion, live_of
from routing.flows.review import FlowReview, ReviewAnswer, ReviewSample
from routing.flows.reviewing import DrawDetails, draw_again, remind
from routing.flows.sampling import draw_sample
from routing.kernel.canonical import json_digest
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionRoute
from routing.runs.models import Run
from routing.runs.owners import NobodyLeft, Place, Staff, owners_for
from routing.runs.stalled import is_set_up, is_stalled
from routing.sla.calendars import agency_zone
from routing.work.creation import create
from routing.work.door import carry
from routing.work.items import WorkItem
from routing.work.new_items import new_item

log = structlog.get_logger(__name__)
AFTER_PUBLICATION = timedelta(days=7)
# A version that was published before is not reviewed for it: an upgrade must not ask for years.
NOT_AFTER = timedelta(days=35)
TO_ANSWER = timedelta(days=7)
LOOKS_BACK = timedelta(days=365)  # of a review of a flow that was never reviewed
Stratum = ReviewSample.Stratum
SIZES: Mapping[str, int] = {Stratum.COMPLETED: 20, Stratum.STALLED: 5, Stratum.SET_UP: 5}
MOST_SEEDS = 2**31
Cause = FlowReview.Cause


class NotDrawn(ValueError):
    """No review was drawn, and nothing was changed. ``code`` names the reason."""

    def __init__(self, code: str, message: str, clears_by: str) -> None:
        super().__init__(message)
        self.code = code
        self.clears_by = clears_by


def prepare_reviews(*, at: datetime) -> list[FlowReview]:
    """
    Prepare every review that is due at ``at`` (aware), and return them.

    Each publication that was live on its seventh day has one, and each review date of a flow that
    is under no review. Workers at once prepare each review once.
    """
    made = [_prepared(version, Cause.PUBLICATION, None, at) for version in _published(at)]
    today = at.astimezone(agency_zone()).date()
    dated = Flow.objects.filter(next_review__lte=today)
    for flow in dated.exclude(reviews__state=FlowReview.State.OPEN).order_by("pk"):
        live = live_of(flow.pk)
        if live is not None:
            made.append(_prepared(live, Cause.DATE, flow.next_review, at))
    return [each for each in made if each is not None]


def _published(at: datetime) -> QuerySet[FlowVersion]:
    """Return the versions whose review is due and was not prepared."""
    superseded = FlowVersion.objects.filter(
        flow=OuterRef("flow"),
        number__gt=OuterRef("number"),
        published_at__lte=OuterRef("published_at") + AFTER_PUBLICATION,
    )
    reviewed = FlowReview.objects.filter(version=OuterRef("pk"), cause=Cause.PUBLICATION)
    since, until = at - NOT_AFTER, at - AFTER_PUBLICATION
    due = FlowVersion.objects.filter(published_at__gt=since, published_at__lte=until)
    return due.filter(~Exists(superseded), ~Exists(reviewed)).order_by("pk")


def _prepared(
    version: FlowVersion, cause: str, review_date: date | None, at: datetime
) -> FlowReview | None:
    """Prepare one review, unless another worker just did, or nobody is left to own it."""
    with transaction.atomic():
        flow = Flow.objects.select_for_update(of=("self",), no_key=True).get(pk=version.flow_id)
        same = FlowReview.objects.filter(flow=flow, cause=cause)
        same = same.filter(review_date=review_date) if review_date else same.filter(version=version)
        if same.exists():
            return None
        day = at.astimezone(agency_zone()).date()
        seed = usual_seed(version, day)
        try:
            return _draw(version, cause, review_date, seed, by=Actor.system(), at=at)
        except NobodyLeft:
            log.exception("nobody could own a review", action="prepare_review", flow=flow.slug)
            return None


def usual_seed(version: FlowVersion, day: date) -> int:
    """Return the seed of a sample for which nobody named one."""
    text = f"{version.flow.slug}@{version.number} {day.isoformat()}"
    return int.from_bytes(sha256(text.encode()).digest()[:8]) % MOST_SEEDS


def draw_by_hand(
    flow_id: int, *, by: Actor, at: datetime, seed: int | None = None, reason: str = ""
) -> FlowReview:
    """
    Return the open review of a flow, or draw one of its live version.

    With another seed than its own, the sample of an open review is drawn again, as long as nothing
    was answered. A seed that was drawn before has the sample that it had.

    :raises PermissionDenied: if ``by`` neither answers for the flow nor may publish flows
    :raises NotDrawn: if nothing is published, or a question was answered with another sample
    """
    by.require("routing.add_flowreview", to="draw reviews of flows")
    with transaction.atomic():
        flow = Flow.objects.select_for_update(of=("self",), no_key=True).get(pk=flow_id)
        if not (by.may(PUBLISH) or by.user_id in {flow.owner_id, flow.backup_id}):
            raise PermissionDenied(f"{by.name} neither answers for {flow} nor publishes flows.")
        rows = FlowReview.objects.filter(flow=flow, state=FlowReview.State.OPEN)
        review = rows.select_related("item", "flow", "version__flow").order_by("-pk").first()
        if review is not None:
            return _again(review, seed, by, at, reason)
        live = live_of(flow.pk)
        if live is None:
            words = _("%(flow)s has no published version.")
            raise NotDrawn("no_version", words % {"flow": flow}, _("Whoever may publish flows"))
        chosen = usual_seed(live, at.date()) if seed is None else seed
        return _draw(live, Cause.BY_HAND, None, chosen, by=by, at=at)


def _again(
    review: FlowReview, seed: int | None, by: Actor, at: datetime, reason: str
) -> FlowReview:
    """:raises NotDrawn: if a question was answered with another sample, or the step is refused"""
    if seed is None or seed == review.seed:
        return review
    if ReviewAnswer.objects.filter(review=review).exists():
        words = _("Questions of %(ref)s were answered with the sample of seed %(seed)s. Close it.")
        values = {"ref": review.item.ref, "seed": review.seed}
        raise NotDrawn("answered", words % values, str(review.item.owner))
    [result] = carry(
        draw_again, [review.pk], by=by, at=at, reason=reason, details=DrawDetails(seed)
    )
    if not result.done:
        first = result.refusals[0]
        raise NotDrawn(first.code, str(first.message), str(first.clears_by))
    review = FlowReview.objects.select_related("item", "flow", "version__flow").get(pk=review.pk)
    if not ReviewSample.objects.filter(review=review, seed=seed).exists():
        _write_sample(review, at)
    return review


def _draw(
    version: FlowVersion,
    cause: str,
    review_date: date | None,
    seed: int,
    *,
    by: Actor,
    at: datetime,
) -> FlowReview:
    """:raises NobodyLeft: if fewer than two people could own it"""
    flow = version.flow
    policy = Place.of(ExceptionRoute.Taker.POLICY.label, flow.owner_id, flow.backup_id)
    owners = owners_for([policy], Staff.at(at))
    item = new_item(
        _("Review of %(version)s") % {"version": version},
        owner_id=owners.owner_id,
        backup_id=owners.backup_id,
    )
    item.next_due_at = at + TO_ANSWER
    review = FlowReview(
        item=item,
        flow=flow,
        version=version,
        cause=cause,
        review_date=review_date,
        seed=seed,
        criteria_digest=json_digest(version.criteria),
        due_at=item.next_due_at,
    )
    [made] = create([review], by=by, at=at, reason=owners.why)
    _write_sample(made, at)
    return made


def _write_sample(review: FlowReview, at: datetime) -> None:
    drawn = draw_sample(_population(review, at), SIZES, review.seed)
    runs = WorkItem.objects.filter(ref__in=[each.key for each in drawn])
    ids = dict(runs.values_list("ref", "pk"))
    ReviewSample.objects.bulk_create(
        ReviewSample(
            review=review,
            seed=review.seed,
            stratum=each.stratum,
            place=place,
            item_id=ids[each.key],
        )
        for place, each in enumerate(drawn)
    )


def _population(review: FlowReview, at: datetime) -> Iterator[tuple[str, str]]:
    """
    Yield the stratum and the reference of each run that can be drawn: of the version for a review
    after its publication, and otherwise of the flow since its last review.

    A run stands in one stratum: stalled, or else set up by hand, or else completed.
    """
    runs = Run.objects.filter(flow=review.flow_id)
    if review.cause == Cause.PUBLICATION:
        runs = runs.filter(version=review.version_id)
    else:
        runs = runs.filter(item__created_at__gt=at - LOOKS_BACK)
        if review.flow.last_review is not None:
            runs = runs.filter(item__created_at__date__gte=review.flow.last_review)
    stratum = Case(
        When(is_stalled(at), then=Value(Stratum.STALLED.value)),
        When(is_set_up(), then=Value(Stratum.SET_UP.value)),
        When(state=Run.State.COMPLETE, then=Value(Stratum.COMPLETED.value)),
        default=Value(""),
    )
    found = runs.annotate(stratum=stratum).exclude(stratum="").order_by()
    yield from found.values_list("stratum", F("item__ref")).iterator()


def remind_of_reviews(*, at: datetime) -> int:
    """Tell the people of each review that is overdue at ``at``, once. Return how many are."""
    late = FlowReview.objects.filter(
        state=FlowReview.State.OPEN, due_at__lte=at, reminded_at=None
    ).order_by("item_id")
    ids = list(late.values_list("pk", flat=True))
    results = carry(remind, ids, by=Actor.system(), at=at) if ids else []
    return sum(1 for each in results if each.done)
