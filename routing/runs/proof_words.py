"""Sentences for people about the proof of an outcome, there or still expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from routing.runs.outcomes import AWAITS, DOCUMENT, FIELD, VALUES
from routing.sla.policies import purpose_label
from routing.work.display import exact

DAY = "D j M Y"


def proof_words(evidence: Mapping[str, Any]) -> Sequence[str]:
    """Return what the evidence of an outcome about a run says, empty for one about a page."""
    return [*_of_invoice(evidence), *_of_clocks(evidence)]


def _of_invoice(evidence: Mapping[str, Any]) -> Iterator[str]:
    if "number" in evidence:
        words = _("Invoice %(number)s of %(day)s. The document is in the notes of the run.")
        day = date_format(date.fromisoformat(evidence["date"]), DAY)
        yield words % {"number": evidence["number"], "day": day}
    elif evidence.get(AWAITS) == DOCUMENT:
        yield _("To be proven by the invoice, which the owner records here.")
    elif evidence.get(AWAITS) == FIELD:
        words = _("To be proven by the field %(field)s of the CRM record: %(values)s.")
        yield words % {"field": evidence[FIELD], "values": _(" or ").join(evidence[VALUES])}
        if "record" in evidence:
            yield _seen(evidence)


def _seen(evidence: Mapping[str, Any]) -> str:
    at = exact(datetime.fromisoformat(evidence["looked_at"]))
    values = {**evidence, "at": at}
    if not evidence.get("value"):
        return _("It was empty in %(crm)s, %(record)s, at %(at)s.") % values
    return _("It was “%(value)s” in %(crm)s, %(record)s, at %(at)s.") % values


def _of_clocks(evidence: Mapping[str, Any]) -> Iterator[str]:
    for clock in evidence.get("clocks", ()):
        values = {
            **clock,
            "purpose": purpose_label(clock["purpose"]),
            "at": exact(datetime.fromisoformat(clock["at"])),
        }
        missed = clock["result"] == "missed"
        words = (
            _("%(work)s, %(purpose)s: missed at %(at)s (%(policy)s v%(version)s).")
            if missed
            else _("%(work)s, %(purpose)s: met at %(at)s (%(policy)s v%(version)s).")
        )
        yield words % values
