"""
Prove outcomes by probing their pages.

Pages are probed again and again, so that a later change by somebody else is noticed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext

from delivery.deliverables.launches import newest_launch
from integrations.base.adapter import Permanent, Temporary, Written
from integrations.http.network import within
from integrations.outbox.models import Outbound
from integrations.proof.compare import VERSION
from integrations.proof.leases import DECAYS_AFTER, REST, WATCH, again, mine, plan, take
from integrations.proof.look import Proof, probe
from integrations.publishing import site_cases
from integrations.publishing.launches import look_at_launch, was_seen
from integrations.publishing.publish import VERB
from integrations.publishing.site_cases import EVERY_PAGE_ALONE, of_site
from routing.kernel.isolate import isolate
from routing.kernel.queues import Lease
from routing.models import Outcome
from routing.people.actors import Actor
from routing.runs.operations import outcomes

Clock = Callable[[], datetime]
TOTAL_S = 60.0  # of one probe, the page and all its images
STRETCH = timedelta(seconds=20)  # of one task, before others have their turn
MOST = 500  # due outcomes among which the sites take turns
GONE_AFTER = timedelta(hours=6)  # without an answer, a proven page counts as gone
MOST_KEPT = 20  # differences of a page
RAISES_AFTER = 5  # failed probes of an unproven page, before an exception is raised


def probe_due(*, clock: Clock, limit: int = 50, worker: UUID | None = None) -> int:
    """
    Probe every outcome that is due, and return how many were probed.

    It may run several times at once, and it may be killed at any time.

    :param clock: returns the current time, aware; it is read for each probe, because they take time
    :param worker: the id of a process with a heartbeat. Without one, a lease ends by time alone.
    """
    probed, silent, until = 0, set[int | None](), clock() + STRETCH
    for pk, site in _in_turns(clock())[:limit]:
        if clock() > until:
            break
        held = None if site in silent else take(pk, clock(), worker)
        if held is not None:
            probe_one = partial(_probe, held, clock, silent)
            probed += isolate(probe_one, [pk], partial(_broke, held, clock))
    return probed


def _in_turns(at: datetime) -> list[tuple[int, int | None]]:
    """
    Return the due outcomes with their connections, each connection in turn.

    Otherwise all pages of a site that does not answer would come before those of other sites.
    """
    sent = Outbound.objects.filter(
        item=OuterRef("item"), verb=VERB, state=Outbound.State.DELIVERED
    ).order_by("-pk")
    due = Outcome.objects.due(at).filter(kind__in=Outcome.probed_kinds)
    found = due.order_by("next_probe_at", "pk").annotate(
        site=Subquery(sent.values("connection")[:1])
    )
    before: Counter[int | None] = Counter()
    turns = []
    for pk, site in found.values_list("pk", "site")[:MOST]:
        turns.append((before[site], pk, site))
        before[site] += 1
    turns.sort(key=itemgetter(0))
    return [(pk, site) for _turn, pk, site in turns]


def _probe(held: Lease, clock: Clock, silent: set[int | None], _ids: Sequence[int]) -> int:
    """
    Probe one outcome.

    :param silent: gets the connection if its page did not answer, so that its other pages wait
    """
    row = Outcome.objects.get(pk=held.row_id)
    if row.kind == Outcome.Kind.LAUNCHED:
        return _probe_launch(held, row, clock)
    sent = _sent(row)
    if sent is None:
        return 0
    written = Written(sent.remote_id, sent.url, sent.evidence)
    # What stood around the content when it was proven. The first version did not look, so whatever
    # is there is reported.
    first = row.state == Outcome.State.PROVEN and row.proof_version < VERSION
    frame = row.evidence.get("frame") or ({"beside": {}} if first else None)
    try:
        with within(TOTAL_S):
            found = probe(sent.connection, sent.content, written, frame)
    except Temporary as error:
        silent.add(sent.connection_id)
        _later(held, str(error), clock(), url=sent.url, site=of_site(sent.connection, True))
    except Permanent as error:
        _judge(held, Proof([str(error)], {"url": sent.url}), clock())
    else:
        _judge(held, found, clock(), of_site(sent.connection, found.of_site))
    return 1


def _probe_launch(held: Lease, row: Outcome, clock: Clock) -> int:
    """
    Probe the address of a launch by hand.

    Some channels show their pages to people who sign in only. There the screenshot is the proof,
    and an address that has never answered is no reason against it.
    """
    launch = newest_launch(row.item_id)
    if launch is None or not launch.address:
        return 0
    rests_on_picture = row.state == Outcome.State.PROVEN and not was_seen(row.evidence)
    try:
        with within(TOTAL_S):
            found = look_at_launch(launch)
    except Temporary as error:
        _later(held, str(error), clock(), url="" if rests_on_picture else launch.address)
        return 1
    if rests_on_picture and not found.holds:
        plan(held, clock() + WATCH)
    else:
        _judge(held, found, clock())
    return 1


def _sent(row: Outcome) -> Outbound | None:
    """Return the last delivered message of the outcome's work."""
    delivered = Outbound.objects.filter(
        item=row.item_id, verb=VERB, state=Outbound.State.DELIVERED
    ).select_related("connection")
    return delivered.order_by("-pk").first()


