"""The state that the acts of a walkthrough share: people, external systems and work."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import TypeVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from delivery.models import Deliverable, Request
from demo.walkthrough.crm import CrmDeals
from demo.walkthrough.people import Cast
from demo.walkthrough.site import Site
from demo.walkthrough.transcript import Transcript
from routing.models import Contact, Run, WorkItem
from routing.runs.trace import page

WORKER = "Are worker and beat running? `make run` starts them; their logs are in var/log."
Row = TypeVar("Row", bound=models.Model)


@dataclass
class WalkthroughJob:
    """One deal with the work that it started."""

    name: str
    deal: str = ""
    run: Run = field(default_factory=Run)
    request: Request = field(default_factory=Request)
    contact: Contact = field(default_factory=Contact)


@dataclass
class Walk:
    transcript: Transcript
    cast: Cast
    deals: CrmDeals
    site: Site
    owns_site: bool
    # Deals that were made by hand, to be used in this order.
    made: list[str] = field(default_factory=list)
    by_hand: bool = False
    token: str = field(default_factory=lambda: token_hex(4))
    jobs: list[WalkthroughJob] = field(default_factory=list)
    pages: list[Deliverable] = field(default_factory=list)

    @property
    def job(self) -> WalkthroughJob:
        return self.jobs[-1]


def now() -> datetime:
    return timezone.now()


def fresh(row: Row) -> Row:
    """Read the row again."""
    found: Row = type(row)._default_manager.get(pk=row.pk)
    return found


def where(item: WorkItem) -> str:
    return settings.SITE_URL + page(item.pk)
