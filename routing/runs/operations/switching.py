"""Switch a flow off and on. Events that would start it wait meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from routing.flows.models import Flow
from routing.flows.switch_off import SwitchOff
from routing.kernel.events import Event
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant, holders
from routing.kernel.transitions import turn_all
from routing.messages.models import Notification
from routing.messages.operations import write as write_notifications
from routing.people.actors import Actor
from routing.people.saving import record_change, save_with_reason, tell
from routing.runs.by_hand import SOURCE
from routing.runs.evidence_words import evidence_word
from routing.runs.exceptions import ExceptionCase, ExceptionRoute
from routing.runs.failures import Failure, failures
from routing.runs.held_events import HeldEvent, HeldEventQuerySet
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.runs.operations.runs import withdraw_open
from routing.runs.owners import Place
from routing.runs.turns import RECORDER
from routing.work.display import exact

SWITCH = "routing.switch_flow"

for _model in ("heldevent", "switchoff"):
    grant(f"routing.view_{_model}", AM, QA, OPS, INTEGRATIONS, AUDITOR)
grant(SWITCH, OPS, name="Can switch flows off and on")


class NotSwitched(ValueError):
    """The flow was not switched. Nothing was changed. ``code`` names the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class SwitchedOn:
    """Numbers of events that waited: released ones are processed in order of receipt."""

    released: int
    rejected: int


def switch_off(flow_id: int, *, by: Actor, at: datetime, reason: str) -> SwitchOff:
    """
    Let a flow start nothing until it is switched on. Events that would start it wait.

    :raises PermissionDenied: if ``by`` may not switch flows
    :raises NotSwitched: if it is off already
    """
    by.require(SWITCH, to="switch flows off and on")
    with transaction.atomic():
        flow = _locked(flow_id)
        if (current := current_switch_off(flow)) is not None:
            words = _("%(who)s already switched this flow off on %(when)s.")
            values = {"who": current.off_by, "when": exact(current.off_at)}
            raise NotSwitched("already_off", words % values)
        made = SwitchOff(flow=flow, off_at=at, off_by_id=by.user_id, off_reason=reason)
        save_with_reason(made, by=by, at=at, reason=reason)
        tell("routing.flow.switch_off", flow.pk, by=by, at=at)
        raise_exception(_finding(flow), at=at)
    return made


def switch_on(
    flow_id: int, *, by: Actor, at: datetime, reason: str, reject: bool = False
) -> SwitchedOn:
    """
    Let a flow start runs again, and release the events that waited, or reject them.

    Workers process released events in order of receipt, by the batch: see ``release_held``.

    :raises PermissionDenied: if ``by`` may not switch flows
    :raises NotSwitched: if it is not off
    """
    by.require(SWITCH, to="switch flows off and on")
    with transaction.atomic():
        flow = _locked(flow_id)
        current = current_switch_off(flow)
        if current is None:
            raise NotSwitched("already_on", _("This flow is switched on already."))
        current.on_at, current.on_by_id, current.on_reason = at, by.user_id, reason
        current.rejects = reject
        save_with_reason(current, by=by, at=at, reason=reason)
        tell("routing.flow.switch_on", flow.pk, by=by, at=at)
        # Whoever holds an event has the lock of the flow, so that none is missed here.
        waiting = HeldEvent.objects.waiting().filter(flow=flow)
        rejected = _reject(flow, waiting, by, at, reason) if reject else 0
        released = waiting.count()
        _end_case(flow, by, at, reason)
    return SwitchedOn(released, rejected)


def current_switch_off(flow: Flow) -> SwitchOff | None:
    return SwitchOff.objects.current().filter(flow=flow).select_related("off_by").first()


def _locked(flow_id: int) -> Flow:
    return Flow.objects.select_for_update(of=("self",), no_key=True).get(pk=flow_id)


def _reject(flow: Flow, waiting: HeldEventQuerySet, by: Actor, at: datetime, reason: str) -> int:
    # Locked: a worker may be releasing some that were released before the flow was switched off.
    locked = waiting.select_for_update(of=("self",)).order_by("pk")
    ids = list(locked.values_list("pk", flat=True))
    count = turn_all(HeldEvent.objects.filter(pk__in=ids), "reject", at=at)
    record_change(HeldEvent, ids, by=by, at=at, reason=reason)
    Event.objects.bulk_create(
        [
            Event(kind="routing.heldevent.reject", object_id=pk, actor_id=by.user_id, at=at)
            for pk in ids
        ]
    )
    _tell_recorders(flow, ids, by, at)
    return count


def _tell_recorders(flow: Flow, ids: Sequence[int], by: Actor, at: datetime) -> None:
    """Notify everybody who recorded one of these events by hand that it starts nothing."""
    rejected = HeldEvent.objects.filter(pk__in=ids, event__source=SOURCE)
    recorders = rejected.exclude(event__actor=by.user_id).order_by("event__actor")
    case = _open_cases(flow).order_by("item_id").first()
    if case is None:
        return
    made = [
        Notification(
            recipient_id=user,
            item_id=case.item_id,
            words=Notification.Words.NOT_TAKEN_IN,
            party=RECORDER.code,
            dedupe_key=f"not_taken_in:{case.pk}:{user}:{at:%Y%m%dT%H%M%S.%f}",
            at=at,
        )
        for user in recorders.values_list("event__actor", flat=True).distinct()
    ]
    write_notifications(made, at=at)