def search(row: Outcome, at: datetime) -> None:
    """Have the external object of an outcome compared, so that the exception offers what to do."""
    sent = _sent(row)
    if sent is not None:
        Outbound.objects.filter(pk=sent.pk, search_at=None).update(search_at=at)


def _judge(
    held: Lease, found: Proof, at: datetime, site: Mapping[str, str] = EVERY_PAGE_ALONE
) -> None:
    with mine(held) as row:
        if row is None:
            return
        # The owner knows these from the first look of a stricter comparison.
        reported = row.evidence.get("reported", [])
        differences = [each for each in found.differences if each not in reported]
        evidence = {
            **found.evidence,
            "differences": differences[:MOST_KEPT],
            "looked_at": at.isoformat(),
            **site,
        }
        if found.differences and reported:
            evidence["reported"] = reported
        if _settled(row, found, evidence, at):
            site_cases.end(row.evidence, at=at)
            plan(held, at + WATCH, failures=0, unseen_since=None)
            return
        if not site and row.failures == DECAYS_AFTER - 1:
            search(row, at)
        # A page with differences was reachable, so the time without an answer starts again.
        failures = row.failures + 1
        Outcome.objects.filter(pk=row.pk).update(failures=failures, unseen_since=None)
        # The frame of a changed page does not take the place of that of the proven one.
        evidence["frame"] = row.evidence.get("frame")
        if row.state == Outcome.State.PROVEN and failures >= DECAYS_AFTER:
            finding = site_cases.finding(evidence)
            outcomes.decay(row.pk, evidence, by=Actor.system(), at=at, finding=finding)
        elif row.state == Outcome.State.EXPECTED or site_cases.is_over(row.evidence, site):
            Outcome.objects.filter(pk=row.pk).update(evidence=evidence)
            if failures == RAISES_AFTER and row.state == Outcome.State.EXPECTED:
                outcomes.miss(row.pk, evidence, at=at, finding=site_cases.finding(evidence))
            if site_cases.is_over(row.evidence, site):
                site_cases.end(row.evidence, at=at)
        again(held, failures, at)


def _settled(row: Outcome, found: Proof, evidence: dict[str, Any], at: datetime) -> bool:
    """
    Prove the outcome if nothing differs but what the owner knows. Return whether it is proven.

    The first look at a proven page with a stricter comparison reports what differs, and ends no
    proof by itself.
    """
    proven = row.state == Outcome.State.PROVEN
    older = row.proof_version < VERSION
    if not evidence["differences"]:
        version = VERSION if found.holds else row.proof_version
        if not proven:
            outcomes.prove(row.pk, evidence, by=Actor.system(), at=at, version=version)
        elif older and found.holds:
            outcomes.confirm(row, evidence, version=VERSION, at=at)
        return True
    if proven and older and found.stricter and "reported" not in row.evidence:
        reported = {"differences": [], "reported": list(found.differences)}
        outcomes.report(row, {**evidence, **reported}, at=at)
        return True
    return False


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
    watched = Outcome.objects.filter(kind=Outcome.Kind.LIVE).exclude(next_probe_at=None)
    elsewhere = watched.exclude(evidence__url__startswith=f"{parts.scheme}://{parts.netloc}/")
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
    with mine(held) as row:
        if row is None:
            return
        decayed = bool(url) and _unseen(row, url, why, at, site)
        if row.state == Outcome.State.PROVEN and not decayed:
            plan(held, at + REST)
            return
        failures = row.failures + 1
        Outcome.objects.filter(pk=row.pk).update(failures=failures)
        if failures == RAISES_AFTER and row.state == Outcome.State.EXPECTED:
            evidence = {"url": url, "differences": [why], **site}
            Outcome.objects.filter(pk=row.pk).update(evidence=evidence)
            outcomes.miss(row.pk, evidence, at=at, finding=site_cases.finding(evidence))
        again(held, failures, at)


def _broke(held: Lease, clock: Clock, _pk: int, why: str) -> None:
    """Plan another probe after an unexpected error."""
    _later(held, why, clock())
