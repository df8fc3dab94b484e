"""Expect what the version of a run says must be proven, once the work of the run is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.runs.models import Run
from routing.runs.operations import migrating, outcomes, runs
from routing.runs.outcomes import AWAITS, DOCUMENT, Outcome
from routing.runs.proofs import VersionProof
from routing.work.registry import react

INVOICE_TIMEBOX = timedelta(days=5)
KINDS = tuple(VersionProof.Kind.values)


@react(runs.await_outcome)
def await_proofs(rows: Sequence[Run], by: Actor, at: datetime) -> None:
    """
    Expect the proofs of each version, and complete the runs whose outcomes were proven before the
    last work was delivered.
    """
    _expect(rows, at)
    outcomes.complete([row.pk for row in rows], at=at)


@react(migrating.migrate)
def await_other_proofs(rows: Sequence[Run], by: Actor, at: datetime) -> None:
    """Expect of runs that await their outcome what their new version asks for, and no more."""
    awaiting = [row for row in rows if row.state == Run.State.AWAITING_OUTCOME]
    if not awaiting:
        return
    _expect(awaiting, at)
    asked = _asked(awaiting)
    for kind in KINDS:
        needless = [row.item_id for row in awaiting if kind not in asked[row.version_id]]
        outcomes.supersede(needless, by=Actor.system(), at=at, kinds=[kind])


def _asked(rows: Sequence[Run]) -> dict[int, dict[str, VersionProof]]:
    """Return the proofs that versions ask for, by version id and kind."""
    asked: dict[int, dict[str, VersionProof]] = defaultdict(dict)
    for proof in VersionProof.objects.filter(version__in={row.version_id for row in rows}):
        asked[proof.version_id][proof.kind] = proof
    return asked


def _expect(rows: Sequence[Run], at: datetime) -> None:
    for version, proofs in _asked(rows).items():
        items = [row.item for row in rows if row.version_id == version]
        for kind, proof in proofs.items():
            expected = proof.expected
            outcomes.expect(items, kind, by=Actor.system(), at=at, evidence=expected)
            by_person = expected.get(AWAITS) == DOCUMENT
            first = at + INVOICE_TIMEBOX if by_person else at
            outcomes.look_at([item.pk for item in items], kind, first)


def miss_invoices(*, at: datetime, limit: int = 200) -> int:
    """
    Raise an exception for each invoice that nobody recorded in time, and count them.

    The owner of the work then records it, or an operations lead waives the proof.
    """
    invoices = Outcome.objects.filter(
        kind=Outcome.Kind.INVOICE_SENT, evidence__contains={AWAITS: DOCUMENT}
    )
    why = _("Nobody has recorded the invoice. Record it on the page of the run.")
    return outcomes.miss_late(invoices, Reason.PROOF_MISSING, why, at=at, limit=limit)
