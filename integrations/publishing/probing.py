"""
Prove outcomes by looking: the page as anybody sees it, again and again, so that what decays is
noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from integrations.publishing.publish import VERB
from routing.kernel.isolate import isolate
from routing.kernel.queues import Lease, backoff_s, finish, lease
from routing.models import Outcome
from routing.people.actors import Actor
from routing.runs.operations import outcomes

Clock = Callable[[], datetime]
# Longer than any look takes: whoever dies over one leaves it to the next.
LEASE = timedelta(minutes=5)
SOON_S, LATEST_S = 5, 3600  # between looks that do not find it
WATCH = timedelta(hours=6)  # between looks at what is proven
REST = timedelta(minutes=10)  # before what is proven and could not be looked at is looked at again
GONE_AFTER = timedelta(hours=6)  # without a look that was answered
DECAYS_AFTER = 2  # looks in a row: one may have met a deployment
TELLS_AFTER = 5


def probe_due(*, clock: Clock, limit: int = 50) -> int:
    """
    Look at every outcome that is due; how many were looked at. Safe to run many times at once, and
    to be killed.

    :param clock: says the instant, aware; asked anew for each look, because the other side takes
        its time
    """
    due = list(
        Outcome.objects.due(clock())
        .filter(kind=Outcome.Kind.LIVE)
        .order_by("next_probe_at")
        .values_list("pk", flat=True)[:limit]
    )
    looked = 0
    for pk in due:
        held = _take(pk, clock())
        if held is not None:
            looked += isolate(partial(_look, held, clock), [pk], partial(_broke, held, clock))
    return looked


def _take(pk: int, at: datetime) -> Lease | None:
    """
    Lease the look at an outcome. The end of the lease is its token: whoever wants another look, or
    none any more, moves it, and this one does not count.
    """

    def take(row: Outcome) -> bool:
        row.probed_at, row.next_probe_at = at, at + LEASE
        marks = {"probed_at": row.probed_at, "next_probe_at": row.next_probe_at}
        Outcome.objects.filter(pk=pk).update(**marks)  # looks are in no history
        return True

    found = lease(Outcome.objects.due(at).filter(pk=pk), take, column="next_probe_at")
    return found[1] if found else None


def _look(held: Lease, clock: Clock, _ids: Sequence[int]) -> int:
    sent = _sent(held.row_id)
    if sent is None:
        return 0
    try:
        found = probe(
            sent.connection, sent.content, Written(sent.remote_id, sent.url, sent.evidence)
        )
    except Temporary as error:
        _later(held, str(error), clock(), url=sent.url)
    except Permanent as error:
        _judge(held, Proof([str(error)], {"url": sent.url}), clock())
    else:
        _judge(held, found, clock())
    return 1


def _sent(pk: int) -> Outbound | None:
    """Return the last delivered message of the outcome's work."""
    row = Outcome.objects.get(pk=pk)
    delivered = Outbound.objects.filter(
        item=row.item_id, verb=VERB, state=Outbound.State.DELIVERED
    ).select_related("connection")
    return delivered.order_by("-pk").first()


@contextmanager
def _mine(held: Lease) -> Iterator[Outcome | None]:
    """In a transaction: the outcome, locked after its work as everywhere; None if it was lost."""
    with transaction.atomic():
        outcomes.lock_work(held.row_id)
        yield finish(Outcome.objects.all(), held)


def _judge(held: Lease, found: Proof, at: datetime) -> None:
    with _mine(held) as row:
        if row is None:
            return
        by, evidence = (
            Actor.system(),
            {
                **found.evidence,
                "differences": list(found.differences)[:20],
                "looked_at": at.isoformat(),
            },
        )
        if found.holds:
            outcomes.prove(row.pk, evidence, by=by, at=at)
            _plan(held, at + WATCH, failures=0, unseen_since=None)
            return
        failures = row.failures + 1
        Outcome.objects.filter(pk=row.pk).update(failures=failures, unseen_since=None)
        if row.state == Outcome.State.PROVEN and failures >= DECAYS_AFTER:
            outcomes.decay(row.pk, evidence, by=by, at=at)
        elif row.state == Outcome.State.EXPECTED:
            Outcome.objects.filter(pk=row.pk).update(evidence=evidence)
            if failures == TELLS_AFTER:
                outcomes.miss(row.pk, evidence, at=at)
        _again(held, failures, at)


def _unseen(row: Outcome, url: str, why: str, at: datetime) -> bool:
    """
    Mark outcomes as lapsed after hours without access, unless we cannot reach anything ourselves;
    True if it lapsed now.
    """
    since = row.unseen_since or at
    Outcome.objects.filter(pk=row.pk).update(unseen_since=since)
    if row.state != Outcome.State.PROVEN or at - since < GONE_AFTER or not _we_see(url, since):
        return False
    words = gettext("The page has been unreachable since %(since)s: %(why)s") % {
        "since": since.isoformat(timespec="minutes"),
        "why": why,
    }
    evidence = {"url": url, "differences": [words], "looked_at": at.isoformat()}
    return outcomes.decay(row.pk, evidence, by=Actor.system(), at=at)


def _we_see(url: str, since: datetime) -> bool:
    """
    Return whether a page of another site was reachable.

    If no other site is watched, nothing can tell.
    """
    there = urlsplit(url)
    elsewhere = Outcome.objects.exclude(next_probe_at=None).exclude(
        evidence__url__startswith=f"{there.scheme}://{there.netloc}/"
    )
    return (
        not elsewhere.exists() or elsewhere.filter(unseen_since=None, probed_at__gte=since).exists()
    )


def _later(held: Lease, why: str, at: datetime, *, url: str = "") -> None:
    """
    It was not looked at: that proves nothing either way, so nothing is counted against what is
    proven.

    :param url: the page that gave no answer; empty if it was not even asked for
    """
    with _mine(held) as row:
        if row is None:
            return
        decayed = bool(url) and _unseen(row, url, why, at)
        if row.state == Outcome.State.PROVEN and not decayed:
            _plan(held, at + REST)
            return
        failures = row.failures + 1
        Outcome.objects.filter(pk=row.pk).update(failures=failures)
        if failures == TELLS_AFTER and row.state == Outcome.State.EXPECTED:
            outcomes.miss(row.pk, {"differences": [why]}, at=at)
        _again(held, failures, at)


def _broke(held: Lease, clock: Clock, _pk: int, why: str) -> None:
    """An error that nobody foresaw."""
    _later(held, why, clock())


def _again(held: Lease, failures: int, at: datetime) -> None:
    wait_s = backoff_s(failures + 1, key=held.row_id, first_s=SOON_S, cap_s=LATEST_S)
    _plan(held, at + timedelta(seconds=wait_s))


def _plan(held: Lease, next_at: datetime, **values: Any) -> None:
    """Say when to look next, unless what followed from this look has ended the watch."""
    held.of(Outcome.objects.all()).update(next_probe_at=next_at, **values)
