"""
Defaults of an agency: hours, SLA policies, checks and portal flows, created if they are missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from delivery.checks.kinds.base import CheckRule
from delivery.checks.kinds.catalogue import BRIEF_DEFAULTS, BRIEF_KINDS, DEFAULTS, KINDS
from delivery.checks.models import Check
from delivery.flows.shipped import ensure_request_flows
from routing.cover.agency import Agency
from routing.cover.operations.agency import SAVED
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.sla.operations import calendars
from routing.work.registry import react

MISSING = (
    "There is no agency yet, so nothing answers for what comes in, and clients have no forms. At "
    "the desk make two people, a team and, "
    "under Agency, the agency: the flows for clients' requests and changes are then published by "
    "themselves."
)


def ensure(*, at: datetime) -> None:
    """Create the defaults that are missing. Existing rows stay as they are."""
    calendars.ensure_defaults(at=at)
    ensure_checks(at=at)
    ensure_request_flows(at=at)


@react(SAVED)
def complete(_rows: Sequence[Agency], _by: Actor, at: datetime) -> None:
    """Publish the flows of requests as soon as the agency has an owner and a backup."""
    ensure(at=at)


def ensure_checks(*, at: datetime) -> None:
    """
    Create the shipped checks of versions, and those of briefs, unless there are any of the same.
    """
    with transaction.atomic():
        # An inactive check counts as well: somebody has decided about checks here.
        if not Check.objects.exclude(kind__in=BRIEF_KINDS).exists():
            for format_, rules in DEFAULTS.items():
                for place, rule in enumerate(rules, start=1):
                    name = f"{rule.label or KINDS[rule.kind].label} ({format_})"
                    _save(rule, name, place, at, format_)
        if not Check.objects.filter(kind__in=BRIEF_KINDS).exists():
            for place, rule in enumerate(BRIEF_DEFAULTS, start=1):
                _save(rule, str(BRIEF_KINDS[rule.kind].label), place, at)


def _save(rule: CheckRule, name: str, place: int, at: datetime, format_: str = "") -> None:
    row = Check(
        name=name,
        kind=rule.kind,
        params=dict(rule.params),
        format=format_,
        # In steps of ten, so that a check can be put between two others.
        position=place * 10,
    )
    save_with_reason(row, by=Actor.system(), at=at, reason="Shipped with the product.")
