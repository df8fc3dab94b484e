"""Views for reading: the home page, the requests, and one request."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from delivery.campaigns.models import Campaign
from delivery.deliverables.models import Deliverable
from delivery.portal.access import for_contacts
from delivery.portal.decision_forms import ImpactDecisionForm
from delivery.portal.drafts import restore
from delivery.portal.forms import PortalAnswerForm
from delivery.portal.submissions import not_opened_yet, own_answers
from delivery.portal.waiting import waiting_for, waiting_for_others
from delivery.portal.words import ClientStatus, history_of, shared_notes, status_of
from delivery.portal.work_words import work_statuses
from delivery.progress.operations.impacts import accept_impact
from delivery.requests.change_gates import seal_of
from delivery.requests.models import Request
from delivery.requests.operations.requests import answer, withdraw
from delivery.requests.reach import ASKING
from routing.people.actors import Actor
from routing.work.door import Operation
from routing.work.files import File
from routing.work.files_view import respond
from routing.work.judging import preview
from routing.work.notes import Note
from routing.work.search_terms import asked
from routing.work.visibility import work_seen_by

ON_HOME = 5
A_PAGE = 20
FROM_PEOPLE = frozenset(
    {Request.Channel.PORTAL, Request.Channel.EMAIL, Request.Channel.PHONE, Request.Channel.MEETING}
)


def requests_of(by: Actor) -> Any:
    """Return the requests that this contact may see, newest first."""
    seen = work_seen_by(by).order_by()
    return (
        Request.objects.filter(item__in=seen)
        .select_related("item__client", "item__owner", "contact")
        .order_by("-item_id")
    )


def request_of(by: Actor, ref: str) -> Request:
    """:raises Http404: if there is no such request, or this contact may not see it"""
    found: Request | None = (
        requests_of(by)
        .select_related(
            "duplicate_of__item", "target__item", "target__brief__engagement", "impact_by"
        )
        .filter(item__ref=ref)
        .first()
    )
    if found is None:
        raise Http404
    return found


def page(
    request: HttpRequest, by: Actor, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    shared = {
        "by": by,
        "may_ask": bool(by.clients_as(*ASKING)),
        "several_clients": len(by.clients_as()) > 1,
    }
    return render(request, f"portal/{name}.html", shared | context, status=status)


@require_safe
@for_contacts
def home(request: HttpRequest, by: Actor) -> HttpResponse:
    # One more than shown tells whether there are more, without a second query.
    rows = list(requests_of(by).filter(item__is_open=True)[: ON_HOME + 1])
    context = {
        "waiting": waiting_for(by),
        "others": waiting_for_others(by),
        "rows": [(row, status_of(row)) for row in rows[:ON_HOME]],
        "more": len(rows) > ON_HOME,
        "sent": not_opened_yet(by),
    }
    return page(request, by, "home", context)


@require_safe
@for_contacts
def requests(request: HttpRequest, by: Actor) -> HttpResponse:
    show = request.GET.get("show", "open")
    # PostgreSQL raises an error for NUL in a text.
    words = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    rows = requests_of(by)
    if show in {"open", "ended"}:
        rows = rows.filter(item__is_open=show == "open")
    if words:
        rows = rows.filter(asked(words, ("item__ref", "item__title")))
    # get_page takes any text for a page number and shows the nearest page.
    found = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    # A sent form without a request has no reference to search for, and it has not ended.
    sent = not_opened_yet(by) if show == "open" and not words else []
    context = {
        "found": found,
        "rows": [(row, status_of(row)) for row in found],
        "show": show,
        "words": words,
        "sent": sent,
    }
    name = "_list" if request.headers.get("HX-Target") == "list" else "requests"
    return page(request, by, name, context)


@require_safe
@for_contacts
def one(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    return request_page(request, by, request_of(by, ref))


@require_safe
@for_contacts
def file(request: HttpRequest, by: Actor, ref: str, key: UUID | int) -> HttpResponseBase:
    """
    Serve a file that is shared on a request.

    :raises Http404: if there is no such file
    """
    # Files of internal notes belong to the same request, and stay internal.
    shared = Note.objects.for_client().filter(item=request_of(by, ref).item_id)
    found = File.objects.kept().addressed(key).filter(notes__in=shared).first()
    if found is None:
        raise Http404
    return respond(found, request=request)


def request_page(
    request: HttpRequest,
    by: Actor,
    row: Request,
    form: PortalAnswerForm | None = None,
    *,
    impact_form: ImpactDecisionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    can_answer = can(answer, row, by)
    form = form or PortalAnswerForm()
    restore(form, by, f"answer:{row.item.ref}")
    impact_form = impact_form or ImpactDecisionForm(initial={"seal": seal_of(row)})
    restore(impact_form, by, f"impact:{row.item.ref}")
    context = {
        "row": row,
        "status": status_of(row),
        # Details from a CRM or a lead form are the agency's own notes, not the client's words.
        "asked": row.details if row.channel in FROM_PEOPLE else "",
        "answers": own_answers(row),
        "history": history_of(row, by),
        "notes": shared_notes(row, by),
        "can_answer": can_answer,
        "can_withdraw": can(withdraw, row, by),
        "works": works_in(row),
        "campaign": Campaign.objects.filter(request=row.pk).select_related("item").first(),
        "can_agree": can(accept_impact, row, by),
        "impact_form": impact_form,
        "currency": currency_of(row),
        "form": form,
    }
    return page(request, by, "request", context, status)


def works_in(row: Request) -> list[tuple[Deliverable, ClientStatus]]:
    """Return the deliverables of a request, in the order of its plan."""
    rows = Deliverable.objects.filter(request=row.pk).select_related("item")
    found = list(rows.order_by("pk"))
    statuses = work_statuses(found)
    return [(each, statuses[each.pk]) for each in found]


def currency_of(row: Request) -> str:
    """Return the currency of a change: that of the engagement of its target."""
    sold = row.target.brief.engagement if row.target else None
    return sold.currency if sold else ""


def can(step: Operation[Any], row: Request, by: Actor) -> bool:
    """Return whether the door would accept a step, for drawing a button."""
    [(_step, answers)] = preview([step], row, by=by, at=row.item.changed_at)
    return all(each.passed for each in answers)
