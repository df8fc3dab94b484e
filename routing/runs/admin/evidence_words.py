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
    Label and text of each thing that was looked at.

    :param names: of the clients that the reader sees; others are counted, not named
    """
    found = [(str(each["label"]), _field(each)) for each in evidence.get("fields", ())]
    order = [*LABELS, *sorted(set(evidence) - set(LABELS) - {"fields"})]
    return found + [
        (_label(name), _text(name, evidence[name], names)) for name in order if evidence.get(name)
    ]


def client_names(evidence: Sequence[Mapping[str, Any]], seen: Any) -> Mapping[int, str]:
    """
    The names of the clients that these name, in one query or none.

    :param seen: the clients that the reader sees
    """
    ids = {pk for each in evidence for pk in each.get("clients", ())}
    return dict(seen.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def in_short(evidence: Mapping[str, Any]) -> str:
    """One line for a list."""
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
        return ", ".join(
            [*shown, *([_("%(count)s you cannot see") % {"count": hidden}] if hidden else [])]
        )
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value)
