"""Titles of runs and of the requests that they open."""

from __future__ import annotations

from django.utils.translation import gettext as _

from routing.flows.template import fill, placeholders
from routing.runs.occurrences import LATE
from routing.runs.snapshots import RunSnapshot

LONGEST = 200
# Facts with the company, for a run whose client is not recorded yet.
COMPANIES = ("company.name", "client.name")


def title_of(snapshot: RunSnapshot) -> str:
    title = fill(snapshot.plan.title, snapshot.found.facts)
    if late := snapshot.found.facts.get(LATE):
        ending = _(" (late, planned for %(when)s)") % {"when": late}
        return f"{title[: LONGEST - len(ending)]}{ending}"
    return title[:LONGEST]


def run_title_of(snapshot: RunSnapshot) -> str:
    return f"{snapshot.run.flow.name}: {title_of(snapshot)}"[:LONGEST]


def waiting_title_of(snapshot: RunSnapshot) -> str:
    """
    Return a title that people recognise for a run that nobody has decided about yet.

    It has what is known so far: the title, or else the number in the other system, and the company
    unless the run shows its client.
    """
    run, facts = snapshot.run, snapshot.found.facts
    known = [name for name in placeholders(snapshot.plan.title) if facts.get(name)]
    named = title_of(snapshot) if known else f"{run.subject_type} {run.subject_id}"
    client = run.item.client
    company = next((str(facts[name]) for name in COMPANIES if facts.get(name)), "")
    if client is not None:
        company = "" if known else client.name
    whole = f"{run.flow.name}: {named}"
    return (f"{whole}, {company}" if company else whole)[:LONGEST]
