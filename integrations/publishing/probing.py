"""
Prove outcomes by looking: the page as anybody sees it, again and again, so that what decays is
noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from django.db.models import F
from django.utils.translation import gettext

from integrations.base.adapter import Permanent, Temporary, Written
from integrations.outbox.models import Outbound
from integrations.proof.look import Proof, probe
from integrations.publishing.publish import VERB
from routing.kernel.isolate import isolate
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
    return sum(isolate(partial(_look, clock), [pk], partial(_later, clock)) for pk in due)


def _look(clock: Clock, ids: list[int]) -> int:
    at, [pk] = clock(), ids
    mine = Outcome.objects.due(at).filter(pk=pk).update(next_probe_at=at + LEASE, probed_at=at)
    sent = _sent(pk) if mine else None
    if sent is None:
        return 0
    try:
        found = probe(
            sent.connection, sent.content, Written(sent.remote_id, sent.url, sent.evidence)
        )
    except Temporary as error:
        _unseen(pk, sent.url, str(error), clock())
        _later(clock, pk, str(error))
    except Permanent as error:
        _judge(pk, Proof([str(error)], {"url": sent.url}), clock())
    else:
        _judge(pk, found, clock())
    return 1


def _sent(pk: int) -> Outbound | None:
    """Return the last delivered message of the outcome's work."""
    row = Outcome.objects.get(pk=pk)
    delivered = Outbound.objects.filter(
        item=row.item_id, verb=VERB, state=Outbound.State.DELIVERED
    ).select_related("connection")
    return delivered.order_by("-pk").first()


def _judge(pk: int, found: Proof, at: datetime) -> None:
    Outcome.objects.filter(pk=pk).exclude(unseen_since=None).update(unseen_since=None)
    by, evidence = (
        Actor.system(),
        {
            **found.evidence,
            "differences": list(found.differences)[:20],
            "looked_at": at.isoformat(),
        },
    )
    if found.holds:
        outcomes.prove(pk, evidence, by=by, at=at)
        Outcome.objects.filter(pk=pk).exclude(next_probe_at=None).update(
            next_probe_at=at + WATCH, failures=0
        )
        return
    Outcome.objects.filter(pk=pk).update(failures=F("failures") + 1)
    row = Outcome.objects.get(pk=pk)
    if row.state == Outcome.State.PROVEN and row.failures >= DECAYS_AFTER:
        outcomes.decay(pk, evidence, by=by, at=at)
    elif row.state == Outcome.State.EXPECTED:
        Outcome.objects.filter(pk=pk).update(evidence=evidence)
        if row.failures == TELLS_AFTER:
            outcomes.miss(pk, evidence, at=at)
    _again(row, at)


def _unseen(pk: int, url: str, why: str, at: datetime) -> None:
    """
    Mark outcomes as lapsed after hours without access, unless we cannot reach anything ourselves.
    """
    Outcome.objects.filter(pk=pk, unseen_since=None).update(unseen_since=at)
    row = Outcome.objects.get(pk=pk)
    since = row.unseen_since or at
    if row.state == Outcome.State.PROVEN and at - since >= GONE_AFTER and _we_see(url, since):
        words = gettext("The page has been unreachable since %(since)s: %(why)s") % {
            "since": since.isoformat(timespec="minutes"),
            "why": why,
        }
        outcomes.decay(
            pk,
            {"url": url, "differences": [words], "looked_at": at.isoformat()},
            by=Actor.system(),
            at=at,
        )


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


def _later(clock: Clock, pk: int, why: str) -> None:
    """
    It was not looked at: that proves nothing either way, so nothing is counted against what is
    proven.
    """
    row = Outcome.objects.get(pk=pk)
    if row.state == Outcome.State.PROVEN:
        Outcome.objects.filter(pk=pk).exclude(next_probe_at=None).update(
            next_probe_at=clock() + REST
        )
        return
    Outcome.objects.filter(pk=pk).update(failures=F("failures") + 1)
    row.refresh_from_db(fields=["failures"])
    if row.failures == TELLS_AFTER and row.state == Outcome.State.EXPECTED:
        outcomes.miss(pk, {"differences": [why]}, at=clock())
    _again(row, clock())


def _again(row: Outcome, at: datetime) -> None:
    wait_s = min(SOON_S * 2 ** min(row.failures, 12), LATEST_S)
    Outcome.objects.filter(pk=row.pk).exclude(next_probe_at=None).update(
        next_probe_at=at + timedelta(seconds=wait_s)
    )
