"""
Prove outcomes by probing their pages.

Pages are probed again and again, so that a later change by somebody else is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext

from integrations.base.adapter import Permanent, Temporary, Written
from integrations.outbox.models import Outbound
from integrations.proof.look import Proof, probe
from integrations.publishing import site_cases
from integrations.publishing.publish import VERB
from integrations.publishing.site_cases import EVERY_PAGE_ALONE, of_site
from routing.kernel.isolate import isolate
from routing.kernel.queues import Lease, backoff_s, finish, lease
from routing.models import Outcome
from routing.people.actors import Actor
from routing.runs.operations import outcomes

Clock = Callable[[], datetime]
# Longer than any probe. If a worker dies over one, the next worker probes after this.
LEASE = timedelta(minutes=5)
SOON_S, LATEST_S = 5, 3600  # between probes that fail
WATCH = timedelta(hours=6)  # between probes of a proven page
REST = timedelta(minutes=10)  # after a probe of a proven page without an answer
GONE_AFTER = timedelta(hours=6)  # without an answer, a proven page counts as gone
DECAYS_AFTER = 2  # failed probes in a row: a single one may have met a deployment
RAISES_AFTER = 5  # failed probes of an unproven page, before an exception is raised


def probe_due(*, clock: Clock, limit: int = 50) -> int:
    """
    Probe every outcome that is due, and return how many were probed.

    It may run several times at once, and it may be killed at any time.

    :param clock: returns the current time, aware; it is read for each probe, because they take time
    """
    due = list(
        Outcome.objects.due(clock())
        .filter(kind=Outcome.Kind.LIVE)
        .order_by("next_probe_at")
        .values_list("pk", flat=True)[:limit]
    )
    probed = 0
    for pk in due:
        held = _take(pk, clock())
        if held is not None:
            probed += isolate(partial(_probe, held, clock), [pk], partial(_broke, held, clock))
    return probed


def _take(pk: int, at: datetime) -> Lease | None:
    """
    Lease the probe of an outcome.

    The end of the lease is its token. Whoever asks for another probe, or ends the watch, moves it,
    and then the result of this probe does not count.
    """

    def take(row: Outcome) -> bool:
        row.probed_at, row.next_probe_at = at, at + LEASE
        marks = {"probed_at": row.probed_at, "next_probe_at": row.next_probe_at}
        Outcome.objects.filter(pk=pk).update(**marks)  # probes are not in history
        return True

    found = lease(Outcome.objects.due(at).filter(pk=pk), take, column="next_probe_at")
    return found[1] if found else None


def _probe(held: Lease, clock: Clock, _ids: Sequence[int]) -> int:
    sent = _sent(held.row_id)
    if sent is None:
        return 0
    written = Written(sent.remote_id, sent.url, sent.evidence)
    try:
        found = probe(sent.connection, sent.content, written)
    except Temporary as error:
        _later(held, str(error), clock(), url=sent.url, site=of_site(sent.connection, True))
    except Permanent as error:
        _judge(held, Proof([str(error)], {"url": sent.url}), clock())
    else:
        _judge(held, found, clock(), of_site(sent.connection, found.of_site))
    return 1


def _sent(pk: int) -> Outbound | None:
    """Return the last delivered message of the outcome's work."""
    row = Outcome.objects.get(pk=pk)
    delivered = Outbound.objects.filter(
        item=row.item_id, verb=VERB, state=Outbound.State.DELIVERED
    ).select_related("connection")
    return delivered.order_by("-pk").first()


def search(pk: int, at: datetime) -> None:
    """Have the external object of an outcome compared, so that the exception offers what to do."""
    sent = _sent(pk)
    if sent is not None:
        Outbound.objects.filter(pk=sent.pk, search_at=None).update(search_at=at)


@contextmanager
def _mine(held: Lease) -> Iterator[Outcome | None]:
    """Open a transaction with the outcome locked, or with None if the lease was lost."""
    with transaction.atomic():
        # Work items before other rows: the order of locks everywhere.
        outcomes.lock_work(held.row_id)
        yield finish(Outcome.objects.all(), held)


