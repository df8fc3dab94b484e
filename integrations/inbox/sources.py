"""Connections as sources of events, with their health owners."""

from __future__ import annotations

from collections.abc import Mapping

from django.urls import reverse

from integrations.base.connections import Connection
from integrations.outbox.cases import health_places
from routing.runs.sources import EventSource, event_sources


@event_sources
def connections() -> Mapping[str, EventSource]:
    return {
        row.slug: EventSource(
            row.slug,
            row.name,
            tuple(health_places(row)),
            reverse("admin:integrations_connection_change", args=[row.pk]),
            is_active=row.is_active,
        )
        for row in Connection.objects.all()
    }
