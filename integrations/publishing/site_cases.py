"""
One exception for all pages of a site that cannot be looked at for one cause.

A page that a site hides, or a site without an answer, is the business of whoever is responsible for
the connection. It says nothing about the work, and there may be hundreds of pages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from integrations.base.connections import Connection
from integrations.outbox.cases import health_places
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase, Outcome
from routing.people.actors import Actor
from routing.runs.failures import Failure
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.outcomes import look_at
from routing.runs.operations.raising import ExceptionFinding
from routing.runs.operations.runs import withdraw_open
from routing.runs.outcomes import OutcomeQuerySet
from routing.work.registry import react

SITE = "site"  # in the evidence of an outcome: the slug of the connection that is the cause
EVERY_PAGE_ALONE: Mapping[str, str] = {}
MOST_NAMED = 20
REASON = Reason.OUTCOME_MISSING


def of_site(connection: Connection, is_of_site: bool) -> Mapping[str, str]:
    """Return the piece of evidence that says that the cause is the site's."""
    return {SITE: connection.slug} if is_of_site else EVERY_PAGE_ALONE


def finding(evidence: Mapping[str, Any]) -> ExceptionFinding | None:
    """Return the finding about the site behind this evidence, or None if it is the page's own."""
    slug = evidence.get(SITE)
    connection = Connection.objects.filter(slug=slug).first() if slug else None
    if connection is None:
        return None
    details = {"connection": connection.slug, SITE: connection.slug, **_short(evidence)}
    return ExceptionFinding(REASON, details, about=connection.name, first=health_places(connection))


def _short(evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"message": " ".join(evidence.get("differences", ())), "url": evidence.get("url", "")}


def is_over(evidence: Mapping[str, Any], site: Mapping[str, str]) -> bool:
    """Return whether the cause was the site's, and is the page's own now."""
    return bool(evidence.get(SITE)) and not site


def unseen(slugs: Sequence[str]) -> OutcomeQuerySet:
    """Return the outcomes that are not proven because of these sites."""
    found = Outcome.objects.unmet().exclude(next_probe_at=None)
    return found.filter(evidence__site__in=list(slugs))


def end(evidence: Mapping[str, Any], *, at: datetime) -> None:
    """Withdraw the exception about a site, once its last page is proven."""
    slug = evidence.get(SITE)
    if not slug or unseen([slug]).exists():
        return
    cases = ExceptionCase.objects.filter(reason=REASON, evidence__site=slug)
    why = _("The pages of the site can be checked again.")
    withdraw_open(cases, by=Actor.system(), at=at, reason=why)


def pages_behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    """Return the pages that each exception about a site stands for."""
    about = {
        str(case.evidence[SITE]): case.pk
        for case in cases
        if case.reason == REASON and case.evidence.get(SITE)
    }
    pages: dict[str, list[str]] = defaultdict(list)
    if about:
        rows = unseen(list(about)).select_related("item").order_by("pk")
        for row in rows:
            pages[row.evidence[SITE]].append(f"{row.item.ref} {row.evidence.get('url', '')}")
    return {about[slug]: _failure(some) for slug, some in pages.items()}


def _failure(pages: Sequence[str]) -> Failure:
    words = ngettext(
        "%(count)s page of this site cannot be checked: %(pages)s",
        "%(count)s pages of this site cannot be checked: %(pages)s",
        len(pages),
    )
    named = ", ".join(pages[:MOST_NAMED])
    if len(pages) > MOST_NAMED:
        named = f"{named}, …"
    return Failure(words % {"count": len(pages), "pages": named}, retried=True)


def all_unseen(rows: Sequence[Outcome]) -> Sequence[ExceptionFinding]:
    """Return one finding for each site that these outcomes have as their cause."""
    found: dict[str, ExceptionFinding] = {}
    for row in rows:
        slug = row.evidence.get(SITE)
        made = finding(row.evidence) if slug and slug not in found else None
        if made is not None:
            found[str(slug)] = made
    return list(found.values())


@react(resolve)
def look_now(cases: Sequence[ExceptionCase], by: Actor, at: datetime) -> None:
    """Look at the pages of the sites again."""
    slugs = [str(case.evidence[SITE]) for case in cases if case.evidence.get(SITE)]
    if slugs:
        items = unseen(slugs).values_list("item_id", flat=True)
        look_at(list(items), Outcome.Kind.LIVE, at)
