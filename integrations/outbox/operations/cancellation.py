"""Discard the messages of cancelled work, unless they were started."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.models import Deliverable, Request
from delivery.requests.operations import requests
from integrations.adapters.mail.client_emails import ClientEmail
from integrations.outbox.models import Outbound
from integrations.outbox.operations.replay import give_up
from routing.models import Run
from routing.people.actors import Actor
from routing.runs.operations import runs
from routing.work.registry import react

# An e-mail to a client decides for itself when it leaves: that the work was cancelled is news.
NOT_BEGUN = Q(state__in=Outbound.waiting, attempts=0, begun_at=None) & ~Q(
    verb__in=list(ClientEmail)
)


def of_runs(ids: Sequence[int]) -> Q:
    """Return the condition for the messages of these runs."""
    return Q(run__in=ids) | Q(item__run__in=ids)


def of_requests(ids: Sequence[int]) -> Q:
    """Return the condition for the messages of the deliverables of these requests."""
    return Q(item__as_deliverable__request__in=ids)


@react(runs.cancel)
def call_off(rows: Sequence[Run], by: Actor, at: datetime) -> None:
    """
    Discard the messages of the runs that were not started.

    Started ones finish or wait for a person, because an attempt cannot be undone.
    """
    _give_up(of_runs([run.pk for run in rows]) & NOT_BEGUN, by, at)


@react(requests.cancel)
def call_off_with_request(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Discard the messages of the requests' deliverables, which may belong to no run."""
    _give_up(of_requests([request.pk for request in rows]) & NOT_BEGUN, by, at)


@react(deliverables.cancel, deliverables.reopen)
def call_off_with_deliverable(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """
    Discard the messages of the deliverables, also failed ones.

    Otherwise somebody could retry a page that is being replaced or was cancelled, and a failed
    message would block later ones of its object.
    """
    failed = NOT_BEGUN | Q(state=Outbound.State.DEAD)
    _give_up(Q(item__in=[row.item_id for row in rows]) & failed, by, at)


def _give_up(which: Q, by: Actor, at: datetime) -> None:
    ids = list(Outbound.objects.filter(which).order_by("pk").values_list("pk", flat=True))
    if ids:
        give_up(ids, by=by, at=at, reason=str(_("The related work was cancelled.")))
