"""Requests at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.campaigns.admin.campaigns import campaign_link
from delivery.campaigns.admin.filters import OF_REQUEST
from delivery.progress.operations.recording import NotRecorded, RecordedRequest, record
from delivery.requests.admin_forms import RecordRequestForm, RequestRuleForm
from delivery.requests.models import Request
from delivery.requests.operations.unanswered import MOST_REMINDERS
from delivery.requests.reach import reach_of
from delivery.requests.rules import RequestRule
from routing.desk import filters
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.columns import MoreColumns
from routing.desk.day_filters import WhenDue
from routing.desk.export_columns import ColumnType, ExportColumn
from routing.desk.export_work import work_columns, work_related
from routing.desk.form_tokens import claim_form
from routing.desk.found_filters import OfBackup, OfClient, OfOwner, OfTeam
from routing.desk.offers import PageFacts
from routing.desk.saved import SavedAdmin
from routing.desk.several import several
from routing.desk.steps import StepsAdmin
from routing.desk.waits import in_list, with_waits
from routing.people.actors import Actor
from routing.runs.operations.switching import waits_for_words
from routing.runs.snapshots import run_snapshots, unread_facts
from routing.work import display
from routing.work.file_types.refusal import NotKept
from routing.work.gates import Words
from routing.work.items import soonest
from routing.work.kinds import state_badge, tone
from routing.work.visibility import clients_seen_by, work_seen_by

tone(
    Request,
    captured="info",
    needs_information="warn",
    triaged="info",
    accepted="good",
    in_delivery="good",
    delivered="good",
    rejected="bad",
)


def extra_cost_of(row: Request) -> tuple[Decimal, str] | None:
    """Return the amount stated for a change with its currency, or None."""
    if row.impact_amount is None or row.target is None:
        return None
    sold = row.target.brief.engagement
    return row.impact_amount, sold.currency if sold else ""


@admin.register(Request)
class RequestAdmin(MoreColumns, StepsAdmin[Request]):
    list_name = "requests"
    export_columns = (
        *work_columns(),
        ExportColumn("request_kind", gettext_lazy("kind of request"), "kind"),
        ExportColumn("channel", gettext_lazy("channel"), "channel"),
        ExportColumn("tags", gettext_lazy("tags"), lambda row: ", ".join(row.tags)),
        ExportColumn("needed_by", gettext_lazy("needed by"), "wanted_date"),
        ExportColumn(
            "requested_by",
            gettext_lazy("requested by"),
            "contact.full_name",
            permission="routing.view_contact",
        ),
        ExportColumn(
            "requested_by_email",
            gettext_lazy("e-mail"),
            "contact.email",
            permission="routing.view_contact",
        ),
        ExportColumn(
            "extra_cost",
            gettext_lazy("extra cost"),
            extra_cost_of,
            ColumnType.MONEY,
            permission="delivery.view_engagement",
        ),
    )
    export_related = (*work_related(), "contact", "target__brief__engagement")
    list_display = ("what", "client", "state_name", "owner", "waits", "urgency", "due_at", "age")
    list_filter = (
        filters.Openness,
        filters.AnybodysFirst,
        several("state"),
        filters.WaitsFor,
        filters.WaitingOn,
        filters.Urgency,
        several("kind"),
        OfClient,
        WhenDue,
        OfOwner,
        OfBackup,
        OfTeam,
        *OF_REQUEST,
    )
    search_fields = ("item__ref", "item__title", "item__client__code", "item__client__name")
    search_help_text = gettext_lazy("Reference, title or client")
    ordering = (soonest("item__"), "item_id")
    page_related = (*StepsAdmin.page_related, "contact", "duplicate_of__item", "target__item")
    bulk_steps = ("triage", "accept", "reject", "cancel", "hold", "resume", "hand_over")
    empty_title = gettext_lazy("No requests")
    empty_text = gettext_lazy("Add a client's request, or reset the filters to see ended requests.")

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = work_seen_by(actor(request)).order_by()
        return (
            super()
            .get_queryset(request)
            .filter(item__in=seen)
            .select_related("item__client", "item__owner")
        )

    def for_page(self, request: HttpRequest, rows: QuerySet[Request]) -> QuerySet[Request]:
        return with_waits(rows, actor(request))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Record a request by hand. Sending the same form twice makes one."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = RecordRequestForm(actor(request), request.POST or None, request.FILES or None)
        # A second click sends the same token. It leads to the request that the first one made.
        with claim_form(request, "open-request") as sent:
            if sent.before:
                return HttpResponseRedirect(sent.before)
            if (
                request.method == "POST"
                and form.is_valid()
                and (made := self._record(request, form, sent.token))
            ):
                page = page_of(made.request or made.held or made.run)
                sent.leads_to(page)
                self._say_what_became_of_it(request, made)
                return HttpResponseRedirect(page)
        context = {
            "form": form,
            "token": sent.token,
            "back": address(Request, "changelist"),
            "title": _("New request"),
            "submit": _("Create"),
        }
        return self.render(request, "desk/form.html", context)

    def _record(
        self, request: HttpRequest, form: RecordRequestForm, token: str
    ) -> RecordedRequest | None:
        """Record the request with its evidence, or return None if something is refused."""
        try:
            return record(form.call(), by=actor(request), at=timezone.now(), token=token)
        except NotKept as refusal:
            form.add_error("evidence", str(refusal))
        except NotRecorded as refusal:
            form.add_error(refusal.field or None, str(refusal))
        return None

    def _say_what_became_of_it(self, request: HttpRequest, made: RecordedRequest) -> None:
        if made.request is not None:
            messages.success(
                request,
                _("Created %(ref)s. The owner is %(who)s.")
                % {"ref": made.request.item.ref, "who": made.request.item.owner},
            )
            return
        if made.held is not None and made.held.switch_off is not None:
            words = _("Recorded. %(until)s Its clocks count from now.")
            messages.warning(request, words % {"until": waits_for_words(made.held.switch_off)})
            return
        messages.warning(
            request,
            _("Recorded as %(ref)s. There is no request yet, because the run waits for a person.")
            % {"ref": made.run.item.ref},
        )

    def facts(self, request: HttpRequest, row: Request) -> Sequence[tuple[Any, Any]]:
        item, now = row.item, timezone.now()
        wanted = date_format(row.wanted_date, "D j M Y") if row.wanted_date else display.NOTHING
        found: list[tuple[Any, Any]] = [
            (
                _("State"),
                format_html("{} {}", state_badge(item.kind, row.state), display.hold(item)),
            ),
            (_("Client"), item.client),
            (_("Owner"), item.owner),
            (_("Backup"), item.backup),
            (_("Assignee"), item.doer or display.NOTHING),
            (_("Priority"), display.priority(item)),
            (_("Due"), display.due(item, now)),
            (_("Needed by"), wanted),
            (_("Kind"), row.get_kind_display()),
            (_("Channel"), row.get_channel_display()),
            *([(_("Tags"), ", ".join(row.tags))] if row.tags else []),
            (_("Requested by"), row.contact or display.NOTHING),
            (_("Created"), display.when(item.created_at, now)),
        ]
        if row.state == Request.State.NEEDS_INFORMATION:
            found += question_facts(row, now)
        if row.target:
            found += [(_("Changes"), row.target), (_("Impact"), impact_of(row, actor(request)))]
        if row.duplicate_of:
            found.append((_("Duplicate of"), link_to(row.duplicate_of)))
        return [*found, *campaign_link(row)]

    def texts(self, row: Request) -> Sequence[tuple[Any, str]]:
        held = [(_("Hold reason"), row.item.hold_reason)] if row.item.held_at else []
        asked = [(_("Open question to the client"), row.question)] if row.question else []
        wanted = row.details or _("No description yet. Edit the request or ask the client.")
        return [*held, *asked, (_("Description"), wanted)]

    def beside(self, request: HttpRequest, row: Request, known: PageFacts) -> dict[str, Any]:
        answers = self.other_answers(row) if known.by.may("routing.view_contact") else []
        return {"texts": [*self.texts(row), *answers]}

    def other_answers(self, row: Request) -> Sequence[tuple[Any, str]]:
        """Return the answers of a form that no field of its flow reads."""
        if row.channel != Request.Channel.FORM or row.item.run_id is None:
            return []
        [snapshot] = run_snapshots([row.item.run_id])
        found = [f"{label}: {value}" for label, value in unread_facts(snapshot)]
        return [(_("Other answers of the form"), "\n\n".join(found))] if found else []

    @admin.display(description=gettext_lazy("request"), ordering="item__id")
    def what(self, row: Request) -> SafeString:
        return display.named(row.item)

    @admin.display(description=gettext_lazy("client"), ordering="item__client__name")
    def client(self, row: Request) -> Any:
        return row.item.client

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_name(self, row: Request) -> SafeString:
        return format_html("{} {}", state_badge(row.item.kind, row.state), display.hold(row.item))

    @admin.display(description=gettext_lazy("owner"), ordering="item__owner__full_name")
    def owner(self, row: Request) -> Any:
        return row.item.owner

    @admin.display(description=gettext_lazy("waits for"))
    def waits(self, row: Request) -> Words:
        return in_list(row)

    @admin.display(description=gettext_lazy("priority"), ordering="item__priority")
    def urgency(self, row: Request) -> SafeString | str:
        return display.priority(row.item)

    @admin.display(description=gettext_lazy("due"), ordering=soonest("item__"))
    def due_at(self, row: Request) -> SafeString | str:
        return display.due(row.item)

    @admin.display(description=gettext_lazy("created"), ordering="item__created_at")
    def age(self, row: Request) -> SafeString | str:
        return display.when(row.item.created_at)


def impact_of(row: Request, by: Actor) -> str:
    """Return the impact stated for a change and the client's answer, to those who read amounts."""
    if not row.impact or not by.may("delivery.view_engagement"):
        return str(row.get_impact_display())
    text = _("%(hours)s hours, %(amount)s, ready by %(day)s: %(answer)s")
    day = date_format(row.impact_date, "D j M Y") if row.impact_date else display.NOTHING
    return text % {
        "hours": row.impact_hours,
        "amount": row.impact_amount,
        "day": day,
        "answer": row.get_impact_display(),
    }


