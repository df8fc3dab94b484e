"""
Checks at the desk. A check can be tried on the newest versions or open briefs before it is saved.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.checks import brief_checks
from delivery.checks import operations as checks
from delivery.checks.admin.check_forms import CheckForm
from delivery.checks.kinds.catalogue import all_kinds, find_kind
from delivery.checks.models import Check
from routing.desk.addresses import address
from routing.desk.base import DeskAdmin, actor
from routing.desk.form_tokens import claim_form
from routing.desk.timeline import saves_of
from routing.people.saving import save_with_reason
from routing.work.display import badge
from routing.work.visibility import clients_seen_by


@admin.register(Check)
class CheckAdmin(DeskAdmin[Check]):
    list_display = ("name", "kind_name", "format", "client", "only_in_flows", "position", "in_use")
    list_filter = ("is_active", "only_in_flows", "format", ("kind", admin.AllValuesFieldListFilter))
    list_select_related = ("client",)
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    ordering = ("-is_active", "position", "id")
    empty_title = gettext_lazy("No checks yet")
    empty_text = gettext_lazy(
        "Without checks, versions go straight to agency approval. Add a check."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        rows, seen = super().get_queryset(request), clients_seen_by(actor(request))
        return rows.filter(client=None) | rows.filter(client__in=seen)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for the kind first, then show its form."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        kind = find_kind(request.GET.get("kind", ""))
        if kind is None:
            context = {
                "title": _("New check: choose its kind"),
                "kinds": all_kinds(),
                "back": address(Check, "changelist"),
            }
            return self.render(request, "desk/check_kinds.html", context)
        return self.form_page(request, Check(kind=kind.name, name=str(kind.label)))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return self.form_page(request, self.seen(request, object_id))

    def form_page(self, request: HttpRequest, row: Check) -> HttpResponse:
        if row.pk:
            may = self.has_change_permission(request, row)
        else:
            may = self.has_add_permission(request)
        if request.method == "POST" and not may:
            raise PermissionDenied
        by, kind = actor(request), find_kind(row.kind)
        form = CheckForm(row, by, request.POST if request.method == "POST" else None, may=may)
        with claim_form(request, f"check-{row.pk or row.kind}") as sent:
            if sent.before:
                return HttpResponseRedirect(sent.before)
            tried, tried_on_briefs = None, None
            if request.method == "POST" and form.is_valid():
                made = form.filled()
                if "try" not in request.POST:
                    save_with_reason(
                        made, by=by, at=timezone.now(), reason=form.cleaned_data["reason"]
                    )
                    sent.leads_to(address(Check, "changelist"))
                    words = _("Saved “%(check)s”. It applies to new versions from now on.")
                    if kind and kind.about_briefs:
                        words = _(
                            "Saved “%(check)s”. It applies to briefs that are made or changed from "
                            "now on, and before each approval."
                        )
                    messages.success(request, words % {"check": made})
                    return HttpResponseRedirect(address(Check, "changelist"))
                # A trial writes nothing, so the form keeps its token for the saving.
                if kind and kind.about_briefs:
                    tried_on_briefs = brief_checks.try_out(made, by=by, at=timezone.now())
                else:
                    tried = checks.try_out(made, by=by)
        title = str(row)
        if kind and not row.pk:
            title = _("New check: %(kind)s") % {"kind": kind.label}
        context = {
            "title": title,
            "kind": kind,
            "form": form,
            "may": may,
            "tried": tried,
            "tried_on_briefs": tried_on_briefs,
            "token": sent.token,
            "back": address(Check, "changelist"),
            "history": address(Check, "history", row.pk) if row.pk and saves_of(row) else "",
        }
        return self.render(request, "desk/check.html", context)

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_name(self, row: Check) -> str:
        # A kind may be gone from the code while results still name its checks.
        kind = find_kind(row.kind)
        return str(kind.label) if kind else row.kind

    @admin.display(description=gettext_lazy("active"), ordering="is_active")
    def in_use(self, row: Check) -> SafeString:
        return badge(_("Active"), "good") if row.is_active else badge(_("Inactive"))
