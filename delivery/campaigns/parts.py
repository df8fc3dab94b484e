"""The parts of a campaign as its page shows them: state, stage, dates, and whom each waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from delivery.approvals.stages import progress, stages_of
from delivery.campaigns.models import Campaign
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Stage
from routing.runs.outcomes import Outcome

REVIEWED = (*Deliverable.judged, *Deliverable.making)


@dataclass(frozen=True, slots=True)
class CampaignPart:
    """
    One deliverable of a campaign.

    ``stage`` is the approval stage that it is at, or empty after the last one. ``proof`` is the
    state of its outcome, if one is expected. ``live_at`` is when it went live or was handed over.
    ``ends`` is the day on which it is to be taken down.
    """

    row: Deliverable
    channel: str
    stage: str
    proof: str
    due: date | None
    live_at: datetime | None
    ends: date | None


def parts_of(rows: Sequence[Deliverable]) -> list[CampaignPart]:
    """
    Return deliverables as parts of a campaign, in a few queries for any number of them.

    :param rows: with their destinations
    """
    stages, done, proofs = stages_of(rows), progress(rows), _proofs(rows)
    return [
        CampaignPart(
            row,
            row.destination.name if row.destination else _("Files for the client"),
            _stage(stages[row.pk], done[row.pk][0]) if row.state in REVIEWED else "",
            proofs.get(row.item_id, ""),
            row.due_date,
            row.live_at or (row.ended_at if row.state == Deliverable.State.HANDED_OVER else None),
            row.ends_date,
        )
        for row in rows
    ]


def _stage(stages: Sequence[Stage], done: int) -> str:
    if done >= len(stages):
        return ""
    return _("%(number)s of %(count)s: %(who)s") % {
        "number": done + 1,
        "count": len(stages),
        "who": stages[done].asks,
    }


def _proofs(rows: Sequence[Deliverable]) -> Mapping[int, str]:
    found = Outcome.objects.filter(item__in=[row.item_id for row in rows]).order_by("pk")
    return {row.item_id: str(row.get_state_display()) for row in found}


def with_counts(rows: QuerySet[Campaign]) -> QuerySet[Campaign]:
    """
    Annotate campaigns with the number of parts that were not cancelled, of live ones and of those
    that are on hold.
    """
    made = Deliverable.objects.filter(request=OuterRef("request")).order_by()
    wanted = made.exclude(state=Deliverable.State.CANCELLED)
    finished = made.filter(state__in=Deliverable.done_states)
    paused = made.filter(item__is_open=True, item__held_at__isnull=False)
    return rows.annotate(parts=_count(wanted), finished=_count(finished), paused=_count(paused))


def _count(rows: QuerySet[Deliverable]) -> Coalesce:
    counted = rows.values("request").annotate(found=Count("pk")).values("found")
    return Coalesce(Subquery(counted), 0)