def _judge(
    held: Lease, found: Proof, at: datetime, site: Mapping[str, str] = EVERY_PAGE_ALONE
) -> None:
    with _mine(held) as row:
        if row is None:
            return
        by = Actor.system()
        evidence = {
            **found.evidence,
            "differences": list(found.differences)[:20],
            "looked_at": at.isoformat(),
            **site,
        }
        if found.holds:
            outcomes.prove(row.pk, evidence, by=by, at=at)
            site_cases.end(row.evidence, at=at)
            _plan(held, at + WATCH, failures=0, unseen_since=None)
            return
        if not site and row.failures == DECAYS_AFTER - 1:
            search(held.row_id, at)
        # A page with differences was reachable, so the time without an answer starts anew.
        failures = row.failures + 1
        Outcome.objects.filter(pk=row.pk).update(failures=failures, unseen_since=None)
        if row.state == Outcome.State.PROVEN and failures >= DECAYS_AFTER:
            outcomes.decay(row.pk, evidence, by=by, at=at, finding=site_cases.finding(evidence))
        elif row.state == Outcome.State.EXPECTED or site_cases.is_over(row.evidence, site):
            Outcome.objects.filter(pk=row.pk).update(evidence=evidence)
            if failures == RAISES_AFTER and row.state == Outcome.State.EXPECTED:
                outcomes.miss(row.pk, evidence, at=at, finding=site_cases.finding(evidence))
            if site_cases.is_over(row.evidence, site):
                site_cases.end(row.evidence, at=at)
        _again(held, failures, at)


def _unseen(row: Outcome, url: str, why: str, at: datetime, site: Mapping[str, str]) -> bool:
    """
    Count a probe without an answer. After hours of these, the outcome decays.

    It does not decay if no other page was reachable either, because then our own network may be
    down. Returns whether it decayed now.
    """
    since = row.unseen_since or at
    Outcome.objects.filter(pk=row.pk).update(unseen_since=since)
    if row.state != Outcome.State.PROVEN or at - since < GONE_AFTER or not _we_see(url, since):
        return False
    words = gettext("The page has been unreachable since %(since)s: %(why)s") % {
        "since": since.isoformat(timespec="minutes"),
        "why": why,
    }
    evidence = {"url": url, "differences": [words], "looked_at": at.isoformat(), **site}
    finding = site_cases.finding(evidence)
    return outcomes.decay(row.pk, evidence, by=Actor.system(), at=at, finding=finding)


def _we_see(url: str, since: datetime) -> bool:
    """
    Return whether a page of another site was reachable since then.

    If no other site is watched, assume so.
    """
    parts = urlsplit(url)
    elsewhere = Outcome.objects.exclude(next_probe_at=None).exclude(
        evidence__url__startswith=f"{parts.scheme}://{parts.netloc}/"
    )
    if not elsewhere.exists():
        return True
    return elsewhere.filter(unseen_since=None, probed_at__gte=since).exists()


def _later(
    held: Lease,
    why: str,
    at: datetime,
    *,
    url: str = "",
    site: Mapping[str, str] = EVERY_PAGE_ALONE,
) -> None:
    """
    Plan another probe after one without an answer.

    That proves nothing either way, so it does not count against a proven page.

    :param url: the page without an answer, or empty if it was not requested
    """
    with _mine(held) as row:
        if row is None:
            return
        decayed = bool(url) and _unseen(row, url, why, at, site)
        if row.state == Outcome.State.PROVEN and not decayed:
            _plan(held, at + REST)
            return
        failures = row.failures + 1
        Outcome.objects.filter(pk=row.pk).update(failures=failures)
        if failures == RAISES_AFTER and row.state == Outcome.State.EXPECTED:
            evidence = {"url": url, "differences": [why], **site}
            Outcome.objects.filter(pk=row.pk).update(evidence=evidence)
            outcomes.miss(row.pk, evidence, at=at, finding=site_cases.finding(evidence))
        _again(held, failures, at)


def _broke(held: Lease, clock: Clock, _pk: int, why: str) -> None:
    """Plan another probe after an unexpected error."""
    _later(held, why, clock())


def _again(held: Lease, failures: int, at: datetime) -> None:
    wait_s = backoff_s(failures + 1, key=held.row_id, first_s=SOON_S, cap_s=LATEST_S)
    _plan(held, at + timedelta(seconds=wait_s))


def _plan(held: Lease, next_at: datetime, **values: Any) -> None:
    """Set the time of the next probe, unless this probe's result has ended the watch."""
    held.of(Outcome.objects.all()).update(next_probe_at=next_at, **values)