# -- The exception of whoever has to switch it on --------------------------------------------------


def _finding(flow: Flow) -> ExceptionFinding:
    message = _("New events wait until the flow is switched on.")
    return ExceptionFinding(
        Reason.FLOW_OFF,
        {"flow": flow.slug, "message": message},
        about=flow.name,
        first=[Place.of(ExceptionRoute.Taker.POLICY.label, flow.owner_id, flow.backup_id)],
    )


def _open_cases(flow: Flow) -> QuerySet[ExceptionCase]:
    return ExceptionCase.objects.filter(
        reason=Reason.FLOW_OFF, state__in=ExceptionCase.open_states, evidence__flow=flow.slug
    )


def _end_case(flow: Flow, by: Actor, at: datetime, reason: str) -> None:
    """Resolve the exception about a flow that is on again, in the name of who switched it on."""
    cases = _open_cases(flow)
    if ids := list(cases.order_by("item_id").values_list("pk", flat=True)):
        resolve(ids, by=by, at=at, reason=reason)
        # A gate may be against it, such as a hold. The exception is over all the same.
        withdraw_open(cases, by=Actor.system(), at=at, reason=_("The flow is switched on."))


def _behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    slugs = {case.pk: case.evidence.get("flow") for case in cases if case.reason == Reason.FLOW_OFF}
    if not slugs:
        return {}
    off = SwitchOff.objects.current().filter(flow__slug__in=list(slugs.values()))
    flows = dict(off.values_list("flow__slug", "flow_id"))
    return {pk: _still_off(flows[slug]) for pk, slug in slugs.items() if slug in flows}


def _still_off(flow_id: int) -> Failure:
    return Failure(
        gettext_lazy("The flow is still switched off. Switch it on to end this exception."),
        clears_by=holders(SWITCH),
        where=reverse("admin:routing_flow_change", args=[flow_id]),
    )


def _everywhere(at: datetime) -> Sequence[ExceptionFinding]:
    rows = SwitchOff.objects.current().select_related("flow").order_by("pk")
    return [_finding(row.flow) for row in rows]


failures(behind=_behind, everywhere=_everywhere)


def flow_words(slug: Any) -> str:
    """Return a flow with who switched it off and what waits for it."""
    flow = Flow.objects.filter(slug=slug).first()
    if flow is None:
        return str(slug)
    current = current_switch_off(flow)
    if current is None:
        return str(flow)
    return waiting_words(current, HeldEvent.objects.waiting().filter(flow=flow).count())


def waits_for_words(span: SwitchOff) -> str:
    """Return until whom events wait: who switched the flow off, and who is to switch it on."""
    case = _open_cases(span.flow).select_related("item__owner").order_by("item_id").first()
    words = _(
        "It waits, because %(who)s switched the flow “%(flow)s” off on %(when)s: “%(why)s”. "
        "%(owner)s or another operations lead switches it on, and then releases or rejects it."
    )
    return words % {
        "who": span.off_by,
        "flow": span.flow,
        "when": exact(span.off_at),
        "why": span.off_reason,
        "owner": case.item.owner if case else span.flow.owner,
    }


def switched_off_for(by: Actor) -> Sequence[Any]:
    """
    Return the switch-offs of today that concern somebody: of all flows for those who may switch
    them, and otherwise of the flows that they own or back up, or for which something waits that
    they recorded.

    Each has the ``count`` of events that wait, and ``since`` when the oldest does.
    """
    rows = SwitchOff.objects.current().select_related("flow", "off_by")
    if not by.may(SWITCH):
        own = Q(flow__owner=by.user_id) | Q(flow__backup=by.user_id)
        recorded = HeldEvent.objects.waiting().filter(
            flow=OuterRef("flow"), event__source=SOURCE, event__actor=by.user_id
        )
        rows = rows.filter(own | Exists(recorded))
    held = HeldEvent.objects.waiting().filter(flow=OuterRef("flow")).order_by().values("flow")
    counted = rows.annotate(
        count=Coalesce(Subquery(held.annotate(number=Count("pk")).values("number")), 0),
        since=Subquery(held.annotate(first=Min("received_at")).values("first")),
    )
    return list(counted.order_by("off_at", "pk"))


def waiting_words(current: SwitchOff, count: int) -> str:
    """Return how many events wait for a flow, and who switched it off."""
    words = ngettext(
        "%(count)s event waits for %(flow)s, which %(who)s switched off on %(when)s.",
        "%(count)s events wait for %(flow)s, which %(who)s switched off on %(when)s.",
        count,
    )
    return words % {
        "count": count,
        "flow": current.flow,
        "who": current.off_by,
        "when": exact(current.off_at),
    }


evidence_word("flow", gettext_lazy("Flow"), flow_words)
