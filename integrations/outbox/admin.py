"""Admin of the outbox: see what each message waits for, and retry or discard failed ones."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.outbox.models import Attempt, Outbound
from integrations.outbox.operations.replay import DISCARDABLE, REPLAYABLE, discard, replay
from integrations.outbox.verbs import words_of
from integrations.outbox.waiting import why_waiting
from routing.desk.addresses import address, page_of, work_page
from routing.desk.base import actor
from routing.desk.columns import column
from routing.desk.export_columns import ColumnType, ExportColumn
from routing.desk.filters import WithDefault
from routing.desk.forms import long_text
from routing.desk.found_filters import OfClient
from routing.desk.several import several_related, several_texts
from routing.runs.admin.events import ReadOnly
from routing.work.display import NOTHING, badge, exact, when

State = Outbound.State
TONES = {
    State.PENDING: "plain",
    State.LEASED: "info",
    State.UNKNOWN: "warn",
    State.RETRYING: "warn",
    State.HELD: "warn",
    State.DELIVERED: "good",
    State.DEAD: "bad",
}
GOOD = {Attempt.Outcome.DELIVERED, Attempt.Outcome.FOUND}


class OutboxReasonForm(forms.Form):
    reason = long_text(
        gettext_lazy("Reason"), error=gettext_lazy("Enter a reason."), rows=3, max_length=500
    )


# verb: (operation, label, permission, source states, dangerous)
STEPS = {
    "replay": (replay, gettext_lazy("Retry"), "integrations.replay_outbound", REPLAYABLE, False),
    "discard": (
        discard,
        gettext_lazy("Discard"),
        "integrations.discard_outbound",
        DISCARDABLE,
        True,
    ),
}


class DeliveryStatusFilter(WithDefault):
    title = gettext_lazy("status")
    parameter_name = "standing"
    STATES = {  # noqa: RUF012  # a constant
        "unfinished": Outbound.unfinished_states,
        "dead": (State.DEAD,),
        "held": (State.HELD,),
        "trying": (State.RETRYING, State.UNKNOWN, State.LEASED),
        "delivered": (State.DELIVERED,),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (
            ("unfinished", _("Not delivered")),
            ("dead", _("Failed")),
            ("held", _("Blocked by a failed message")),
            ("trying", _("In progress")),
            ("delivered", _("Delivered")),
            ("all", _("All")),
        )

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        states = self.STATES.get(self.value() or "unfinished")
        return queryset.filter(state__in=states) if states else queryset


def ref_of(row: Outbound) -> str:
    """Return the reference of the work that a message is about, or of its run, or nothing."""
    item = row.item or (row.run.item if row.run else None)
    return item.ref if item else ""


@admin.register(Outbound)
class OutboundAdmin(ReadOnly[Outbound]):
    heading = gettext_lazy("Outbox")
    list_name = "outbox"
    export_columns = (
        ExportColumn("number", gettext_lazy("number"), "pk", ColumnType.NUMBER),
        ExportColumn("verb", gettext_lazy("operation, code"), "verb"),
        ExportColumn("operation", gettext_lazy("operation"), lambda row: words_of(row.verb)),
        ExportColumn("object", gettext_lazy("object"), "object_key"),
        ExportColumn("connection", gettext_lazy("connection"), "connection.slug"),
        ExportColumn("ref", gettext_lazy("work"), ref_of),
        ExportColumn("state", gettext_lazy("state, code"), "state"),
        ExportColumn("state_words", gettext_lazy("state"), lambda row: row.get_state_display()),
        ExportColumn("attempts", gettext_lazy("attempts"), "attempts", ColumnType.NUMBER),
        ExportColumn("last_error", gettext_lazy("last error"), "last_error"),
        ExportColumn("remote_id", gettext_lazy("external id"), "remote_id"),
        ExportColumn("created_at", gettext_lazy("created"), "created_at", ColumnType.INSTANT),
        ExportColumn("delivered_at", gettext_lazy("delivered"), "delivered_at", ColumnType.INSTANT),
    )
    list_display = (
        "number",
        "what",
        "connection",
        "of_work",
        "state_name",
        "attempts",
        "last_error",
        "made",
    )
    list_select_related = ("connection", "item", "run__item")
    list_filter = (
        DeliveryStatusFilter,
        several_related("connection", name="connection"),
        several_texts("verb"),
        OfClient,
    )
    search_fields = ("=key", "=object_key", "=remote_id", "=item__ref")
    search_help_text = gettext_lazy("Work reference, object, key or external id")
    ordering = ("-id",)
    more_columns = ("client", "due_at", "delivered_at", "remote_id")
    actions = ("replay_selected",)
    empty_title = gettext_lazy("No pending messages")
    empty_text = gettext_lazy(
        "Changes for external systems wait here. Choose “All” to see delivered ones."
    )

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.step_view)
        return [
            path("<path:object_id>/step/<slug:verb>/", page, name="integrations_outbound_step"),
            *super().get_urls(),
        ]

    def list_title(self, request: HttpRequest) -> str:
        """
        Return a title that says which messages are listed.

        By default, only unfinished ones are.
        """
        if request.GET.get(DeliveryStatusFilter.parameter_name):
            return super().list_title(request)
        return _("Unfinished outbox messages")

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .get_queryset(request)
            .select_related(*self.list_select_related)
            .defer("content", "evidence")
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        row, by = self.seen(request, object_id), actor(request)
        steps = [
            {"label": label, "url": self.step_url(row, verb), "danger": danger}
            for verb, (_do, label, permission, states, danger) in STEPS.items()
            if row.state in states and by.may(permission)
        ]
        context = {
            "title": f"{words_of(row.verb)} #{row.pk}",
            "row": row,
            "verb": words_of(row.verb),
            "facts": self.facts(row),
            "tries": [(each, each.outcome in GOOD) for each in row.tries.order_by("-number")],
            "steps": steps,
            "back": address(Outbound, "changelist"),
        }
        return self.render(request, "desk/outbound.html", context)

    def facts(self, row: Outbound) -> list[tuple[Any, Any]]:
        external: SafeString | str = NOTHING
        if row.url.startswith("http"):
            external = format_html(
                '<a class="tl-link" href="{0}" rel="noreferrer">{0}</a>', row.url
            )
        return [
            (_("State"), self.state_name(row)),
            (_("Waiting for"), why_waiting(row, timezone.now()) or NOTHING),
            (_("Work"), self.of_work(row)),
            (_("Object"), row.object_key),
            (_("Created"), when(row.created_at)),
            (_("Delivered"), when(row.delivered_at)),
            (_("Last error"), row.last_error or NOTHING),
            (_("External id"), row.remote_id or NOTHING),
            (_("External address"), external),
            (_("Key"), row.key),
            (_("Digest of the content"), row.digest),
        ]

    def step_url(self, row: Outbound, verb: str) -> str:
        return address(Outbound, "step", row.pk, verb)

    def step_view(self, request: HttpRequest, object_id: str, verb: str) -> HttpResponse:
        """
        Ask for a reason, then run the operation.

        The operation checks permission and state again: the page with the button may be old.
        """
        row = self.seen(request, object_id)
        if verb not in STEPS:
            raise Http404
        do, label, permission, _states, danger = STEPS[verb]
        actor(request).require(permission, to=str(label).lower())
        form = OutboxReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            [result] = do(
                [row.pk], by=actor(request), at=timezone.now(), reason=form.cleaned_data["reason"]
            )
            if result.done:
                messages.success(request, _("%(step)s done.") % {"step": label})
                return HttpResponseRedirect(page_of(row))
            said = [str(refusal.message) for refusal in result.refusals]
            form.add_error(None, " ".join([*said, *_last_change(row)]))
        context = {
            "title": f"{label}: {words_of(row.verb)} #{row.pk}",
            "form": form,
            "submit": label,
            "danger": danger,
            "back": page_of(row),
        }
        return self.render(
            request, "desk/form.html", context, status=409 if form.non_field_errors() else 200
        )

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return actor(request).may("integrations.replay_outbound")

    @admin.action(permissions=["replay"], description=gettext_lazy("Retry"))
    def replay_selected(self, request: HttpRequest, queryset: Any) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        results = replay(
            ids,
            by=actor(request),
            at=timezone.now(),
            reason="Retried from the list.",
        )
        done = sum(result.done for result in results)
        messages.success(
            request,
            ngettext("Retrying %(count)s message.", "Retrying %(count)s messages.", done)
            % {"count": done},
        )
        if done < len(results):
            left = len(results) - done
            words = ngettext(
                "%(count)s message had not failed and stays unchanged.",
                "%(count)s messages had not failed and stay unchanged.",
                left,
            )
            messages.warning(request, words % {"count": left})

    @admin.display(description="#", ordering="id")
    def number(self, row: Outbound) -> str:
        return f"#{row.pk}"

    @admin.display(description=gettext_lazy("operation"), ordering="verb")
    def what(self, row: Outbound) -> SafeString:
        return format_html(
            '{} <span class="tl-ref">{}</span>',
            words_of(row.verb),
            "" if row.object_key == row.key else row.object_key,
        )

    @admin.display(description=gettext_lazy("work"))
    def of_work(self, row: Outbound) -> SafeString | str:
        item = row.item or (row.run.item if row.run else None)
        if item is None:
            return NOTHING
        return format_html('<a class="tl-link" href="{}">{}</a>', work_page(item.pk), item.ref)

    @column(gettext_lazy("client"), "item__client", "item__client__name")
    def client(self, row: Outbound) -> Any:
        return (row.item.client if row.item else None) or NOTHING

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_name(self, row: Outbound) -> SafeString:
        return badge(State(row.state).label, TONES.get(State(row.state), "plain"))

    @admin.display(description=gettext_lazy("created"), ordering="id")
    def made(self, row: Outbound) -> SafeString | str:
        return when(row.created_at)


def _last_change(row: Outbound) -> list[str]:
    """Return who changed a message last, as a sentence, for a step that came too late."""
    last = row.history.select_related("history_user").order_by("-history_id").first()
    if last is None or last.history_type == "+":
        return []
    words = _("%(who)s changed it on %(when)s, and it is now “%(state)s”.")
    shown = {
        "who": last.history_user,
        "when": exact(last.history_date),
        "state": State(last.state).label,
    }
    return [words % shown]
