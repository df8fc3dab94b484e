"""Names of kinds of events, which stand in lists in place of their codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.event_catalogue import catalogued, kind_words
from routing.runs.evidence_words import event_labels, model_of_kind
from routing.work.door import all_operations
from routing.work.gates import Words
from routing.work.kinds import models_by_kind
from routing.work.registry import announced

# Kinds that are no step of work and that no system sends.
OWN: Mapping[str, Words] = {
    "routing.agency.save": gettext_lazy("Agency: Saved"),
    "routing.clock.breach": gettext_lazy("SLA clock: Breached"),
    "routing.clock.escalate": gettext_lazy("SLA clock: Escalated"),
    "routing.clock.warn": gettext_lazy("SLA clock: Due soon"),
    "routing.contact.erase": gettext_lazy("Contact: Erased"),
    "routing.contact.invite": gettext_lazy("Contact: Invited to the portal"),
    "routing.contact.withdraw": gettext_lazy("Contact: Access to the portal withdrawn"),
    "routing.heldevent.reject": gettext_lazy("Held event: Rejected"),
    "routing.membership.change": gettext_lazy("Contact: Role at the client changed"),
    "routing.note.add": gettext_lazy("Note: Written"),
    "routing.outcome.report": gettext_lazy("Outcome: Reported"),
    "routing.user.deactivate": gettext_lazy("User: Deactivated"),
    "routing.user.set_roles": gettext_lazy("User: Roles changed"),
    "routing.workitem.respond": gettext_lazy("Work item: First response"),
}
CREATE = "create"


def kind_name(kind: str) -> str:
    """Return the name of a kind of event in words, or its code if nobody named it."""
    return kind_names([kind])[kind]


def kind_names(kinds: Iterable[str]) -> Mapping[str, str]:
    """Return the names of kinds of events, by their codes."""
    named = {**OWN, **event_labels()}
    # Read each time: an operation may be declared later.
    labels = {step.kind: step.label for step in all_operations()}
    found = {}
    for kind in kinds:
        model = None if kind in named else model_of_kind(kind)
        if kind in named:
            found[kind] = str(named[kind])
        elif model is None:
            found[kind] = kind_words(kind)
        else:
            verb = kind.rpartition(".")[2]
            done = _("Created") if verb == CREATE else capfirst(verb.replace("_", " "))
            found[kind] = f"{capfirst(model._meta.verbose_name)}: {labels.get(kind, done)}"
    return found


def known_kinds() -> Iterator[str]:
    """Yield the codes of all kinds that are declared, some of them more than once."""
    yield from (*OWN, *event_labels(), *catalogued(), *announced())
    yield from (step.kind for step in all_operations())
    yield from (f"{model._meta.label_lower}.{CREATE}" for model in models_by_kind().values())


def kinds_named(text: str) -> set[str]:
    """Return the kinds whose name or code has every word of a text, in upper or lower case."""
    words = text.casefold().split()
    if not words:
        return set()
    found = set()
    for kind, name in kind_names(known_kinds()).items():
        said = f"{name} {kind}".casefold()
        if all(word in said for word in words):
            found.add(kind)
    return found
