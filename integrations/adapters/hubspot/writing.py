"""
Write what became of a run into HubSpot's deal: properties of ours, which nobody else is meant to
change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from integrations.adapters.hubspot.client import HubSpotClient
from integrations.adapters.hubspot.events import ECHO
from integrations.base.adapter import Echo, OutboxMessage, Permanent, Written
from integrations.base.typed import clean
from routing.runs.operations.capture import Signal

if TYPE_CHECKING:
    from integrations.base.connections import Connection

DEAL = "deal"
# The properties must be made in HubSpot first: Settings, Properties, Deal. The connection's setting
# ``writes`` names others, or is false where nothing is to be written.
PROPERTIES = {"state": "throughline_state", "owner": "throughline_owner", "url": "throughline_url"}


def properties_of(settings: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the property for each value that we write."""
    named = settings.get("writes", PROPERTIES)
    return {} if named is False else PROPERTIES if named is True else named


def check(settings: Mapping[str, Any]) -> None:
    """:raises ValueError: if ``writes`` names what we do not say, or a property twice"""
    named = settings.get("writes", True)
    if isinstance(named, bool):
        return
    known = (
        isinstance(named, dict)
        and set(named) <= set(PROPERTIES)
        and all(isinstance(name, str) and name for name in named.values())
    )
    if not known or len(set(named.values())) < len(named):
        raise ValueError(
            f"writes is false, or says which property each of {', '.join(PROPERTIES)} is written "
            f"into, each another one."
        )


def outcome_content(
    changes: Mapping[str, str], settings: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    named = properties_of(settings)
    properties = {named[what]: clean(value) for what, value in changes.items() if what in named}
    return {"properties": properties} if properties else None


def echo(signal: Signal, settings: Mapping[str, Any]) -> Echo | None:
    """Return the written value if the event concerns a property that we write."""
    name, value = signal.body.get("propertyName"), signal.body.get("propertyValue")
    if signal.subject_type != DEAL or name not in properties_of(settings).values():
        return None
    return Echo(
        ECHO,
        signal.subject_id,
        {"properties": {str(name): clean("" if value is None else str(value))}},
    )


class HubSpotWriter:
    """Updates deals; a deal is never made. The same values written twice are written once."""

    consistency_delay_s = (
        5.0  # an object read by its id shows a change at once; only search lags behind
    )

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, intent: OutboxMessage) -> Written | None:
        with HubSpotClient(self._connection) as client:
            return Written(client.read(DEAL, _id(intent), [], []).id)

    def write(self, intent: OutboxMessage, known: Written | None) -> Written:
        with HubSpotClient(self._connection) as client:
            remote = client.update(DEAL, _id(intent), _properties(intent))
        return Written(remote.id, evidence={"properties": sorted(_properties(intent))})

    def read_back(self, intent: OutboxMessage, written: Written) -> Sequence[str]:
        sent = _properties(intent)
        with HubSpotClient(self._connection) as client:
            there = client.read(DEAL, written.remote_id, list(sent), []).properties
        return [
            f"{name} differs from what was sent."
            for name, value in sent.items()
            if there.get(name, "") != value
        ]


def _id(intent: OutboxMessage) -> str:
    """:raises Permanent: see there"""
    if not intent.remote_id:
        raise Permanent("The deal of this message is unknown.")
    return intent.remote_id


def _properties(intent: OutboxMessage) -> Mapping[str, str]:
    return dict(intent.content["properties"])
