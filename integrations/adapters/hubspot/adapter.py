"""HubSpot: deals, companies and contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from integrations.adapters.hubspot import events, signing, writing
from integrations.adapters.hubspot.client import PLURALS
from integrations.adapters.hubspot.reading import HubSpotReader
from integrations.base.adapter import Adapter, Delivery, Echo, Part, Reader, Writer
from routing.kernel.facts import Subject
from routing.runs.operations.capture import Signal

if TYPE_CHECKING:
    from integrations.base.connections import Connection


class HubSpotAdapter(Adapter):
    kind = "hubspot"
    receives = True
    kept_headers = ("content-type", "user-agent", signing.TIMESTAMP)

    def unsigned(self, delivery: Delivery, secrets: Sequence[str], at: datetime) -> str:
        return signing.unsigned(delivery, secrets, at)

    def parts(self, delivery: Delivery, connection: Connection, at: datetime) -> list[Part]:
        return events.parts(delivery, connection.settings, connection.slug, at)

    def moved(
        self, kind: str, body: Mapping[str, Any]
    ) -> tuple[str | None, tuple[str, ...]] | None:
        return events.moved(kind, body)

    def reader(self, subject: Subject, connection: Connection) -> Reader | None:
        return HubSpotReader(connection) if subject.type in PLURALS else None

    def writer(self, connection: Connection) -> Writer | None:
        return writing.HubSpotWriter(connection)

    def outcome_content(
        self, changes: Mapping[str, str], settings: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        return writing.outcome_content(changes, settings)

    def echo(self, signal: Signal, settings: Mapping[str, Any]) -> Echo | None:
        return writing.echo(signal, settings)

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        portals = settings.get("portal_ids")
        if not isinstance(portals, list) or len(portals) != 1 or not str(portals[0]).isdigit():
            raise ValueError(
                "Give --portal-id with the number of the HubSpot account, exactly one: ids of "
                "deals are unique within one account, so each has a connection of its own."
            )
        writing.check(settings)
