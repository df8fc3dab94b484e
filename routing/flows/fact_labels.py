"""Facts by their labels, for people who do not know the names that are stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from routing.flows.event_catalogue import known_facts
from routing.flows.models import FlowField, FlowVersion

IN_BRACES = re.compile(r"\{([^{}\n]{1,120})\}")


class SeveralFacts(Exception):
    """One label is that of several facts; the message names them."""


def used_labels() -> dict[str, str]:
    """Return the labels of facts in published flows, by their names."""
    published = FlowField.objects.filter(version__published_at__isnull=False)
    return dict(published.order_by("name", "version").values_list("name", "label"))


def catalogue_labels() -> dict[str, str]:
    """Return the labels of facts that fields of catalogued events are read as, by their names."""
    return {name: str(each.label) for name, each in known_facts().items()}


def labels_of(version: FlowVersion) -> Mapping[str, str]:
    """Return the labels of the facts that a version requires, by their names."""
    return dict(version.fields.values_list("name", "label")) if version.pk else {}


def labels_of_change(version: FlowVersion, before: FlowVersion | None) -> Mapping[str, str]:
    """Return the labels of facts in a version and the one before it, those of the newer first."""
    known = dict(labels_of(before)) if before is not None else {}
    return known | dict(labels_of(version))


def fact_named(entered: str, *labels: Mapping[str, str]) -> str:
    """
    Return the name of the fact that was entered by its label, or by its name.

    The first labels that have it decide. What nobody knows is returned as it is.

    :raises SeveralFacts: if it is the label of several facts
    """
    wanted = entered.strip().casefold()
    for known in labels:
        if entered in known:
            return entered
        found = [name for name, label in known.items() if label.casefold() == wanted]
        if len(found) > 1:
            words = _("Several facts are called “%(label)s”. Enter one of: %(names)s.")
            raise SeveralFacts(words % {"label": entered, "names": ", ".join(sorted(found))})
        if found:
            return found[0]
    return entered


def with_names(text: str, *labels: Mapping[str, str]) -> str:
    """
    Return a text with the names of facts in braces, where their labels stood.

    :raises SeveralFacts: if one is the label of several facts
    """
    return IN_BRACES.sub(lambda found: f"{{{fact_named(found[1], *labels)}}}", text)


def labels_for(version: FlowVersion) -> Sequence[Mapping[str, str]]:
    """Return the labels that texts of a version may use; the first that have one decide."""
    return labels_of(version), used_labels(), catalogue_labels()
