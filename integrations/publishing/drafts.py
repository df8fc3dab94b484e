"""
The action Prepare a CMS draft of a flow, and the step that removes such drafts.

The draft is a page that readers do not see. It is written by the outbox, under a mark of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.deliverables.plain_text import lines, one_line
from delivery.models import Request
from delivery.requests.operations import requests
from integrations.adapters.registry import adapter_of
from integrations.base.adapter import TRASH
from integrations.outbox.enqueue import NewMessage, enqueue
from integrations.outbox.models import Outbound
from integrations.outbox.outcomes import on_delivered
from integrations.outbox.rows import digest_of
from integrations.publishing.draft_objects import DRAFT, draft_key, drafts
from integrations.publishing.publish import VERB, connection_of
from routing.flows.actions import (
    ActionInput,
    ActionKind,
    ActionRefused,
    InputChoice,
    action_kind,
)
from routing.kernel.roles import AM, OPS
from routing.kernel.slugs import slug_of
from routing.models import Destination, Run
from routing.people.actors import Actor
from routing.runs.operations import runs
from routing.runs.registry import RoutedRun
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.foresight import Consequence, foresee
from routing.work.gates import GateContext, GateResult, passed, refused
from routing.work.registry import react

WHERE, TITLE, TEXT = "destination", "title", "text"
OF_CLIENT = "client"
LONGEST_TITLE, LONGEST_TEXT, LONGEST_SLUG = 200, 50_000, 60
_PARAGRAPHS = re.compile(r"\n\s*\n")


# -- The action ------------------------------------------------------------------------------------


def destinations() -> list[InputChoice]:
    """Return the destination of the client of each run, and every active one by its name."""
    rows = Destination.objects.filter(is_active=True).select_related("client")
    return [
        InputChoice(OF_CLIENT, gettext_lazy("The client's destination")),
        *(
            InputChoice(str(row.pk), str(row), f"{row.client.code}: {row.name}")
            for row in rows.order_by("client__name", "name")
        ),
    ]


def prepare(jobs: Sequence[RoutedRun], by: Actor, at: datetime) -> Mapping[int, ActionRefused]:
    """Queue a message for the draft of each run, which the outbox sends and reads back."""
    refusals: dict[int, ActionRefused] = {}
    wanted = []
    for job in jobs:
        try:
            wanted.append(_message(job))
        except _Refused as why:
            refusals[job.run.pk] = ActionRefused(str(why))
    enqueue(wanted, by=by, at=at)
    return refusals


class _Refused(Exception):
    """The draft cannot be prepared. The message says why, and what to do."""


def _message(job: RoutedRun) -> NewMessage:
    """:raises _Refused: if something is missing, or the system would not take it"""
    destination = _destination(job)
    connection = connection_of(destination)
    adapter = adapter_of(connection.kind) if connection else None
    if connection is None or adapter is None:
        words = _("No active connection matches the destination %(name)s. Add one or choose it.")
        raise _Refused(words % {"name": destination})
    content = _content(job, destination)
    faults = [
        adapter.slug_fault(content["slug"], content["post_type"]),
        *adapter.content_faults(content, (), connection),
    ]
    if said := [each for each in faults if each]:
        raise _Refused(" ".join(said))
    name = draft_key(job.run, job.action)
    return NewMessage(
        connection_id=connection.pk,
        key=f"{name}:{digest_of(content, [])[:16]}",
        verb=DRAFT,
        object_key=name,
        content=content,
        object_type=destination.post_type,
        run_id=job.run.pk,
    )


def _destination(job: RoutedRun) -> Destination:
    """:raises _Refused: if there is none, or the client has several"""
    chosen = job.inputs.get(WHERE, "")
    active = Destination.objects.filter(is_active=True).select_related("client")
    if chosen.isdecimal():
        found = list(active.filter(pk=int(chosen)))
        if not found:
            raise _Refused(_("The destination of this action is gone. Choose another one."))
        return found[0]
    found = list(active.filter(client=job.client_id).order_by("pk")[:2])
    if not found:
        raise _Refused(
            _("The client has no active destination. Add one on the page of the client.")
        )
    if len(found) > 1:
        raise _Refused(_("The client has several destinations. Name one in the action."))
    return found[0]


def _content(job: RoutedRun, destination: Destination) -> dict[str, str]:
    """
    Return the content in the form that adapters read.

    :raises _Refused: if the title or the text is empty or too long
    """
    title, text = one_line(job.inputs.get(TITLE, "")), lines(job.inputs.get(TEXT, ""))
    if not title or not text:
        raise _Refused(_("There is nothing to write: the title or the text is empty."))
    if len(title) > LONGEST_TITLE or len(text) > LONGEST_TEXT:
        words = _("The title has more than %(title)s characters, or the text more than %(text)s.")
        raise _Refused(words % {"title": LONGEST_TITLE, "text": LONGEST_TEXT})
    # With the reference first, the drafts of two runs never have one address.
    parts = (job.run.item.ref.lower(), slug_of(title)[:LONGEST_SLUG].strip("-"))
    return {
        "title": title,
        "slug": "-".join(part for part in parts if part),
        "excerpt": "",
        "body_html": _paragraphs(text),
        "post_type": destination.post_type,
        "path": destination.path,
    }


def _paragraphs(text: str) -> str:
    """Return a text as HTML. What facts say is shown as it is written, whatever it looks like."""
    found = [escape(part.strip(), quote=False) for part in _PARAGRAPHS.split(text)]
    return "\n".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in found if part)


PREPARE_DRAFT = action_kind(
    ActionKind(
        name="integrations.prepare_draft",
        label=gettext_lazy("Prepare a CMS draft"),
        changes=(gettext_lazy("CMS: a draft, which readers do not see"),),
        undo=gettext_lazy(
            "Choose Remove drafts on the page of the run. Cancelling the run removes them, too. A "
            "draft that somebody edited or published stays, and the owner of the run is told. A "
            "message that was not sent yet can be discarded in the outbox."
        ),
        carry_out=prepare,
        inputs=(
            ActionInput(WHERE, gettext_lazy("Destination"), choices=destinations),
            ActionInput(
                TITLE,
                gettext_lazy("Title"),
                gettext_lazy("Fields in braces are replaced, such as {deal.name}."),
            ),
            ActionInput(
                TEXT,
                gettext_lazy("Text"),
                gettext_lazy(
                    "Fields in braces are replaced. An empty line begins a new paragraph."
                ),
                long=True,
            ),
        ),
    )
)


# -- Its undo --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """The drafts of a run that stand there, and whether one is still being written."""

    written: tuple[Outbound, ...] = ()
    is_busy: bool = False


def draft_facts(
    rows: Sequence[Run], by: Actor, at: datetime, details: object
) -> Mapping[int, DraftFacts]:
    found: dict[int, DraftFacts] = {}
    every = drafts(VERB).filter(run__in=[row.pk for row in rows]).order_by("pk")
    for row in rows:
        mine = [each for each in every if each.run_id == row.pk]
        written = tuple(each for each in mine if each.state == Outbound.State.DELIVERED)
        found[row.pk] = DraftFacts(written, len(written) < len(mine))
    return found


def has_drafts(row: Run, context: GateContext) -> GateResult:
    """Refuses runs without a draft, and those whose draft is still being written."""
    facts: DraftFacts = context.facts[row.pk]
    if facts.is_busy:
        return refused(
            "busy",
            _("A draft is not written yet. Discard its message in the outbox, or wait."),
            clears_by=_("Throughline, or an integrations owner"),
        )
    if not facts.written:
        return refused("drafts", _("The run has no draft to remove."), clears_by="")
    return passed("drafts", _("The run has a draft."))


def removed(
    step: Operation[None],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: None = None,
) -> list[OperationResult]:
    """Queue a message for each draft, which moves it to the trash if it is as it was written."""
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason, details=details)
        rows = [result.row for result in results if result.done]
        for facts in draft_facts(rows, by, at, None).values():
            enqueue([_removal(each) for each in facts.written], by=by, at=at)
    return results


def _removal(draft: Outbound) -> NewMessage:
    earlier = Outbound.objects.filter(key__startswith=f"{TRASH}:{draft.object_key}:").count()
    seen = draft.evidence.get("written") or draft.evidence.get("sha256", "")
    return NewMessage(
        connection_id=draft.connection_id,
        key=f"{TRASH}:{draft.object_key}:{earlier}",
        verb=TRASH,
        object_key=draft.object_key,
        # With its address for the person who decides about a draft that cannot be removed.
        content={
            "post_type": draft.object_type,
            "seen": seen,
            "status": DRAFT,
            "url": draft.url,
        },
        object_type=draft.object_type,
        remote_id=draft.remote_id,
        run_id=draft.run_id,
    )


remove_drafts = operation(
    Run,
    "remove_drafts",
    gettext_lazy("Remove drafts"),
    done=gettext_lazy("%(who)s had the drafts of the run removed"),
    may=(AM, OPS),
    gates=(has_drafts,),
    facts=draft_facts,
    needs_reason=True,
    run=removed,
    through_hold=True,
    danger=True,
)


# -- When the run is cancelled ---------------------------------------------------------------------


@react(runs.cancel)
def remove_with_run(rows: Sequence[Run], by: Actor, at: datetime) -> None:
    """
    Have the drafts of cancelled runs removed. Readers never saw them, and nobody else would.

    One that somebody changed stays there, and the owner of the run gets an exception.
    """
    written = drafts(VERB).filter(run__in=[row.pk for row in rows], state=Outbound.State.DELIVERED)
    enqueue([_removal(each) for each in written.order_by("pk")], by=by, at=at)


@on_delivered(DRAFT)
def remove_late(row: Outbound, by: Actor, at: datetime) -> None:
    """Have a draft removed that was on its way when its run was cancelled."""
    cancelled = Run.objects.filter(state=Run.State.CANCELLED)
    if row.run_id and cancelled.filter(pk=row.run_id).exists():
        enqueue([_removal(row)], by=by, at=at)


@foresee(runs.cancel)
def with_run(rows: Sequence[Run]) -> Sequence[Consequence]:
    return _removed([row.pk for row in rows])


@foresee(requests.cancel, requests.reject, requests.mark_duplicate)
def with_request(rows: Sequence[Request]) -> Sequence[Consequence]:
    return _removed([row.item.run_id for row in rows if row.item.run_id])


def _removed(ids: Sequence[int]) -> list[Consequence]:
    written = drafts(VERB).filter(run__in=ids, state=Outbound.State.DELIVERED)
    found = written.select_related("connection").order_by("pk")
    names = tuple(row.url or str(row) for row in found)
    return [Consequence(gettext_lazy("Drafts that are removed"), names)]