def question_facts(row: Request, now: datetime) -> list[tuple[Any, Any]]:
    """Return since when a question waits, whom it was put to, and what happens next."""
    people = ", ".join(each.full_name for each in reach_of([row])[row.pk].asked)
    found: list[tuple[Any, Any]] = [
        (_("Asked"), display.when(row.asked_at, now)),
        (_("Asked to"), people or display.NOTHING),
        (_("Reminders"), row.reminders),
    ]
    if row.remind_at:
        goes_on = row.reminders < MOST_REMINDERS
        label = _("Next reminder") if goes_on else _("Goes to the owner")
        found.append((label, display.when(row.remind_at, now)))
    return found


def link_to(row: Request) -> SafeString:
    return format_html('<a href="{}">{}</a>', page_of(row), row)


@admin.register(RequestRule)
class RequestRuleAdmin(SavedAdmin[RequestRule]):
    form = RequestRuleForm
    list_display = ("about", "pattern", "tag_list", "tag_needed", "is_active")
    list_select_related = ("client",)
    search_fields = ("client__code", "client__name", "pattern")
    search_help_text = gettext_lazy("Client or pattern")
    fields = ("client", "pattern", "tags", "tag_needed", "is_active", "reason")
    empty_title = gettext_lazy("No request rules")
    empty_text = gettext_lazy(
        "A rule says how the requests of a client are named, and which tags they have. It is "
        "checked when a request is recorded, edited and accepted."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        rows, seen = super().get_queryset(request), clients_seen_by(actor(request))
        return rows.filter(client=None) | rows.filter(client__in=seen)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "client":
            kwargs |= {
                "queryset": clients_seen_by(actor(request)),
                "empty_label": _("All clients without a rule of their own"),
            }
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("client"), ordering="client__name")
    def about(self, row: RequestRule) -> str:
        return str(row)

    @admin.display(description=gettext_lazy("tags"))
    def tag_list(self, row: RequestRule) -> str:
        return ", ".join(row.tags)
