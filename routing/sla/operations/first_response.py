"""
The first response to a client: the one place that says what meets its clock.

A step of ours, such as triage, meets the target “first look”. A first response is only what reached
the client, and ``ResponseChannel`` has all of it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from routing.kernel.events import Event
from routing.people.actors import Actor
from routing.sla.clocks import Clock
from routing.sla.operations.clocks import stop
from routing.work.items import WorkItem
from routing.work.registry import announce

FIRST_LOOK, FIRST_RESPONSE = "first_look", "first_response"
RESPONDED = announce("routing.workitem.respond")


class ResponseChannel(models.TextChoices):
    """How something reached the client."""

    EMAIL = "accepted_email", _("the mail server accepted an e-mail")
    PORTAL = "portal_message", _("a message in the portal")
    CALL = "recorded_call", _("a recorded call")


def reached_client(
    items: Collection[int], how: ResponseChannel, *, by: Actor, at: datetime
) -> list[Clock]:
    """
    Stop the open clocks of the first response, and record how each was met.

    :param items: ids of work items, such as those of requests
    :returns: the clocks that were stopped; none where the client had a response before
    """
    with transaction.atomic():
        # Work is locked before its clocks, as everywhere.
        rows = WorkItem.objects.filter(pk__in=items, is_timed=True).order_by("pk")
        met = stop(list(rows.select_for_update(no_key=True)), FIRST_RESPONSE, at)
        Event.objects.bulk_create(
            Event(
                kind=RESPONDED.kind,
                item_id=clock.item_id,
                object_id=clock.pk,
                to_state=how.value,
                actor_id=by.user_id,
                at=at,
            )
            for clock in met
        )
    return met
