"""
Write the outcome of a run into its HubSpot deal.

The values go into properties of our own, which nobody else should change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.adapters.hubspot.client import HubSpotClient
from integrations.adapters.hubspot.events import ECHO
from integrations.base.adapter import CallFailed, Echo, OutboxMessage, Permanent, Written
from integrations.base.settings import names
from integrations.base.typed import clean
from routing.runs.operations.capture import Signal

if TYPE_CHECKING:
    from integrations.base.connections import Connection

DEAL = "deal"
# The properties must be created in HubSpot first: Settings, Properties, Deal. The connection's
# setting ``writes`` can name others. If it is false, nothing is written.
PROPERTIES = {
    "state": "throughline_state",
    "owner": "throughline_owner",
    "url": "throughline_url",
    "needed_by": "throughline_needed_by",
    "planned_for": "throughline_planned_for",
    "ended_on": "throughline_ended_on",
    # Written by actions of flows alone, so an account needs them only if a flow has such an action.
    "note": "throughline_note",
    "next_step": "throughline_next_step",
}
# Dates came later than the others, so an account may lack their properties.
DATES = ("needed_by", "planned_for", "ended_on")
BAD_REQUEST = 400


def properties_of(settings: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the property for each value that we write."""
    named: bool | Mapping[str, str] = settings.get("writes", True)
    if isinstance(named, bool):
        return PROPERTIES if named else {}
    return named


_NAMED = names(PROPERTIES, r"[A-Za-z0-9_.-]{1,100}", gettext_lazy("give a property in HubSpot."))


def fault_in_writes(value: Any) -> str:
    """Return what is wrong with the setting ``writes``, or an empty string."""
    if isinstance(value, bool):
        return ""
    if fault := _NAMED(value):
        return fault
    if len(set(value.values())) < len(value):
        return _("give a different property for each value.")
    return ""


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


def lacking(changes: Collection[str], connection: Connection) -> Sequence[str]:
    """
    Return the properties for these values that deals of the account do not have.

    :raises CallFailed: if the account cannot be asked
    """
    named = properties_of(connection.valid_settings)
    with HubSpotClient(connection) as client:
        there = client.property_names(DEAL)
    return sorted({named[name] for name in changes if name in named} - there)


class HubSpotWriter:
    """Updates deals and never creates one. Writing the same values twice changes nothing."""

    # HubSpot shows a change at once in an object read by its id. Only its search lags behind.
    consistency_delay_s = 5.0

    def __init__(self, connection: Connection) -> None:
        self._client = HubSpotClient(connection)
        named = properties_of(connection.valid_settings)
        self._dates = {named[name] for name in DATES if name in named}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def find(self, message: OutboxMessage) -> Written | None:
        return Written(self._client.read(DEAL, _id(message), [], []).id)

    def write(self, message: OutboxMessage, known: Written | None) -> Written:
        properties = _properties(message)
        lasting = {name: each for name, each in properties.items() if name not in self._dates}
        try:
            remote = self._client.update(DEAL, _id(message), properties)
        except Permanent as error:
            # HubSpot refuses an update as a whole if the account lacks one property.
            if error.status != BAD_REQUEST:
                raise
            if not lasting or lasting == properties:
                raise self._in_words(error, properties) from None
            try:
                remote = self._client.update(DEAL, _id(message), lasting)
            except Permanent as still:
                raise self._in_words(still, lasting) from None
            left_out = sorted(set(properties) - set(lasting))
            return Written(
                remote.id, evidence={"properties": sorted(lasting), "left_out": left_out}
            )
        return Written(remote.id, evidence={"properties": sorted(properties)})

    def _in_words(self, error: Permanent, properties: Mapping[str, str]) -> Permanent:
        """Return a refusal that names the properties which the account lacks, if any."""
        if error.status != BAD_REQUEST:
            return error
        try:
            missing = sorted(set(properties) - self._client.property_names(DEAL))
        except CallFailed:
            return error  # the token may read deals, but not their properties
        if not missing:
            return error
        words = _(
            "Deals in HubSpot have no property %(names)s. Create it there (Settings, Properties, "
            "Deal) as a text, or name another one in the setting “writes” of the connection. "
            "Then send this again."
        )
        return Permanent(words % {"names": ", ".join(missing)}, error.status)

    def read_back(self, message: OutboxMessage, written: Written) -> Sequence[str]:
        left_out = written.evidence.get("left_out", ())
        sent = {name: value for name, value in _properties(message).items() if name not in left_out}
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
