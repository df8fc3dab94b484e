"""Asking a second person to agree that a draft is published, and their answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.actions import actions_of
from routing.flows.approval import PublishApproval
from routing.flows.change_classes import ChangeClass
from routing.flows.checklist import require_complete
from routing.flows.faults import NotPublishable, faults
from routing.flows.models import FlowVersion
from routing.flows.second_person import (
    PUBLISH,
    DraftStanding,
    authors_of,
    names_of,
    nobody_words,
    seconds_of,
    standing_of,
    why_two,
)
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant
from routing.people.actors import Actor
from routing.people.saving import save_with_reason, tell
from routing.people.staff import User
from routing.work.creation import create
from routing.work.door import Operation, OperationResult, carry, move, operation
from routing.work.gates import GateContext, GateResult, passed, refused
from routing.work.new_items import new_item

grant("routing.view_publishapproval", AM, QA, OPS, INTEGRATIONS, AUDITOR)


class SecondPersonNeeded(Exception):
    """A second person must agree. ``asked`` is the request to them, None if there is nobody."""

    def __init__(self, message: str, clears_by: str, asked: PublishApproval | None) -> None:
        super().__init__(message)
        self.message = message
        self.clears_by = clears_by
        self.asked = asked


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """
    How a request stands: what still keeps the draft from being published, whether it is what was
    asked about, and who can agree.
    """

    faults: tuple[str, ...]
    is_same: bool
    seconds: tuple[User, ...]


def request_facts(
    rows: Sequence[PublishApproval], by: Actor, at: datetime, details: object
) -> Mapping[int, RequestFacts]:
    found = {}
    for row in rows:
        standing = standing_of(row.version)
        live = standing.live.pk if standing.live else None
        found[row.pk] = RequestFacts(
            _in_the_way(row.version, at),
            (row.digest, row.base_id) == (standing.digest, live),
            tuple(seconds_of(row.version, but={*row.authors, row.asked_by_id})),
        )
    return found


def _in_the_way(version: FlowVersion, at: datetime) -> tuple[str, ...]:
    found = faults(version)
    if found:
        return tuple(found)
    try:
        require_complete(version, at)
    except NotPublishable as refusal:
        return tuple(refusal.faults)
    return ()


def is_second_person(row: PublishApproval, context: GateContext) -> GateResult:
    """Refuses authors of the draft, whoever asked, and people who have no say in the flow."""
    facts: RequestFacts = context.facts[row.pk]
    if context.by.user_id in {user.pk for user in facts.seconds}:
        return passed("second_person", _("You can agree as the second person."))
    if context.by.user_id in row.authors:
        message = _("You wrote a part of this draft. Somebody else must look at it.")
    elif context.by.user_id == row.asked_by_id:
        message = _("You asked for this. Somebody else must agree.")
    else:
        message = _("You neither answer for this flow nor may publish flows.")
    clears_by = names_of(facts.seconds) or nobody_words()
    return refused("second_person", message, clears_by=clears_by)


def is_what_was_asked(row: PublishApproval, context: GateContext) -> GateResult:
    """Refuses a draft that was edited after the request, or whose live version is another now."""
    facts: RequestFacts = context.facts[row.pk]
    if facts.is_same:
        return passed("unchanged", _("The draft is as it was when it was asked about."))
    return refused(
        "unchanged",
        _("The draft or the live version has changed since. Ask again."),
        clears_by=str(row.asked_by),
    )


def would_work(row: PublishApproval, context: GateContext) -> GateResult:
    """Refuses a draft that would not work, or whose checklist is open."""
    facts: RequestFacts = context.facts[row.pk]
    if not facts.faults:
        return passed("publishable", _("The draft is valid."))
    return refused("publishable", " ".join(facts.faults), clears_by=_("Whoever may change flows"))


def is_mine_to_withdraw(row: PublishApproval, context: GateContext) -> GateResult:
    """Refuses people who neither asked nor may publish flows."""
    if context.by.user_id == row.asked_by_id or context.by.may(PUBLISH):
        return passed("asked", _("You can withdraw this."))
    return refused("asked", _("Somebody else asked for this."), clears_by=str(row.asked_by))


def _publish_agreed(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Agree to requests and publish their drafts, while nobody can edit them."""
    with transaction.atomic():
        drafts = FlowVersion.objects.filter(publish_approvals__in=ids).order_by("pk")
        held = {draft.pk: draft for draft in drafts.select_for_update(of=("self",))}
        results = move(step, ids, by=by, at=at, reason=reason)
        for result in results:
            if result.done:
                freeze(held[result.row.version_id], by=by, at=at, reason=reason)
        return results


_MAY = (AM, OPS)

