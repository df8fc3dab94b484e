"""
Events whose bodies have other fields or types than those before them.

They are accepted and flagged. Somebody changed the sender, and what was read from a field may be
missing from now on. The health owner of the connection is told, once for each change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.base.connections import Connection
from integrations.inbox.compare_shapes import BodyShape, ShapeDifference, learn
from integrations.inbox.payload_shapes import PayloadShape, ShapeChange
from integrations.outbox.cases import health_places
from routing.flows.event_catalogue import kind_words
from routing.flows.event_history import SeenKind, seen_kinds
from routing.kernel.events import Event, Payload
from routing.kernel.reasons import Reason
from routing.kernel.shapes import JSONType, Shape, type_words
from routing.models import ExceptionCase
from routing.runs.evidence_words import evidence_word
from routing.runs.failures import Failure, failures
from routing.runs.operations.process import ECHO
from routing.runs.operations.raising import ExceptionFinding
from routing.runs.registry import event_note

LOOKED_AT = 200  # newest events of a kind, each time
SHOWN = 20  # fields

evidence_word("gone", gettext_lazy("No longer sent"))
evidence_word("new", gettext_lazy("New"))
evidence_word("retyped", gettext_lazy("Of another type"))
evidence_word("was", gettext_lazy("Shape before"))
evidence_word("now", gettext_lazy("Shape now"))
evidence_word("change", gettext_lazy("Change"), lambda value: f"#{value}")


def learn_shapes(*, at: datetime) -> int:
    """
    Compare the events that came since the last time with those before, and flag those that differ.

    It looks at the newest 200 events of each kind. Two workers at once wait for each other.

    :returns: how many were flagged
    """
    connections = {row.slug: row for row in Connection.objects.active()}
    looked = {
        (row.connection_id, row.kind): row.last_event
        for row in PayloadShape.objects.only("connection", "kind", "last_event")
    }
    flagged = 0
    for seen in seen_kinds():
        connection = connections.get(seen.source)
        if connection is None or seen.kind.endswith(ECHO):
            continue
        if looked.get((connection.pk, seen.kind), 0) != seen.last_id:
            flagged += _learn(connection, seen, at)
    return flagged


def _learn(connection: Connection, seen: SeenKind, at: datetime) -> int:
    flagged, told_before = 0, _told_before(connection)
    with transaction.atomic():
        PayloadShape.objects.get_or_create(connection=connection, kind=seen.kind)
        row = PayloadShape.objects.select_for_update().get(connection=connection, kind=seen.kind)
        newest = Payload.objects.filter(
            event__dedupe_key__isnull=False,
            event__source=seen.source,
            event__kind=seen.kind,
            event__gt=row.last_event,
            erased_at=None,
        ).order_by("-event__at")
        bodies = sorted(newest.values_list("event_id", "body")[:LOOKED_AT])
        for event, body in bodies:
            found = learn(row.forms, BodyShape.of(seen.kind, body))
            if found is not None and not (told_before and not row.last_event):
                _flag(connection, event, found, at)
                flagged += 1
        row.last_event = max([row.last_event, seen.last_id, *(event for event, _body in bodies)])
        row.save(update_fields=["forms", "last_event"])
    return flagged


def _told_before(connection: Connection) -> bool:
    """Return whether an older version, which kept no shapes, has told of a change of this form."""
    cases = ExceptionCase.objects.filter(
        reason=Reason.FORM_CHANGED, evidence__connection=connection.slug
    )
    return cases.filter(evidence__change__isnull=True).exists()


def _flag(connection: Connection, event: int, found: ShapeDifference, at: datetime) -> None:
    ShapeChange.objects.get_or_create(
        event_id=event,
        defaults={
            "connection": connection,
            "gone": list(found.gone),
            "new": list(found.new),
            "retyped": [list(each) for each in found.retyped],
            "was": found.was,
            "now": found.now,
            "found_at": at,
        },
    )


# -- Telling the owner of the connection -----------------------------------------------------------


def _all_changed(at: datetime) -> Sequence[ExceptionFinding]:
    """Return the newest change of each kind that nobody was told of."""
    changes = ShapeChange.objects.filter(connection__is_active=True)
    cases = ExceptionCase.objects.filter(reason=Reason.FORM_CHANGED)
    told = set(cases.values_list("evidence__change", flat=True))
    rows = changes.select_related("event", "connection").exclude(pk__in=told - {None})
    return [_finding(row) for row in rows.order_by("pk")]


def _finding(row: ShapeChange) -> ExceptionFinding:
    kind = row.event.kind
    evidence = {
        "connection": row.connection.slug,
        "event_kind": kind,
        "message": change_words(row),
        "gone": row.gone[:SHOWN],
        "new": row.new[:SHOWN],
        "retyped": [_retyped(*each) for each in row.retyped[:SHOWN]],
        "was": shape_words(row.was),
        "now": shape_words(row.now),
        "change": row.pk,
        "event": row.event_id,
    }
    about = f"{row.connection.name}, {kind_words(kind)}"
    places = health_places(row.connection)
    return ExceptionFinding(Reason.FORM_CHANGED, evidence, about=about, first=places)


def change_words(row: ShapeChange) -> str:
    """Return what changed as sentences, with what to do about it."""
    said = []
    if row.gone:
        said.append(_("No longer sent: %(names)s.") % {"names": _names(row.gone)})
    if row.new:
        said.append(_("New: %(names)s.") % {"names": _names(row.new)})
    if row.retyped:
        names = [_retyped(*each) for each in row.retyped]
        said.append(_("Of another type: %(names)s.") % {"names": _names(names)})
    said.append(
        _(
            "If fields were renamed, name their new labels with manage.py connect --property. If "
            "they were changed on purpose, dismiss this."
        )
    )
    return " ".join(said)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    left = len(names) - SHOWN
    if left <= 0:
        return shown
    return _("%(names)s and %(count)s more") % {"names": shown, "count": left}


def _retyped(name: str, was: str, now: str) -> str:
    words = _("%(field)s (%(was)s before, %(now)s now)")
    return words % {"field": name, "was": _types(was), "now": _types(now)}


def shape_words(shape: Shape) -> str:
    """Return a shape in words: “Amount (number), E-mail (text)”."""
    return _names([f"{name} ({_types(types)})" for name, types in sorted(shape.items())])


def _types(types: str) -> str:
    return " / ".join(type_words(each) for each in (types or JSONType.EMPTY).split(", "))


def _none_behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    """Return nothing: a change stands once somebody knows of it."""
    return {}


failures(behind=_none_behind, everywhere=_all_changed)


@event_note
def shape_of_event(event: Event) -> str:
    """Return the flag of an event whose body has another shape than those before it."""
    row = ShapeChange.objects.filter(event=event).first()
    if row is None:
        return ""
    words = _("Other fields than before. Before: %(was)s. Now: %(now)s.")
    return words % {"was": shape_words(row.was), "now": shape_words(row.now)}
