"""The work of one person as references, for the command ``today``."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from config.desk.today import BY_DUE
from routing.desk.days import Days, Due
from routing.desk.my_work import my_open_work
from routing.people.actors import Actor
from routing.people.staff import User
from routing.work.items import WorkItemQuerySet
from routing.work.turns import (
    PARTS,
    SYSTEM,
    WaitingSide,
    decisions_of,
    parties_of,
    turns,
    turns_of_mine,
    waits_for,
)
from routing.work.visibility import work_seen_by

SCHEMA = {"name": "throughline.today", "version": 1}


def day_plan(user: User, at: datetime) -> dict[str, Any]:
    """
    Return what Today shows a person of the agency, or the home page of the portal a contact.

    Each list has the references of work, the earliest due first. The days are those of the person.
    """
    by = Actor.of(user)
    with timezone.override(ZoneInfo(user.timezone)):
        days, items = Days.around(at), my_open_work(by)
        due = {when.value: _refs(items.filter(days.when(when))) for when in Due}
    return {
        "schema": SCHEMA,
        "as": user.email,
        "decisions": _refs(decisions_of(work_seen_by(by), by, at)),
        **due,
        "waiting_on_others": _refs(_waiting_on_others(by, at)),
    }


def _waiting_on_others(by: Actor, at: datetime) -> WorkItemQuerySet:
    """
    Return the person's own work that somebody else has to act on, and for a contact what waits for
    other people of their clients.
    """
    others = {row.party: None for row in turns().values() if row.party not in {PARTS, SYSTEM}}
    items = my_open_work(by)
    if by.contact_id is not None:
        items = work_seen_by(by)
        others = dict.fromkeys(parties_of(WaitingSide.CLIENT))
    mine = turns_of_mine(items, by, at).order_by().values("pk")
    return waits_for(items, *others).exclude(pk__in=mine)


def _refs(items: WorkItemQuerySet) -> list[str]:
    return list(items.order_by(BY_DUE, "id").values_list("ref", flat=True))
