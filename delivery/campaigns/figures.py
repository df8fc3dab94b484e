"""Figures of campaigns: how long one takes until all of it is live."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.utils.translation import gettext_lazy as _

from delivery.campaigns.models import Campaign
from routing.figures.catalogue import TOOK, Topic, durations, register


def launched(at: datetime) -> QuerySet[Any]:
    took = ExpressionWrapper(
        F("live_at") - F("request__item__created_at"), output_field=DurationField()
    )
    return Campaign.objects.filter(live_at__isnull=False).annotate(**{TOOK: took})


register(
    *durations(
        "campaign_delivery_time",
        title=_("Campaign delivery time"),
        formula=_(
            "From the creation of its request until all parts that were not cancelled were live or "
            "handed over, elapsed."
        ),
        topic=Topic.TIME,
        grain=_("a campaign"),
        counted=_("Campaigns that went live in the period, whatever became of them."),
        left_out=_("Campaigns that are planned or launching, or were cancelled before."),
        rows=launched,
        at="live_at",
    )
)
