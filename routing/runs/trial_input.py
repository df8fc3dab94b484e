"""The input of a trial: a past event with its facts, or a body that somebody pasted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from routing.flows.event_catalogue import field_of
from routing.flows.files.tried import TriedVersion
from routing.flows.trigger_words import trigger_words
from routing.kernel.domains import canonical_domain
from routing.kernel.events import Event
from routing.kernel.facts import EnrichedFacts
from routing.people.clients import ClientDomain
from routing.runs.field_days import with_days_of
from routing.runs.models import Enrichment, RunEvent
from routing.runs.occurrences import is_of
from routing.runs.operations.earlier_values import matching, values_before

DEEPEST = 6  # levels of a body; the names of facts have fewer
WRAPPER = "data"  # a key around the whole content, in the bodies of forms
SITE, ADDRESS = "company.domain", "contact.email"  # facts by which a client is known


@dataclass(frozen=True, slots=True)
class TrialInput:
    """
    An event to try a version on. ``origin`` says in words where the facts are from.

    ``event`` has a kind, and is not stored if a body was pasted. ``ref`` is that of the run to
    which the facts belong, if there is one.
    """

    event: Event
    body: Mapping[str, Any]
    found: EnrichedFacts
    origin: str
    ref: str = ""


class ErasedEvent(LookupError):
    """The facts of the event were erased, so nothing can be tried on it."""


def input_of_event(event: Event) -> TrialInput:
    """
    Return a past event with the newest facts of its run, or with those in its own body.

    :raises ErasedEvent: see the class
    """
    payload = getattr(event, "payload", None)
    parts = RunEvent.objects.filter(event=event, run__isnull=False)
    part = parts.select_related("run__item").order_by("-run_id").first()
    rows = Enrichment.objects.filter(run=part.run).order_by("-id") if part else ()
    known = next(iter(rows[:1]), None)
    if (payload is not None and payload.erased_at) or (known is not None and known.erased_at):
        raise ErasedEvent(_("The facts of this event were erased. Choose another event."))
    body = payload.body if payload is not None else {}
    if part is None or known is None:
        origin = _("the body of the event; it has no run whose facts were read")
        return TrialInput(event, body, facts_in(event.kind, body), origin)
    found = EnrichedFacts(known.facts, known.client_id, tuple(known.contact_ids))
    ref = part.run.item.ref if part.run else ""
    return TrialInput(event, body, found, _("the newest facts of %(ref)s") % {"ref": ref}, ref)


def input_of_body(
    kind: str,
    body: Mapping[str, Any],
    *,
    client_id: int | None = None,
    by_domain: bool = True,
) -> TrialInput:
    """
    Return a body that somebody pasted as if it were an event of this kind.

    :param client_id: the client to try it for; otherwise the one whose domain is in the body
    :param by_domain: whether that one may be looked for
    """
    found = facts_in(kind, body)
    chosen = EnrichedFacts(found.facts, client_id or (found.client_id if by_domain else None))
    return TrialInput(Event(kind=kind), body, chosen, _("the body that was given"))


def facts_in(kind: str, body: Mapping[str, Any]) -> EnrichedFacts:
    """
    Return the facts in a body: values by the fact that their field is read as, or by their path.

    ``{"data": {"deal": {"amount": 1}}}`` has the fact ``deal.amount``.
    """
    facts: dict[str, Any] = {}
    for path, value in _values(body, ()):
        name = ".".join(path[1:] if path[0] == WRAPPER and len(path) > 1 else path)
        known = field_of(kind, ".".join(path))
        facts[known.fact if known and known.fact else name] = value
    return EnrichedFacts(facts, _client_of(facts))


def _values(body: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(body, Mapping):
        for key, value in body.items() if len(path) < DEEPEST else ():
            yield from _values(value, (*path, str(key)))
    elif isinstance(body, str | int | float | bool) and path:
        yield path, body


def _client_of(facts: Mapping[str, Any]) -> int | None:
    address = str(facts.get(ADDRESS) or "").rpartition("@")[2]
    for text in (str(facts.get(SITE) or ""), address):
        domain = canonical_domain(text)
        row = ClientDomain.objects.filter(domain=domain).first() if domain else None
        if row is not None:
            return row.client_id
    return None


def facts_for(given: TrialInput, tried: TriedVersion) -> EnrichedFacts:
    """Return the facts as the fields of a version have them."""
    found = given.found
    days = with_days_of(found.facts, tried.plan.fields)
    return EnrichedFacts(days, found.client_id, found.contact_ids)


def starts(given: TrialInput, tried: TriedVersion) -> Sequence[str]:
    """Return in words the triggers of a version that this event matches."""
    event, body = given.event, given.body
    earlier = values_before([event] if event.pk else (), tried.triggers)
    found = [trigger_words(each) for each in matching(tried.triggers, event, body, earlier)]
    if not found and event.pk and tried.flow.pk and is_of(event, body, tried.flow.pk):
        return [_("its calendar")]
    return found
