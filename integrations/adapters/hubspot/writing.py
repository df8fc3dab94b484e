"""
Write the outcome of a run into its HubSpot deal.

The values go into properties of our own, which nobody else should change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from integrations.adapters.hubspot.client import HubSpotClient
from integrations.adapters.hubspot.events import ECHO
from integrations.base.adapter import Echo, OutboxMessage, Permanent, Written
from integrations.base.typed import clean
from routing.runs.operations.capture import Signal

if TYPE_CHECKING:
    from integrations.base.connections import Connection

DEAL = "deal"
# The properties must be created in HubSpot first: Settings, Properties, Deal. The connection's
# setting ``writes`` can name others. If it is false, nothing is written.
PROPERTIES = {"state": "throughline_state", "owner": "throughline_owner", "url": "throughline_url"}


def properties_of(settings: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the property for each value that we write."""
    named: bool | Mapping[str, str] = settings.get("writes", True)
    if isinstance(named, bool):
        return PROPERTIES if named else {}
    return named


def check(settings: Mapping[str, Any]) -> None:
    """:raises ValueError: if ``writes`` names an unknown value, or a property twice"""
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
            f"writes is false, or names a different property for each of {', '.join(PROPERTIES)}."
        )


def outcome_content(
    changes: Mapping[str, str], settings: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    named = properties_of(settings)
    properties = {named[name]: clean(value) for name, value in changes.items() if name in named}
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
    """Updates deals and never creates one. Writing the same values twice changes nothing."""

    # HubSpot shows a change at once in an object read by its id. Only its search lags behind.
    consistency_delay_s = 5.0

    def __init__(self, connection: Connection) -> None:
        self._client = HubSpotClient(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def find(self, message: OutboxMessage) -> Written | None:
        return Written(self._client.read(DEAL, _id(message), [], []).id)

    def write(self, message: OutboxMessage, known: Written | None) -> Written:
        remote = self._client.update(DEAL, _id(message), _properties(message))
        return Written(remote.id, evidence={"properties": sorted(_properties(message))})

    def read_back(self, message: OutboxMessage, written: Written) -> Sequence[str]:
        sent = _properties(message)
        there = self._client.read(DEAL, written.remote_id, list(sent), []).properties
        return [
            f"{name} differs from what was sent."
            for name, value in sent.items()
            if there.get(name, "") != value
        ]


def _id(message: OutboxMessage) -> str:
    """:raises Permanent: if the message names no deal"""
    if not message.remote_id:
        raise Permanent("The deal of this message is unknown.")
    return message.remote_id


def _properties(message: OutboxMessage) -> Mapping[str, str]:
    return dict(message.content["properties"])
