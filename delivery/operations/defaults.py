"""What an agency starts with: hours, promises and checks, made where they are missing."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from delivery.engine.checks.catalogue import DEFAULTS, KINDS
from delivery.models.checks import Check
from routing.actors import Actor
from routing.operations import calendars
from routing.records import save


def ensure(*, at: datetime) -> None:
    """Safe to repeat: what is there already stays as it is."""
    calendars.ensure_defaults(at=at)
    ensure_checks(at=at)


def ensure_checks(*, at: datetime) -> None:
    """The checks as shipped, for every client; none where an operations lead has any, in use or not."""
    with transaction.atomic():
        if Check.objects.exists():
            return
        for format_, rules in DEFAULTS.items():
            for place, rule in enumerate(rules, start=1):
                name = f"{rule.label or KINDS[rule.kind].label} ({format_})"
                row = Check(name=name, kind=rule.kind, params=dict(rule.params), format=format_, position=place * 10)
                save(row, by=Actor.system(), at=at, reason="Shipped with the product.")
