"""Every gate of the agency's work."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from delivery.models.requests import Request
from routing.gates import Context, GateResult, passed, refused


def says_what_is_wanted(row: Request, context: Context) -> GateResult:
    """Refuses a request that nobody could work from."""
    if row.details.strip():
        return passed("details", _("It says what is wanted."))
    return refused("details", _("It does not say what is wanted."), clears_by=_("You: edit the request, or ask the client"))


def has_question(row: Request, context: Context) -> GateResult:
    if context.preview or str(context.details.get("question", "")).strip():
        return passed("question", _("There is a question."))
    return refused("question", _("Write the question for the client."), clears_by=_("You"))


def has_answer(row: Request, context: Context) -> GateResult:
    if context.preview or str(context.details.get("details", "")).strip():
        return passed("answer", _("There is an answer."))
    return refused("answer", _("Write what you learnt."), clears_by=_("You"))


def original_fits(row: Request, context: Context) -> GateResult:
    """Refuses an original that is this request itself, unknown, another client's or a duplicate too."""
    if context.preview:
        return passed("original")
    original = context.facts.get(row.pk)
    if original is None:
        return refused("original", _("Choose the request that stays: another one of the same client."), clears_by=_("You"))
    return passed("original", _("The original is known."), evidence=original)
