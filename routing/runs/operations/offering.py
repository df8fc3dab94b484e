"""
Work that nobody fitted is offered again by itself, the oldest first.

The step that could not decide stays in the queue of steps. It is due when the first absent person
is back, at once when people change, and at the latest after an hour.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.utils import timezone
from django.utils.translation import gettext as _

from routing.cover.absences import Absence
from routing.kernel.queues import claim_batch
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.people.staff import TeamMembership, User
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import RunStep
from routing.runs.operations.runs import withdraw_open
from routing.runs.steps import make_due

AT_LATEST = timedelta(hours=1)
SIGNING_IN = {"last_login", "password", "session_epoch"}  # columns that change nothing here


def offer_later(run_ids: Sequence[int], at: datetime) -> None:
    """Queue the decision of these runs for when somebody is back. Nobody fits them now."""
    if not run_ids:
        return
    back = Absence.objects.at(at).order_by("ends_at").values_list("ends_at", flat=True).first()
    due = min(back or at + AT_LATEST, at + AT_LATEST)
    make_due(run_ids, RunStep.Name.DECIDE, due, anew=True)


def offer_now(at: datetime) -> int:
    """Make the decision of every run due that waits because nobody fitted, and count them."""
    cases = ExceptionCase.objects.filter(
        reason=Reason.NOBODY_AVAILABLE,
        step=RunStep.Name.DECIDE,
        state__in=ExceptionCase.open_states,
        run__item__is_open=True,
    )
    runs = list(cases.values_list("run_id", flat=True))
    if not runs:
        return 0
    with transaction.atomic():
        waiting = RunStep.objects.filter(run__in=runs, name=RunStep.Name.DECIDE)
        # A step that a worker has is being decided already.
        steps = claim_batch(waiting)
        # By id, so that older runs come first among those that are due at one instant.
        free = RunStep.objects.filter(pk__in=steps).order_by("run_id")
        make_due(list(free.values_list("run_id", flat=True)), RunStep.Name.DECIDE, at, anew=True)
    return len(steps)


def settle(run_ids: Sequence[int], at: datetime) -> None:
    """Withdraw the exceptions of runs that somebody fits now."""
    if not run_ids:
        return
    cases = ExceptionCase.objects.filter(run__in=run_ids, reason=Reason.NOBODY_AVAILABLE)
    withdraw_open(cases, by=Actor.system(), at=at, reason=_("Somebody fits it now."))


def _changed(instance: Any, update_fields: Collection[str] | None = None, **_kwargs: Any) -> None:
    """Offer waiting work again, because somebody may fit it after this change."""
    if update_fields and not set(update_fields) - SIGNING_IN:
        return
    offer_now(getattr(instance, "_history_date", None) or timezone.now())


# Signals, because these rows are saved in many places, and none of them may forget it.
for _model in (Absence, User, TeamMembership, Client):
    post_save.connect(_changed, sender=_model, dispatch_uid=f"offer-{_model.__name__}-saved")
    post_delete.connect(_changed, sender=_model, dispatch_uid=f"offer-{_model.__name__}-gone")
m2m_changed.connect(_changed, sender=User.groups.through, dispatch_uid="offer-roles")
