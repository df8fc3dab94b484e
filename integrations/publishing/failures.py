"""
Failures of the outbox and of publishing: failed messages, deliverables that could not be published
and pages that were never seen. Resolving their exception retries them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.models import Deliverable
from integrations.outbox.cases import REASONS, dead_behind, finding_of, withdraw_cases_of
from integrations.outbox.models import Attempt, Outbound
from integrations.outbox.operations.replay import send_again
from integrations.publishing.probing import RAISES_AFTER
from integrations.publishing.publish import (
    NOT_PUBLISHED,
    NOWHERE,
    connection_of,
    unpublished_finding,
)
from integrations.publishing.site_cases import SITE, all_unseen, pages_behind
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase, Outcome
from routing.people.actors import Actor
from routing.runs.failures import Failure, failures
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.own_failures import CLOSED_BY_HAND
from routing.runs.operations.raising import ExceptionFinding
from routing.work.door import carry
from routing.work.gates import ContextWith
from routing.work.judging import CallContext, context_of, judge
from routing.work.registry import react

State = Deliverable.State
RETRIED = Failure(
    _("The message to the external system failed. Resolve the exception to retry it."),
    retried=True,
    clears_by=_("Whoever resolves this exception, or an integrations owner who discards it"),
)
PUBLISHED_AGAIN = Failure(
    _("The deliverable is not published. Resolve the exception to publish it again."),
    retried=True,
    clears_by=_("Whoever resolves this exception"),
)


# -- Publishing ------------------------------------------------------------------------------------


def _unpublished(cases: Sequence[ExceptionCase]) -> list[Deliverable]:
    """Return the deliverables behind these exceptions that could not be published."""
    items = {case.item.parent_id for case in cases if case.reason in REASONS}
    rows = Deliverable.objects.filter(item__in=items - {None}, state=State.PUBLISH_FAILED)
    related = rows.select_related("item__client", "destination", "version")
    return list(related.order_by("item_id"))


def _publishing_behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    rows = _unpublished(cases)
    if not rows:
        return {}
    # The door asks the same gates again when the exception is resolved.
    context = context_of(deliverables.publish, rows, CallContext(Actor.system(), at, ""))
    by_item = {row.item_id: _publishing(row, context) for row in rows}
    found = {}
    for case in cases:
        if case.reason in REASONS and case.item.parent_id in by_item:
            found[case.pk] = by_item[case.item.parent_id]
    return found


def _publishing(row: Deliverable, context: ContextWith[Any]) -> Failure:
    against = [each for each in judge(deliverables.publish, row, context) if not each.passed]
    if against:
        first = against[0]
        return Failure(
            first.message,
            evidence=first.evidence,
            clears_by=first.clears_by,
            where=first.where,
        )
    if row.destination is None or connection_of(row.destination) is None:
        return Failure(NOWHERE, clears_by=_("An integrations owner"))
    return PUBLISHED_AGAIN


def _all_unpublished(at: datetime) -> Sequence[ExceptionFinding]:
    """Return the deliverables that failed to be published, without a failed message or a case."""
    dead = Outbound.objects.dead().filter(item=OuterRef("item"))
    case = ExceptionCase.objects.filter(
        item__parent=OuterRef("item"), reason__in=REASONS, state__in=ExceptionCase.open_states
    )
    rows = Deliverable.objects.filter(~Exists(dead), ~Exists(case), state=State.PUBLISH_FAILED)
    return [
        unpublished_finding(row, str(NOT_PUBLISHED))
        for row in rows.select_related("item__run").order_by("pk")
    ]


failures(behind=_publishing_behind, everywhere=_all_unpublished)


# -- Failed messages: after publishing, whose words come first -------------------------------------


def _messages_behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    return {case: RETRIED for case, dead in dead_behind(cases).items() if dead}


def _all_dead(at: datetime) -> Sequence[ExceptionFinding]:
    dead = (
        Outbound.objects.dead()
        .select_related("connection", "item", "run__item", "run__flow")
        .order_by("pk")
    )
    last: dict[int, Attempt] = {}
    for attempt in Attempt.objects.filter(outbound__in=dead.values("pk")).order_by("number"):
        last[attempt.outbound_id] = attempt
    found = []
    for row in dead:
        attempt_of = last.get(row.pk)
        outcome = attempt_of.outcome if attempt_of else Attempt.Outcome.PERMANENT
        status = attempt_of.status if attempt_of else 0
        finding = finding_of(row, outcome, status)
        if finding is not None:
            found.append(finding)
    return found


failures(behind=_messages_behind, everywhere=_all_dead)


@react(resolve)
def retry(cases: Sequence[ExceptionCase], by: Actor, at: datetime) -> None:
    """Publish again and send again what stands behind resolved exceptions."""
    about = [case for case in cases if case.reason in REASONS]
    if not about:
        return
    # Publishing comes first: it replaces a failed message whose destination was changed.
    rows = [row.pk for row in _unpublished(about)]
    if rows:
        why = str(_("The exception was resolved."))
        carry(deliverables.publish, rows, by=by, at=at, reason=why)
    dead = list(chain.from_iterable(dead_behind(about).values()))
    if dead:
        why = str(_("The exception was resolved."))
        send_again(sorted(set(dead)), by=by, at=at, reason=why)


@react(deliverables.cancel, deliverables.reopen, deliverables.archive, deliverables.go_live)
def end_cases(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Withdraw the exceptions of deliverables that are no longer to be published."""
    withdraw_cases_of([row.item_id for row in rows], at=at)


# -- Pages that were never seen --------------------------------------------------------------------


def _all_missing(at: datetime) -> Sequence[ExceptionFinding]:
    unseen = Outcome.objects.filter(kind=Outcome.Kind.LIVE, next_probe_at__isnull=False)
    missing = unseen.filter(state=Outcome.State.EXPECTED, failures__gte=RAISES_AFTER)
    rows = list(missing.select_related("item").order_by("pk"))
    found = [
        ExceptionFinding(Reason.OUTCOME_MISSING, {"outcome": row.pk}, row.item)
        for row in rows
        if not row.evidence.get(SITE)
    ]
    decayed = unseen.filter(state=Outcome.State.DECAYED, evidence__has_key=SITE)
    return [*found, *all_unseen([*rows, *decayed.exclude(run__state__in=CLOSED_BY_HAND)])]


failures(behind=pages_behind, everywhere=_all_missing)
