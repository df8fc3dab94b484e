"""Gates of a request."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from delivery.requests.details import UNCHANGED, AnswerDetails, AskDetails, EditRequestDetails
from delivery.requests.models import Request
from delivery.requests.texts import storable
from routing.kernel.clean_text import one_line
from routing.kernel.days import can_be_meant, other_years
from routing.work.gates import ContextWith, GateContext, GateResult, passed, refused
from routing.work.items import WorkItem

OF_THE_ITEM = ("title", "priority")
EDITABLE = (*OF_THE_ITEM, "kind", "channel", "details", "wanted_date")


def says_what_is_wanted(row: Request, context: GateContext) -> GateResult:
    """Refuses a request without a description."""
    if row.details.strip():
        return passed("details", _("There is a description."))
    return refused(
        "details",
        _("There is no description."),
        clears_by=_("You: edit the request or ask the client"),
    )


def has_question(row: Request, context: ContextWith[AskDetails]) -> GateResult:
    """Refuses an empty question."""
    if context.details is None or context.details.question.strip():
        return passed("question", _("There is a question."))
    return refused("question", _("Enter a question for the client."), clears_by=_("You"))


def asked_for_it(row: Request, context: GateContext) -> GateResult:
    """Refuses everyone except the contact who made the request."""
    if context.by.is_service or (
        context.by.contact_id is not None and row.contact_id == context.by.contact_id
    ):
        return passed("own_request")
    return refused(
        "own_request",
        _("Only the contact who asked can withdraw it."),
        clears_by=_("The contact who asked, or your contact at the agency"),
    )


def has_answer(row: Request, context: ContextWith[AnswerDetails]) -> GateResult:
    """Refuses an empty answer."""
    if context.details is None or context.details.details.strip():
        return passed("answer", _("There is an answer."))
    return refused("answer", _("Enter the answer."), clears_by=_("You"))


def original_fits(row: Request, context: GateContext) -> GateResult:
    """
    Refuses an original that is unknown, this request itself, another client's, or a duplicate.
    """
    # A button is drawn before anyone has named the original.
    if context.preview:
        return passed("original")
    original = context.facts.get(row.pk)
    if original is None:
        return refused(
            "original",
            _("Choose the original request. It must be from the same client."),
            clears_by=_("You"),
        )
    return passed("original", _("The original request is set."), evidence=original)


def edit_fits(row: Request, context: ContextWith[EditRequestDetails]) -> GateResult:
    """
    Refuses a value that does not fit its column, an unknown choice, and a contact of another
    client.
    """
    details = context.details
    if details is None:
        return passed("fields")
    found = []
    for name in EDITABLE:
        value = getattr(details, name)
        fault = "" if value is UNCHANGED else _fault(name, value)
        if fault:
            found.append(fault)
    if details.contact_id not in {None, UNCHANGED} and not context.facts[row.pk].contact_fits:
        found.append(str(_("The contact does not belong to this client.")))
    if found:
        return refused(
            "fields", _("The entry cannot be saved."), evidence=" ".join(found), clears_by=_("You")
        )
    return passed("fields")


def _fault(name: str, value: Any) -> str:
    """Return a message about an invalid value, or an empty string."""
    model = WorkItem if name in OF_THE_ITEM else Request
    field: Any = model._meta.get_field(name)
    try:
        field.clean(value, None)
    except ValidationError as error:
        return f"{field.verbose_name}: {' '.join(error.messages)}"
    except TypeError:
        return f"{field.verbose_name}: {_('The entry is invalid.')}"
    if isinstance(value, date) and not can_be_meant(value):
        return f"{field.verbose_name}: {other_years()}"
    if not isinstance(value, str):
        return ""
    # A TextField checks its maximum length in forms only, and no field refuses lone surrogates.
    too_long = field.max_length is not None and len(value) > field.max_length
    if too_long or (name == "title" and not one_line(value)) or not storable(value):
        return str(_("%(field)s: empty, too long or with characters that cannot be stored.")) % {
            "field": field.verbose_name
        }
    return ""
