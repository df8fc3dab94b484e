"""Changes that a client asks for. Each one has its own event, run and request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.files.base import File as Upload
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.deliverables.details import ReworkDetails
from delivery.deliverables.models import Deliverable
from delivery.progress.operations.submissions import ABOUT, CHANGE, TARGET, submit
from delivery.requests.details import DuplicateDetails
from delivery.requests.models import Request
from delivery.requests.operations import requests
from routing.messages.telling import notify
from routing.people.actors import Actor
from routing.runs.models import Run
from routing.runs.operations import route_runs
from routing.runs.operations.capture import Capture, Captured
from routing.work.door import carry
from routing.work.files import File
from routing.work.gates import GateResult, passed, refused
from routing.work.locking import lock
from routing.work.notes import Note
from routing.work.operations import notes
from routing.work.registry import EventKind, react
from routing.work.visibility import work_seen_by

FLOW = "client-change"
State = Deliverable.State
IN_THE_MAKING = frozenset({*Deliverable.making, *Deliverable.judged, State.APPROVED})
# No step of the deliverable, because work in production changes no state.
CHANGE_ASKED = EventKind.of(Deliverable, "change_asked")
ENDED = frozenset({State.ARCHIVED, State.CANCELLED})


class CannotChange(Exception):
    """A change that is not possible. ``refusal`` gives the reason."""

    def __init__(self, refusal: GateResult) -> None:
        super().__init__(str(refusal.message))
        self.refusal = refusal


def can_change(row: Deliverable) -> GateResult:
    """Return whether a change can be requested. The button and the operation both ask here."""
    if row.state == State.CANCELLED:
        return refused("ended", _("This was cancelled."), clears_by=_("You: send a new request"))
    if row.state == State.ARCHIVED:
        return refused(
            "ended",
            _("This is no longer current."),
            clears_by=_("You: ask for a change to the newer one"),
        )
    return passed("change")


def current(row: Deliverable) -> Deliverable:
    """Return the target of a change: the replacement in production, if there is one."""
    # A change of the live page would be lost as soon as the replacement is live.
    successor = row.replaced_by.exclude(state__in=ENDED).select_related("item").first()
    return successor or row


def ask_change(
    target_id: int,
    answers: Mapping[str, Any],
    *,
    token: str,
    uploads: Sequence[Upload[Any]] = (),
    by: Actor,
    at: datetime,
) -> Captured:
    """
    Capture a change of a deliverable that ``by`` sees, once however often the form is sent.

    A deliverable in production is returned for rework in the same transaction.

    :param answers: JSON values by the names of the flow's fields
    :raises Deliverable.DoesNotExist: if ``by`` may not see it
    :raises PermissionDenied: if ``by`` may not request changes for its client
    :raises CannotChange: if it was cancelled or is no longer current
    :raises NotKept: if a file is refused; then nothing is captured
    """
    with transaction.atomic():
        # Until the work is back in rework, nobody may approve or publish it.
        lock(Deliverable, [target_id], below=True)
        seen = Deliverable.objects.filter(item__in=work_seen_by(by).order_by())
        row = seen.select_related("item__client").get(pk=target_id)
        if not (answer := can_change(row)).passed:
            raise CannotChange(answer)
        about = current(row)
        captured = submit(
            FLOW,
            {**answers, ABOUT: f"{about.item.ref} {about.item.title}"},
            client_id=row.item.client_id or 0,
            token=token,
            uploads=uploads,
            by=by,
            at=at,
            kind=CHANGE,
            more={TARGET: about.pk},
        )
        if captured.outcome is Capture.NEW and about.state in IN_THE_MAKING:
            take_back(about, str(answers.get("request.details", "")), by=by, at=at)
    return captured


def take_back(row: Deliverable, wanted: str, *, by: Actor, at: datetime) -> None:
    """
    Return work for rework, note the change on it, and notify its owners and assignee.

    The return withdraws its open approvals.
    """
    why = str(_("The client asked for a change."))
    if row.state == State.APPROVED:
        carry(deliverables.reopen, [row.pk], by=by, at=at, reason=why)
    elif row.state in Deliverable.judged:
        counts = row.state == State.IN_CLIENT_REVIEW
        carry(
            deliverables.return_for_rework,
            [row.pk],
            by=by,
            at=at,
            reason=why,
            details=ReworkDetails(counts),
        )
    # The files that were sent with the form: they were stored at the same instant.
    files = list(
        File.objects.kept().filter(uploader=by.user_id, client=row.item.client, uploaded_at=at)
    )
    notes.write(
        row.item,
        body=wanted,
        audience=Note.Audience.CLIENT,
        files=files,
        by=by,
        at=at,
        quiet=True,
    )
    notify(CHANGE_ASKED, [row], by=by, at=at)


@react(route_runs.BEGIN)
def join(rows: Sequence[Run], by: Actor, at: datetime) -> None:
    """
    Merge a change of work in production into that work.

    The request of the change ends as a duplicate, and its run with it.
    """
    about = Request.objects.filter(
        item__run__in=[row.pk for row in rows],
        kind=Request.Kind.CHANGE,
        state=Request.State.CAPTURED,
    )
    for row in about.filter(target__state__in=IN_THE_MAKING).select_related("target"):
        reason = str(_("The target is still in production, so the change is made there."))
        assert row.target is not None  # filtered by the state of the target
        # The run ends with its request: see `ending`.
        carry(
            requests.mark_duplicate,
            [row.pk],
            by=Actor.system(),
            at=at,
            reason=reason,
            details=DuplicateDetails(row.target.request_id),
        )
