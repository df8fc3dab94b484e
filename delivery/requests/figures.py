"""Figures of requests: how soon a lead has an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from delivery.requests.models import Request
from routing.figures.catalogue import Topic, durations, register
from routing.figures.dimensions import Dimension
from routing.figures.of_sla import responses
from routing.work.gates import Words

LEADS = (Request.Channel.CRM, Request.Channel.FORM)


def channel_words(channel: str) -> Words:
    return Request.Channel(channel).label


def responses_to_leads(at: datetime) -> QuerySet[Any]:
    return responses(at).filter(
        item__as_request__channel__in=LEADS, item__as_request__kind=Request.Kind.NEW
    )


register(
    *durations(
        "speed_to_lead",
        title=_("Speed to lead"),
        formula=_(
            "From the start of the clock, which is when the signal was received, to the moment at "
            "which something reached the client, elapsed."
        ),
        topic=Topic.SLA,
        grain=_("the clock of the first response to one request"),
        counted=_(
            "As first_response, but only of requests of the kind “new” whose channel is "
            "the CRM or a web form."
        ),
        left_out=_("Leads that nobody has answered yet, and leads that ended without an answer."),
        rows=responses_to_leads,
        at="stopped_at",
        own=(
            Dimension(
                name="channel",
                title=_("Channel"),
                path="item__as_request__channel",
                words=channel_words,
            ),
        ),
    )
)