approve = operation(
    PublishApproval,
    "approve",
    gettext_lazy("Approve and publish"),
    done=gettext_lazy("%(who)s agreed, and the version was published"),
    may=_MAY,
    gates=(is_second_person, is_what_was_asked, would_work),
    facts=request_facts,
    needs_reason=True,
    run=_publish_agreed,
)
refuse = operation(
    PublishApproval,
    "refuse",
    gettext_lazy("Refuse"),
    done=gettext_lazy("%(who)s refused to publish the draft"),
    may=_MAY,
    gates=(is_second_person,),
    facts=request_facts,
    needs_reason=True,
    danger=True,
)
withdraw = operation(
    PublishApproval,
    "withdraw",
    gettext_lazy("Withdraw the request"),
    done=gettext_lazy("%(who)s withdrew the request"),
    may=(AM, QA, OPS, INTEGRATIONS),  # whoever may ask
    gates=(is_mine_to_withdraw,),
    needs_reason=True,
)
outdate = operation(
    PublishApproval,
    "outdate",
    gettext_lazy("End as outdated"),
    done=gettext_lazy("%(who)s ended the request, because the draft or the live version changed"),
    system=True,
    through_hold=True,
)


def freeze(version: FlowVersion, *, by: Actor, at: datetime, reason: str) -> FlowVersion:
    """
    Publish a draft that was judged, and end the requests about other drafts of its flow.

    Call it in a transaction that holds the version.
    """
    version.action = next((each.kind for each in actions_of(version)), "")
    version.published_at, version.published_by = at, User.objects.get(pk=by.user_id)
    save_with_reason(version, by=by, at=at, reason=reason)
    tell("routing.flowversion.publish", version.pk, by=by, at=at)
    others = PublishApproval.objects.filter(version__flow=version.flow_id, state="pending")
    _outdate(list(others.order_by("pk").values_list("pk", flat=True)), by, at)
    return version


def record_edit(
    version: FlowVersion, *, by: Actor, at: datetime, reason: str, noted: bool = False
) -> None:
    """
    Note in the history of a draft who changed a part of it, and end the request about what it was.

    :param noted: the history has the change already
    """
    # Read again under a lock: history keeps the whole row.
    version = FlowVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
    if not noted:
        save_with_reason(version, by=by, at=at, reason=reason)
    waiting = PublishApproval.objects.filter(version=version, state="pending").first()
    if waiting is not None and waiting.digest != standing_of(version).digest:
        _outdate([waiting.pk], by, at)


def _outdate(ids: Sequence[int], by: Actor, at: datetime) -> None:
    if ids:
        carry(outdate, ids, by=by, at=at, reason="")


def ask_second(
    version: FlowVersion,
    standing: DraftStanding,
    asked: PublishApproval | None,
    *,
    by: Actor,
    at: datetime,
    reason: str,
) -> SecondPersonNeeded:
    """
    Put the draft to a second person, unless ``asked`` does so already.

    Call it in a transaction that holds the version.
    """
    authors = authors_of(version)
    asker = asked.asked_by_id if asked else by.user_id
    seconds = seconds_of(version, but={*authors, asker})
    said = why_two(version, standing)
    if not seconds:
        return SecondPersonNeeded(f"{said} {nobody_words()}", nobody_words(), None)
    if asked is None:
        outdated = PublishApproval.objects.filter(version=version, state="pending")
        _outdate(list(outdated.values_list("pk", flat=True)), by, at)
        asked = _new_request(version, standing, seconds, by, at, reason)
    names = names_of(seconds)
    more = _("Asked: %(names)s (%(ref)s).") % {"names": names, "ref": asked.item.ref}
    return SecondPersonNeeded(f"{said} {more}", names, asked)


def tell_of_rollback(
    version: FlowVersion, standing: DraftStanding, *, by: Actor, at: datetime, reason: str
) -> None:
    """Tell whoever could have been the second person that one person took a change back."""
    seconds = seconds_of(version, but={by.user_id})
    state = PublishApproval.State.ROLLED_BACK
    if seconds:
        _new_request(version, standing, seconds, by, at, reason, state=state)


def _new_request(
    version: FlowVersion,
    standing: DraftStanding,
    seconds: Sequence[User],
    by: Actor,
    at: datetime,
    reason: str,
    *,
    state: str = PublishApproval.State.PENDING,
) -> PublishApproval:
    flow, owner = version.flow, seconds[0].pk
    # Work has a backup. Whoever asks is there if there is no other.
    others = [*(user.pk for user in seconds[1:]), flow.backup_id, flow.owner_id, by.user_id]
    words = (
        _("Publish %(version)s")
        if state == PublishApproval.State.PENDING
        else _("%(version)s was rolled back to")
    )
    item = new_item(
        words % {"version": version},
        owner_id=owner,
        backup_id=next(user for user in others if user != owner),
    )
    row = PublishApproval(
        item=item,
        state=state,
        version=version,
        base=standing.live,
        digest=standing.digest,
        change_class=standing.highest or ChangeClass.WORDING,
        asked_by_id=by.user_id,
        authors=sorted(authors_of(version)),
        ended_at=None if state == PublishApproval.State.PENDING else at,
    )
    [made] = create([row], by=by, at=at, reason=reason)
    return made
