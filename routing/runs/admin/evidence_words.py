"""Evidence of an exception in words for the person who resolves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LABELS = {
    "message": gettext_lazy("Message"),
    "error": gettext_lazy("Error"),
    "attempts": gettext_lazy("Attempts"),
    "by": gettext_lazy("Matched by"),
    "clients": gettext_lazy("Matching clients"),
    "connection": gettext_lazy("Connection"),
}


def in_words(evidence: Mapping[str, Any], names: Mapping[int, str]) -> Sequence[tuple[str, str]]:
    """
    Return the label and the text of each piece of evidence.

    :param names: names of the clients that the reader may see; others are only counted
    """
    found = [(str(each["label"]), _field(each)) for each in evidence.get("fields", ())]
    order = [*LABELS, *sorted(set(evidence) - set(LABELS) - {"fields"})]
    return found + [
        (_label(name), _text(name, evidence[name], names)) for name in order if evidence.get(name)
    ]


def client_names(evidence: Sequence[Mapping[str, Any]], seen: Any) -> Mapping[int, str]:
    """
    Return the names of the clients in the evidence.

    :param seen: the clients that the reader may see
    """
    ids: set[int] = set()
    for each in evidence:
        ids.update(each.get("clients", ()))
    if not ids:
        return {}
    return dict(seen.filter(pk__in=ids).values_list("pk", "name"))


def in_short(evidence: Mapping[str, Any]) -> str:
    """Return one line for a list."""
    if evidence.get("fields"):
        return ", ".join(str(each["label"]) for each in evidence["fields"])
    return str(evidence.get("message") or evidence.get("error") or "")


def _field(each: Mapping[str, Any]) -> str:
    if each.get("problem") == "missing":
        return _("is missing")
    return _("“%(found)s” is invalid") % {"found": each.get("found", "")}


def _label(name: str) -> str:
    return str(LABELS.get(name, name.replace("_", " ").capitalize()))


def _text(name: str, value: Any, names: Mapping[int, str]) -> str:
    if name == "clients":
        shown = [names[pk] for pk in value if pk in names]
        hidden = len(value) - len(shown)
        if hidden:
            shown.append(_("%(count)s you cannot see") % {"count": hidden})
        return ", ".join(shown)
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value)
