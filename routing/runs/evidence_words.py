"""Evidence of an exception in words for the person who resolves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.event_catalogue import kind_words
from routing.kernel.events import Event
from routing.runs.outcomes import Outcome
from routing.work.gates import Words

LABELS: dict[str, Words] = {
    "message": gettext_lazy("Message"),
    "error": gettext_lazy("Error"),
    "differences": gettext_lazy("Differences"),
    "attempts": gettext_lazy("Attempts"),
    "by": gettext_lazy("Matched by"),
    "clients": gettext_lazy("Matching clients"),
    "outcome": gettext_lazy("Expected outcome"),
    "url": gettext_lazy("Address"),
    "status": gettext_lazy("Status of the answer"),
    "work": gettext_lazy("About"),
    "event": gettext_lazy("Event"),
    "source": gettext_lazy("Source of the event"),
    "kind": gettext_lazy("Kind of event"),
    "connection": gettext_lazy("Connection"),
    "sent": gettext_lazy("Digest of what was sent"),
    "companies": gettext_lazy("Companies in the CRM"),
    "people": gettext_lazy("People"),
    "domains": gettext_lazy("Domains"),
    "ends": gettext_lazy("Ends on"),
}
# Pieces that say something to a program only.
UNSAID = {"fields", "refused", "absences", "gap", "rule"}
# Text of pieces whose words a package above knows, by name.
_texts: dict[str, Callable[[Any], str]] = {}


def evidence_word(name: str, label: Words, text: Callable[[Any], str] = str) -> None:
    """Register the label of a piece of evidence and the text of its value."""
    LABELS[name] = label
    _texts[name] = text


@dataclass(frozen=True, slots=True)
class EvidenceNames:
    """Names of what evidence gives by id. Clients that the reader may not see are left out."""

    clients: Mapping[int, str] = field(default_factory=dict)
    outcomes: Mapping[int, str] = field(default_factory=dict)
    events: Mapping[int, str] = field(default_factory=dict)


def evidence_names(evidence: Sequence[Mapping[str, Any]], seen: Any) -> EvidenceNames:
    """
    Return the names of what this evidence is about, with at most one query for each kind.

    :param seen: the clients that the reader may see
    """
    clients: set[int] = set()
    for each in evidence:
        clients.update(each.get("clients", ()))
    outcomes = {each["outcome"] for each in evidence if each.get("outcome")}
    events = {each["event"] for each in evidence if each.get("event")}
    found = EvidenceNames(
        dict(seen.filter(pk__in=clients).values_list("pk", "name")) if clients else {}
    )
    about = Outcome.objects.filter(pk__in=outcomes).select_related("item") if outcomes else ()
    called = Event.objects.filter(pk__in=events) if events else ()
    return EvidenceNames(
        found.clients,
        {row.pk: f"{row.get_kind_display()}, {row.item}" for row in about},
        {row.pk: event_name(row) for row in called},
    )


# Events whose subject is an id of our own, which says nothing to a person.
_events: dict[str, Words] = {}
_titles: dict[str, Callable[[Mapping[str, Any]], str]] = {}


def event_label(
    kind: str, label: Words, title: Callable[[Mapping[str, Any]], str] | None = None
) -> None:
    """
    Register the name of events of one kind, which then takes the place of kind and subject.

    :param title: returns from the body of an event what it is about, empty if it does not say
    """
    _events[kind] = label
    if title is not None:
        _titles[kind] = title


def event_labels() -> Mapping[str, Words]:
    """Return the names of kinds of events that were registered."""
    return _events


def model_of_kind(kind: str) -> Any:
    """Return the model that events of ``<app>.<model>.<verb>`` are about, or None."""
    try:
        return apps.get_model(kind.rpartition(".")[0])
    except (LookupError, ValueError):  # a kind of another system
        return None


def event_title(event: Event) -> str:
    """Return what an event with its payload is about, empty if it is unknown or was erased."""
    title = _titles.get(event.kind)
    return title(event.payload.body) if title and hasattr(event, "payload") else ""


def event_name(event: Event) -> str:
    if event.kind in _events:
        return str(_events[event.kind])
    if (model := model_of_kind(event.kind)) is not None:
        verb = event.kind.rpartition(".")[2].replace("_", " ")
        return f"{capfirst(model._meta.verbose_name)}: {verb}"
    about = f"{event.subject_type} {event.subject_id}".strip()
    said = _("%(kind)s about %(about)s") if about else "%(kind)s"
    return said % {"kind": kind_words(event.kind), "about": about}


def in_words(evidence: Mapping[str, Any], names: EvidenceNames) -> Sequence[tuple[str, str]]:
    """Return the label and the text of each piece of evidence."""
    found = [(str(each["label"]), _field(each)) for each in evidence.get("fields", ())]
    order = [*LABELS, *sorted(set(evidence) - set(LABELS) - UNSAID)]
    return found + [
        (_label(name), _text(name, evidence[name], names)) for name in order if evidence.get(name)
    ]


def in_short(evidence: Mapping[str, Any]) -> str:
    """Return one line for a list."""
    if evidence.get("fields"):
        return ", ".join(_field_in_short(each) for each in evidence["fields"])
    return str(evidence.get("message") or evidence.get("error") or "")


_NOT: Mapping[str, Words] = {
    "number": gettext_lazy("not a number: %(found)s"),
    "date": gettext_lazy("not a date: %(found)s"),
    "email": gettext_lazy("not an e-mail address: %(found)s"),
    "boolean": gettext_lazy("neither yes nor no: %(found)s"),
    "choice": gettext_lazy("not one of the choices: %(found)s"),
}


def _field(each: Mapping[str, Any]) -> str:
    found = {"found": each.get("found", "")}
    if each.get("problem") == "missing":
        return _("is missing")
    if each.get("problem") == "unread":
        return _("could not be read. %(found)s") % found
    if each.get("found") and each.get("type") in _NOT:
        return str(_NOT[each["type"]]) % found
    return _("“%(found)s” is invalid") % found


def _field_in_short(each: Mapping[str, Any]) -> str:
    label = str(each["label"])
    return label if each.get("problem") == "missing" else f"{label} ({_field(each)})"


def _label(name: str) -> str:
    return str(LABELS.get(name, name.replace("_", " ").capitalize()))


def _text(name: str, value: Any, names: EvidenceNames) -> str:
    if name in _texts:
        return _texts[name](value)
    if name == "clients":
        shown = [names.clients[pk] for pk in value if pk in names.clients]
        hidden = len(value) - len(shown)
        if hidden:
            shown.append(_("%(count)s you cannot see") % {"count": hidden})
        return ", ".join(shown)
    known = {"outcome": names.outcomes, "event": names.events}.get(name, {})
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return known.get(value, str(value)) if isinstance(value, int) else str(value)
