"""Deadlines of approvals: when whoever is asked is at work, so that none passes in the night."""

from __future__ import annotations

from datetime import datetime, timedelta

from delivery.deliverables.stages import Audience, Stage
from routing.people.staff import User
from routing.sla.working_time import client_opens, staff_opens
from routing.work.items import WorkItem


def deadline_of(item: WorkItem, stage: Stage, at: datetime) -> datetime:
    """
    Return when a question of this stage expires, if it is asked at ``at``.

    A deadline outside working time moves to the start of the next working day.
    """
    until = at + timedelta(days=stage.answer_days)
    if stage.audience == Audience.CLIENT:
        client = item.client
        return client_opens([client], until)[client.pk] if client else until
    owner = User.objects.filter(pk=item.owner_id or 0).first()
    return staff_opens([owner], until)[owner.pk] if owner else until
