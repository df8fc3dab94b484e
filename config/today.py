"""The first page: what is next for me, and how much there is, every number a link to its rows."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from config.waiting import QUEUE, waiting_for
from routing.admin.base import actor
from routing.visibility import work_seen_by

SHOWN = 12


def today(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    by, found, queue = actor(request), waiting_for(request), reverse(QUEUE)
    mine = work_seen_by(by).filter(Q(owner=by.user_id) | Q(backup=by.user_id) | Q(doer=by.user_id), is_open=True)
    return {
        **context,
        "title": _("Today"),
        "items": mine.select_related("client").order_by(F("next_due_at").asc(nulls_last=True), "id")[:SHOWN],
        "may_add": by.may("delivery.add_request"),
        "counts": [
            (_("open, mine"), found.mine, f"{queue}?whose=mine"),
            (_("late"), found.late, f"{queue}?whose=mine&open=late"),
            (_("waiting on the client"), found.client, f"{queue}?whose=mine&waiting_on=client"),
            (_("on hold"), found.held, f"{queue}?whose=mine&open=held"),
        ],
    }
