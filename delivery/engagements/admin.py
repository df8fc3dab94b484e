"""Engagements at the desk: what was sold, and the briefs that use it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from delivery.briefs.models import Brief
from delivery.engagements.models import Engagement
from delivery.engagements.money import money
from delivery.progress.retainer_month import hours_of_month
from routing.desk.base import actor
from routing.desk.saved import SavedAdmin
from routing.work.display import NOTHING
from routing.work.visibility import clients_seen_by, work_seen_by

MOST_BRIEFS = 50


@admin.register(Engagement)
class EngagementAdmin(SavedAdmin[Engagement]):
    list_display = (
        "name",
        "client",
        "sold",
        "hours",
        "rounds",
        "starts_date",
        "ends_date",
        "brief_count",
    )
    list_select_related = ("client",)
    search_fields = ("name", "client__code", "client__name")
    search_help_text = _("Name or client")
    fields = (
        "client",
        "name",
        "amount",
        "currency",
        "hours",
        "monthly_hours",
        "used_now",
        "rounds",
        "starts_date",
        "ends_date",
        "reason",
    )
    readonly_fields = ("used_now",)
    change_form_outer_before_template = "desk/engagement.html"
    empty_title = _("No engagements yet")
    empty_text = _("Engagements come from CRM deals. Add one for work sold elsewhere.")

    def get_queryset(self, request: HttpRequest) -> Any:
        by = actor(request)
        seen = super().get_queryset(request).filter(client__in=clients_seen_by(by))
        # Briefs may be hidden from someone who sees their client, so only visible ones count.
        return seen.annotate(
            briefs_seen=Count("briefs", filter=Q(briefs__item__in=work_seen_by(by).order_by()))
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # The briefs of an engagement belong to its client, so the client never changes.
        always = tuple(self.readonly_fields)
        return ("client", *always) if obj else always

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "client":
            kwargs["queryset"] = clients_seen_by(actor(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        seen = work_seen_by(actor(request)).order_by()
        # The URL may hold anything. The parent class answers an id that is not a number.
        engagement = int(object_id) if object_id.isdecimal() else 0
        rows = Brief.objects.filter(engagement=engagement, item__in=seen)
        more = {"briefs": rows.select_related("item__owner").order_by("-pk")[:MOST_BRIEFS]}
        page: HttpResponse = super().change_view(
            request, object_id, form_url, more | (extra_context or {})
        )
        return page

    @admin.display(description=_("amount"), ordering="amount")
    def sold(self, row: Engagement) -> str:
        if row.amount is None:
            return NOTHING
        return money(row.amount, row.currency)

    @admin.display(description=_("used this month"))
    def used_now(self, row: Engagement) -> str:
        if row._state.adding or not row.monthly_hours:
            return NOTHING
        hours = hours_of_month([row], timezone.now())[row.pk]
        return gettext("%(used)s of %(agreed)s hours, %(percent)s %%") % {
            "used": number_format(hours.used),
            "agreed": number_format(hours.agreed),
            "percent": hours.percent,
        }

    @admin.display(description=_("briefs"), ordering="briefs_seen")
    def brief_count(self, row: Any) -> int:
        return int(row.briefs_seen)
