"""Gates of an approval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from delivery.approvals.details import DecideDetails, RecordDetails, StandInDetails
from delivery.approvals.models import Answer, Approval
from delivery.deliverables.stages import Audience
from routing.work.gates import ContextWith, GateContext, GateResult, Words, passed, refused


@dataclass(frozen=True, slots=True)
class ApprovalGateFacts:
    """
    Facts around an approval, loaded for its gates.

    ``approvers`` are ids of contacts who may answer for the client today. ``asked_users`` and
    ``asked_contacts`` were asked, and can still answer. ``misses_someone`` is true if somebody
    dropped out whose place is not filled, or too few are left to give enough approvals.
    """

    author_id: int
    approvers: frozenset[int]
    asked_users: frozenset[int]
    asked_contacts: frozenset[int]
    able_users: frozenset[int]  # staff who may approve, loaded for a stand-in only
    answered_users: frozenset[int]
    answered_contacts: frozenset[int]
    misses_someone: bool
    contact_id: int | None  # the actor, if a contact
    evidence: bool  # True if the evidence is a stored file of this client


A_DAY = timedelta(days=1)
NOT_ASKED = _("This was asked before you could approve. Others were asked.")
ANSWERED = refused("answered", _("You have already answered."), clears_by=_("The other approvers"))


def _facts(context: GateContext, row: Approval) -> ApprovalGateFacts:
    found: ApprovalGateFacts = context.facts[row.pk]
    return found


def saw_this_version(row: Approval, context: ContextWith[DecideDetails]) -> GateResult:
    """Refuses an answer about another version than the displayed one."""
    if context.details is None or context.details.digest in {"", row.digest}:
        return passed("digest")
    return refused(
        "digest",
        _("This page is out of date. Review the version below, then decide."),
        clears_by=_("You: reload the page"),
    )


def still_asked(row: Approval, context: GateContext) -> GateResult:
    """Refuses an answer after the deadline."""
    # The job that expires approvals may be late. The deadline counts, not the job.
    if context.at < row.expires_at:
        return passed("expired")
    return refused(
        "expired", _("The deadline has passed."), clears_by=_("The agency, by asking again")
    )


def asks_me(row: Approval, context: GateContext) -> GateResult:
    """
    Refuses everyone except those asked: the client's approvers, or staff who did not make the
    version.
    """
    facts, by = _facts(context, row), context.by
    if row.audience == Audience.CLIENT:
        return _asks_contact(facts)
    if facts.contact_id is not None or facts.author_id == by.user_id:
        return refused(
            "author",
            _("The author of a version cannot approve it."),
            clears_by=_("Another account manager or operations lead"),
        )
    if by.user_id in facts.answered_users:
        return ANSWERED
    if by.user_id in facts.asked_users:
        return passed("audience")
    if row.team_id is not None and not facts.misses_someone:
        words = _("This stage asks the people of one team.")
        return refused("asked", words, clears_by=_("Those who were asked"))
    return _not_asked(facts, _("Account managers, by naming you a stand-in"))


def _asks_contact(facts: ApprovalGateFacts) -> GateResult:
    if facts.contact_id is None:
        words = _(
            "This question is for the client. If they answered elsewhere, record their decision."
        )
        return refused("audience", words, clears_by=_("The client's approvers"))
    if facts.contact_id in facts.answered_contacts:
        return ANSWERED
    if facts.contact_id in facts.asked_contacts & facts.approvers:
        return passed("audience")
    if facts.contact_id in facts.approvers:
        return _not_asked(facts, _("Your contact person, by asking you"))
    return refused(
        "audience", _("You can view this but not decide."), clears_by=_("The client's approvers")
    )


def _not_asked(facts: ApprovalGateFacts, way_in: Words) -> GateResult:
    # A stand-in is only named for somebody who is missing.
    who = way_in if facts.misses_someone else _("Those who were asked")
    return refused("asked", NOT_ASKED, clears_by=who)


def says_what_to_change(row: Approval, context: ContextWith[DecideDetails]) -> GateResult:
    """Refuses to send work back without a comment."""
    if context.details is None or context.details.comment.strip():
        return passed("comment")
    return refused("comment", _("Describe what should be different."), clears_by=_("You"))


def is_the_clients(row: Approval, context: GateContext) -> GateResult:
    """Refuses questions that the agency asks itself."""
    if row.audience == Audience.CLIENT:
        return passed("audience")
    return refused("audience", _("This question is for the agency, not the client."))


def was_not_reminded_today(row: Approval, context: GateContext) -> GateResult:
    """Refuses a second reminder within 24 hours."""
    # The request itself was the first e-mail.
    last = row.nudged_at or row.item.created_at
    if context.at - last >= A_DAY:
        return passed("reminded", _("No reminder was sent today."))
    return refused(
        "reminded",
        _("They were reminded less than a day ago."),
        clears_by=_("Nobody. Wait until tomorrow"),
    )


def misses_someone(row: Approval, context: GateContext) -> GateResult:
    """Refuses a stand-in while everybody who was asked can still answer."""
    if _facts(context, row).misses_someone:
        return passed("missing", _("Somebody who was asked can no longer answer."))
    return refused("missing", _("Everybody who was asked can still answer."))


def stand_in_fits(row: Approval, context: ContextWith[StandInDetails]) -> GateResult:
    """Refuses a stand-in who could not answer, or who was asked already."""
    details = context.details
    if details is None:
        return passed("stand_in")
    facts = _facts(context, row)
    if row.audience == Audience.CLIENT:
        fits = details.contact in facts.approvers
        asked = details.contact in facts.asked_contacts | facts.answered_contacts
        words = _("Choose an approver of the client.")
    else:
        fits = details.user in facts.able_users and details.user != facts.author_id
        asked = details.user in facts.asked_users | facts.answered_users
        words = _("Choose someone who may approve versions and did not make this one.")
    if not fits:
        return refused("stand_in", words, clears_by=_("You"))
    if asked:
        return refused("stand_in", _("This person was asked already."), clears_by=_("You"))
    return passed("stand_in")


def record_is_evidenced(row: Approval, context: ContextWith[RecordDetails]) -> GateResult:
    """Refuses a recorded decision without its approver, its evidence or a required comment."""
    if row.audience != Audience.CLIENT:
        return refused("audience", _("This question is for the agency, not the client."))
    if context.details is None:
        return passed("record")
    facts, details = _facts(context, row), context.details
    # In this order: the first condition that is not met is shown.
    conditions = {
        "word": (details.word in Answer.Word.values, _("Enter the decision.")),
        "contact": (
            details.contact in facts.approvers | facts.asked_contacts,
            _("Choose the approver at the client who decided."),
        ),
        "answered": (
            details.contact not in facts.answered_contacts,
            _("They have already answered."),
        ),
        "author": (
            details.word != Answer.Word.APPROVE or facts.author_id != context.by.user_id,
            _(
                "The author of a version cannot record its approval. Ask another account manager "
                "or operations lead."
            ),
        ),
        "evidence": (facts.evidence, _("Add evidence, such as an e-mail or minutes.")),
        "comment": (
            details.word == Answer.Word.APPROVE or bool(details.comment.strip()),
            _("Describe what should be different."),
        ),
    }
    for code, (is_met, words) in conditions.items():
        if not is_met:
            return refused(code, words, clears_by=_("You"))
    return passed("record")
