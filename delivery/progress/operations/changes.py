"""
Changes that a client asks for, of what is made for them or is live: a new event, run and request
each time.
"""

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
from routing.messages.models import Notification
from routing.messages.operations import tell_owners, write
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
from routing.work.registry import react
from routing.work.visibility import work_seen_by

FLOW = "client-change"
State = Deliverable.State
IN_THE_MAKING = frozenset({*Deliverable.making, *Deliverable.judged, State.APPROVED})
ENDED = frozenset({State.ARCHIVED, State.CANCELLED})


class CannotChange(Exception):
    """``refusal`` says why, and what to do."""

    def __init__(self, refusal: GateResult) -> None:
        super().__init__(str(refusal.message))
        self.refusal = refusal


def can_change(row: Deliverable) -> GateResult:
    """Return whether a change may be requested. The button and the operation share the answer."""
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
    Capture a change of a deliverable that ``by`` sees, once however often it is sent.

    What is still in the making goes back to whoever makes it in the same transaction, with what is
    wanted, so that nobody approves or publishes it meanwhile.

    :param answers: JSON values by the names of the flow's fields
    :raises Deliverable.DoesNotExist: if ``by`` may not see it
    :raises PermissionDenied: if ``by`` may not ask for its client
    :raises CannotChange: see ``can_change``
    :raises NotKept: if a file is refused; then nothing is captured
    """
    with transaction.atomic():
        lock(Deliverable, [target_id], below=True)
        seen = Deliverable.objects.filter(item__in=work_seen_by(by).order_by()).select_related(
            "item__client"
        )
        row = seen.get(pk=target_id)
        if not (answer := can_change(row)).passed:
            raise CannotChange(answer)
        about = current(row)
        facts = {**answers, ABOUT: f"{about.item.ref} {about.item.title}"}
        client = row.item.client_id or 0
        captured = submit(
            FLOW,
            facts,
            client_id=client,
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
    To rework, which takes its open questions back; what is wanted stands on its page, and its
    people are told.
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
    files = list(
        File.objects.kept().filter(uploader=by.user_id, client=row.item.client, uploaded_at=at)
    )  # sent with it
    notes.write(row.item, body=wanted, audience=Note.Audience.CLIENT, files=files, by=by, at=at)
    cause = at.isoformat(timespec="seconds")
    tell_owners([row.item], Notification.Words.CHANGES, by=by, at=at, cause=cause)
    doer = row.item.doer_id
    if doer is not None and doer != row.item.owner_id:
        key = f"{Notification.Words.CHANGES}:{row.item_id}:{doer}:{cause}"
        write(
            [
                Notification(
                    recipient_id=doer,
                    item=row.item,
                    words=Notification.Words.CHANGES,
                    dedupe_key=key,
                    at=at,
                )
            ],
            at=at,
        )


@react(route_runs.BEGIN)
def join(rows: Sequence[Run], by: Actor, at: datetime) -> None:
    """
    A change of what is still in the making is part of the work on that: its own request and run end
    here.
    """
    about = Request.objects.filter(
        item__run__in=[row.pk for row in rows],
        kind=Request.Kind.CHANGE,
        state=Request.State.CAPTURED,
    )
    for row in about.filter(target__state__in=IN_THE_MAKING).select_related("target"):
        reason = str(_("The target is still in production, so the change is made there."))
        assert row.target is not None  # it is filtered by its state
        carry(
            requests.mark_duplicate,
            [row.pk],
            by=Actor.system(),
            at=at,
            reason=reason,
            details=DuplicateDetails(row.target.request_id),
        )
