"""HubSpot: deals, companies and contacts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from integrations.adapters.hubspot import events, mapping, reading, signing, writing
from integrations.adapters.hubspot.client import PLURALS, HubSpotClient
from integrations.adapters.hubspot.reading import HubSpotReader
from integrations.base.adapter import Adapter, Delivery, Echo, Part, Reader, Writer
from integrations.base.settings import digits, matching, names, schema
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
        return events.parts(delivery, connection.valid_settings, connection.slug, at)

    def moved(
        self, kind: str, body: Mapping[str, Any]
    ) -> tuple[str | None, tuple[str, ...]] | None:
        return events.moved(kind, body)

    def reader(self, subject: Subject, connection: Connection) -> Reader | None:
        return HubSpotReader(connection) if subject.type in PLURALS else None

    def value_of(self, name: str, subject: Subject, connection: Connection) -> str | None:
        return reading.value_of(name, subject, connection) if subject.type in PLURALS else None

    def answers(self, connection: Connection) -> bool:
        with HubSpotClient(connection) as client:
            client.property_names("deal")
        return True

    def writer(self, connection: Connection) -> Writer | None:
        return writing.HubSpotWriter(connection)

    def lacking(self, changes: Collection[str], connection: Connection) -> Sequence[str]:
        return writing.lacking(changes, connection)

    def outcome_content(
        self, changes: Mapping[str, str], settings: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        return writing.outcome_content(changes, settings)

    def echo(self, signal: Signal, settings: Mapping[str, Any]) -> Echo | None:
        return writing.echo(signal, settings)

    def check_settings(self, settings: Any) -> None:
        super().check_settings(settings)
        if "portal_ids" not in settings:
            raise ValueError(str(ONE_PORTAL))


ONE_PORTAL = gettext_lazy(
    "Give --portal-id with the number of the HubSpot account, exactly one: ids of deals are unique "
    "within one account, so each has a connection of its own."
)
PROPERTY = r"[A-Za-z0-9_.-]{1,100}"


def _one_portal(value: Any) -> str:
    good = isinstance(value, list) and len(value) == 1 and not digits(value[0])
    return "" if good else str(ONE_PORTAL)


schema(
    HubSpotAdapter.kind,
    portal_ids=_one_portal,
    app_id=digits,
    api_version=matching(
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}", gettext_lazy("give a version such as 2026-09.")
    ),
    properties=names(
        [field.name for field in mapping.FIELDS],
        PROPERTY,
        gettext_lazy("give the internal name of a HubSpot property, such as sold_hours."),
    ),
    writes=writing.fault_in_writes,
)
