"""
HubSpot's webhook events as signals.

https://developers.hubspot.com/docs/api/webhooks lists the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.base.adapter import Delivery, Ignored, Part, Poison, UnreadableBody
from integrations.base.strict import NotJSON, flaw, read
from routing.kernel.canonical import ESCAPED, json_digest
from routing.runs.operations.capture import Signal

# HubSpot sends up to 100. Other senders of this format may send more, within MAX_BODY_BYTES of the
# hook.
MAX_EVENTS = 1_000
ECHO = "hubspot.echo"
# These differ between two deliveries of one event. HubSpot says itself that eventId is not unique.
METADATA = frozenset({"attemptNumber", "eventId"})
VERBS = frozenset(
    {
        "creation",
        "deletion",
        "propertyChange",
        "merge",
        "restore",
        "associationChange",
        "privacyDeletion",
    }
)
# Generic events (object.*) name the type of their object by number.
OBJECT_TYPES = {"0-1": "contact", "0-2": "company", "0-3": "deal"}
OBJECTS = frozenset(OBJECT_TYPES.values())
EARLIEST = datetime(2006, 1, 1, tzinfo=UTC)  # the year HubSpot was founded
MAX_ID = 40  # characters
AHEAD = timedelta(days=1)  # tolerates wrong clocks and mistaken time zones


def parts(delivery: Delivery, settings: Mapping[str, Any], source: str, at: datetime) -> list[Part]:
    """
    Return one part for each event, in the order sent.

    HubSpot does not keep the order of events. Capture sorts them by time.

    :raises UnreadableBody: if the body is not a list of events
    """
    try:
        events = read(delivery.body)
    except NotJSON as error:
        raise UnreadableBody(error.reason) from None
    if not isinstance(events, list):
        events = [events]  # a single event, as HubSpot's test button sends it
    if len(events) > MAX_EVENTS:
        raise UnreadableBody("too_many_events")
    return [_part(event, settings, source, at) for event in events]


def _part(event: Any, settings: Mapping[str, Any], source: str, at: datetime) -> Part:
    if reason := flaw(event):
        return Poison(reason)
    if not isinstance(event, dict):
        return Poison("not_an_object")
    kind = event.get("subscriptionType")
    if not isinstance(kind, str):
        return Poison("no_subscription_type")
    portals = settings.get("portal_ids") or ()
    if portals and str(event.get("portalId")) not in {str(portal) for portal in portals}:
        return Ignored("unknown_portal")
    object_type, _, verb = kind.partition(".")
    if object_type == "object":
        object_type = OBJECT_TYPES.get(str(event.get("objectTypeId")), "")
    if object_type not in OBJECTS or verb not in VERBS:
        return Ignored("unknown_type")
    return _signal(event, object_type, verb, settings, source, at)


def _signal(
    event: dict[str, Any],
    object_type: str,
    verb: str,
    settings: Mapping[str, Any],
    source: str,
    at: datetime,
) -> Part:
    subject = _subject_id(event)
    if (
        isinstance(subject, bool)
        or not isinstance(subject, int | str)
        or not str(subject).isascii()
        or not str(subject).isalnum()
    ):
        return Poison("no_object_id")
    if len(str(subject)) > MAX_ID:
        return Poison("no_object_id")
    occurred_at = _instant(event.get("occurredAt"), at)
    if occurred_at is None:
        return Poison("no_time")
    echo = is_echo(event, settings)
    body = {name: value for name, value in event.items() if name not in METADATA}
    kind = f"hubspot.{object_type}.{verb}"
    if echo:
        body["echo"], kind = True, ECHO
    return Signal(
        source, kind, dedupe_key(event, str(subject)), object_type, str(subject), occurred_at, body
    )


def _subject_id(event: dict[str, Any]) -> Any:
    """Return the object's id. Merge and association events have it under another name."""
    for name in ("objectId", "primaryObjectId", "fromObjectId"):
        if event.get(name) is not None:
            return event[name]
    return None


def moved(kind: str, body: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]] | None:
    """
    Return the object that survived a merge or deletion, and those that are gone.

    HubSpot's merge makes a new object or keeps the primary one. ``newObjectId`` says which.
    """
    primary = str(_subject_id(dict(body)) or "")
    if kind.endswith(".deletion"):
        return (None, (primary,)) if primary else None
    if not kind.endswith(".merge"):
        return None
    into = str(body.get("newObjectId") or primary)
    listed = body.get("mergedObjectIds")
    merged = [str(each) for each in listed] if isinstance(listed, list) else []
    gone = tuple(key for key in dict.fromkeys([primary, *merged]) if key and key != into)
    return (into, gone) if into and gone else None


def _instant(value: Any, at: datetime) -> datetime | None:
    """Convert milliseconds since 1970, exactly: a float would round them."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    try:
        instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
    except OverflowError:
        return None
    return instant if EARLIEST <= instant <= at + AHEAD else None


def dedupe_key(event: Mapping[str, Any], subject: str) -> str:
    """
    Return the key that identifies repeated deliveries of one event.

    The key holds a digest, because values may be long and personal.
    """
    named = ("subscriptionId", "propertyName", "propertyValue", "occurredAt", "portalId")
    # Only association and merge events have these. Without them, two such events of one instant
    # would share a key.
    more = ("associationType", "toObjectId", "associationRemoved", "mergedObjectIds")
    parts = [
        subject,
        *(event.get(name) for name in named),
        *([name, event[name]] for name in more if name in event),
    ]
    return f"{subject}:{json_digest(parts, ESCAPED)}"


def is_echo(event: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """
    Return whether our own app made the change.

    ``appId`` alone does not tell: it names the app that subscribed, so it is ours in every event.
    If an integration made the change and ``sourceId`` is missing, ``appId`` decides.
    """
    ours = settings.get("app_id")
    if not ours or event.get("changeSource") not in {"INTEGRATION", "API"}:
        return False
    author = event.get("sourceId")
    if author in {None, ""}:
        author = event.get("appId")
    return str(author) == str(ours)
