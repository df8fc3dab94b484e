"""
Objects that another system merged or deleted, and the runs about them.

After a merge one run follows to the surviving object, and the others end as duplicates. A run whose
object was deleted goes on until a person decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.kernel.facts import Subject
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.runs.details import FollowDetails
from routing.runs.models import Run
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.runs.operations.runs import cancel
from routing.runs.registry import SubjectMove, duplicate_enders, subject_followers
from routing.work.door import carry, operation

FOLLOW = operation(
    Run,
    "follow",
    gettext_lazy("Follow to the surviving object"),
    done=gettext_lazy("%(who)s moved the run to the object that survived a merge"),
    system=True,
    through_hold=True,
    details=FollowDetails,
)


def move_runs(move: SubjectMove, runs: Sequence[Run], at: datetime) -> None:
    """
    Let the open runs about these objects follow, or tell their owners that the object is gone.

    :param runs: the open runs about the objects of the move, locked
    """
    for follow in subject_followers():
        follow(move, at)
    by_flow: dict[int, list[Run]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: run.pk):
        by_flow[run.flow_id].append(run)
    for some in by_flow.values():
        if move.into is None:
            _tell_of_deletion(some, at)
        else:
            _merge(some, move.into, at)


def _merge(runs: Sequence[Run], into: Subject, at: datetime) -> None:
    """End all runs but one as duplicates, and let that one follow."""
    # The oldest has the longest story, unless only another one has work that was accepted.
    survivor = runs[0]
    left: list[Run] = []
    for other in runs[1:]:
        if _end(other, survivor, into, at):
            continue
        if _end(survivor, other, into, at):
            survivor = other
        else:
            left.append(other)
    for other in left:
        _ask(other, survivor, into, at)
    # A run with work of its own that is about the surviving object itself keeps it.
    if survivor.subject != into and all(other.subject != into for other in left):
        carry(
            FOLLOW,
            [survivor.pk],
            by=Actor.system(),
            at=at,
            reason=_merged(into),
            details=FollowDetails({survivor.pk: into.id}),
        )


def _merged(into: Subject) -> str:
    return _("Merged in the other system into %(type)s %(id)s.") % {
        "type": into.type,
        "id": into.id,
    }


def _end(other: Run, survivor: Run, into: Subject, at: datetime) -> bool:
    """End a run as a duplicate. Return False if its work must not end by itself."""
    why = _("Duplicate of %(ref)s. %(merged)s") % {
        "ref": survivor.item.ref,
        "merged": _merged(into),
    }
    if not all(end(other, survivor, why, at) for end in duplicate_enders()):
        return False
    open_ = Run.objects.filter(pk=other.pk, item__is_open=True).values_list("pk", flat=True)
    if ids := list(open_):
        carry(cancel, ids, by=Actor.system(), at=at, reason=why)
    return True


def _ask(other: Run, survivor: Run, into: Subject, at: datetime) -> None:
    """Ask a person: both runs have work that was accepted."""
    message = _("%(merged)s Both runs have accepted work. The other one is %(ref)s.") % {
        "merged": _merged(into),
        "ref": survivor.item.ref,
    }
    evidence = {"message": message}
    finding = ExceptionFinding(Reason.CONFLICTING_DUPLICATE, evidence, item=other.item, run=other)
    raise_exception(finding, at=at)


def _tell_of_deletion(runs: Sequence[Run], at: datetime) -> None:
    for run in runs:
        message = _("%(type)s %(id)s was deleted in the other system. Cancel the run or go on.") % {
            "type": run.subject_type,
            "id": run.subject_id,
        }
        evidence = {"message": message}
        finding = ExceptionFinding(Reason.REMOTE_CONFLICT, evidence, item=run.item, run=run)
        raise_exception(finding, at=at)
