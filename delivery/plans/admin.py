"""Brief templates at the desk. Each change of what one says is saved as a new version."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.plans.admin_forms import PlanTemplateForm
from delivery.plans.models import PlanTemplate
from delivery.plans.operations import save_template
from delivery.plans.queries import newest_versions
from routing.desk.addresses import address
from routing.desk.base import DeskAdmin, actor
from routing.desk.form_tokens import claim_form
from routing.desk.timeline import saves_of
from routing.work.display import badge
from routing.work.visibility import clients_seen_by


@admin.register(PlanTemplate)
class PlanTemplateAdmin(DeskAdmin[PlanTemplate]):
    list_display = ("name", "kind", "client", "default", "newest", "in_use")
    list_filter = ("is_active", "kind", "is_default")
    list_select_related = ("client",)
    search_fields = ("name", "client__code", "client__name")
    search_help_text = gettext_lazy("Name or client")
    ordering = ("-is_active", "name", "id")
    empty_title = gettext_lazy("No brief templates yet")
    empty_text = gettext_lazy(
        "A template has the usual text and deliverables of a kind of work, with due dates such as "
        "D-5 before the launch. Add one, and people and flows can fill briefs from it."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        rows, seen = super().get_queryset(request), clients_seen_by(actor(request))
        rows = rows.filter(client=None) | rows.filter(client__in=seen)
        return rows.annotate(last=Max("versions__number"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self.form_page(request, PlanTemplate())

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return self.form_page(request, self.seen(request, object_id))

    def form_page(self, request: HttpRequest, row: PlanTemplate) -> HttpResponse:
        may = self.has_add_permission(request)
        if row.pk:
            may = self.has_change_permission(request, row)
        if request.method == "POST" and not may:
            raise PermissionDenied
        version = newest_versions([row.pk]).get(row.pk) if row.pk else None
        data = request.POST if request.method == "POST" else None
        form = PlanTemplateForm(row, version, actor(request), data, may=may)
        with claim_form(request, f"plan-template-{row.pk or 'new'}") as sent:
            if sent.before:
                return HttpResponseRedirect(sent.before)
            # A trial writes nothing, so the form keeps its token for the saving.
            if data is not None and form.is_valid():
                if "try" in data:
                    form.try_out()
                elif self.save_form(request, form):
                    sent.leads_to(address(PlanTemplate, "changelist"))
                    return HttpResponseRedirect(address(PlanTemplate, "changelist"))
        context = {
            "title": str(row) if row.pk else _("New brief template"),
            "form": form,
            "may": may,
            "token": sent.token,
            "versions": self.versions_of(row),
            "back": address(PlanTemplate, "changelist"),
            "history": address(PlanTemplate, "history", row.pk) if row.pk and saves_of(row) else "",
        }
        return self.render(request, "desk/plan_template.html", context)

    def save_form(self, request: HttpRequest, form: PlanTemplateForm) -> bool:
        """Save what was entered, or say on the form why not."""
        row, content = form.filled()
        try:
            version = save_template(
                row,
                content,
                by=actor(request),
                at=timezone.now(),
                reason=form.cleaned_data["reason"],
            )
        except ValidationError as error:
            form.add_error(None, error.messages)
            return False
        words = _("Saved “%(template)s”, version %(number)s. Briefs that exist stay as they are.")
        messages.success(request, words % {"template": row, "number": version.number})
        return True

    def versions_of(self, row: PlanTemplate) -> Any:
        if not row.pk:
            return ()
        rows = row.versions.select_related("by").annotate(used=Count("briefs"))
        return rows.order_by("-number")

    @admin.display(description=gettext_lazy("default"), ordering="is_default")
    def default(self, row: PlanTemplate) -> SafeString | str:
        return badge(_("Default"), "info") if row.is_default else ""

    @admin.display(description=gettext_lazy("version"), ordering="last")
    def newest(self, row: Any) -> int | None:
        found: int | None = row.last
        return found

    @admin.display(description=gettext_lazy("active"), ordering="is_active")
    def in_use(self, row: PlanTemplate) -> SafeString:
        return badge(_("Active"), "good") if row.is_active else badge(_("Inactive"))
