"""Notifications of the signed-in person at the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import BigIntegerField, Case, Exists, F, Func, OuterRef, Subquery, Value, When
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from routing.desk.addresses import address, work_page
from routing.desk.base import actor
from routing.desk.filters import WithDefault
from routing.messages.models import OF_A_CLOCK, Notification
from routing.messages.operations import mark_read
from routing.messages.shown import shown_to
from routing.runs.admin.events import ReadOnly
from routing.sla.clocks import Clock
from routing.work import display
from routing.work.visibility import work_seen_by

TONES = {
    Notification.Words.WARNING.value: "warn",
    Notification.Words.BREACH.value: "bad",
    Notification.Words.ESCALATION.value: "bad",
}


class Unread(WithDefault):
    title = gettext_lazy("read")
    parameter_name = "read"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("new", _("Unread")), ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "all":
            current = Notification.objects.filter(pk=OuterRef("pk")).current(timezone.now())
            return queryset.annotate(settled=~Exists(current))
        return queryset.unread().current(timezone.now())


@admin.register(Notification)
class NotificationAdmin(ReadOnly[Notification]):
    list_display = ("about", "said", "due_at", "sent", "read")
    list_display_links = None
    list_select_related = ("item",)
    list_filter = (Unread,)
    ordering = ("-pk",)
    actions = ("mark_as_read",)
    list_before_template = "desk/for_me.html"
    empty_title = gettext_lazy("No new notifications")
    empty_text = gettext_lazy(
        "You are notified here when work is assigned to you, needs your decision or is about to "
        "become overdue."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        by = actor(request)
        return super().get_queryset(request).filter(shown_to(by), recipient=by.user_id)

    def for_page(self, request: HttpRequest, rows: Any) -> Any:
        seen = work_seen_by(actor(request)).filter(pk=OuterRef("item")).order_by()
        # Work can have several clocks, whose messages would otherwise look the same.
        key = Func(F("dedupe_key"), Value(":"), Value(2), function="split_part")
        of_clock = When(dedupe_key__startswith=OF_A_CLOCK, then=Cast(key, BigIntegerField()))
        clock = Clock.objects.filter(pk=OuterRef("clock_id")).values("purpose")
        named = rows.annotate(seen=Exists(seen), clock_id=Case(of_clock))
        return named.annotate(purpose=Subquery(clock))

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.read_view)
        return [path("read/", page, name="routing_notification_read"), *super().get_urls()]

    def list_title(self, request: HttpRequest) -> str:
        return _("Notifications")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        new = self.get_queryset(request).unread().current(timezone.now())
        more = {"reading": address(Notification, "read"), "new": new.count()}
        page: HttpResponse = super().changelist_view(request, more | (extra_context or {}))
        return page

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        return HttpResponseRedirect(work_page(self.seen(request, object_id).item_id))

    def read_view(self, request: HttpRequest) -> HttpResponse:
        """Mark all of the reader's notifications as read, by POST."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            self.confirm_read(request, mark_read(None, by=actor(request), at=timezone.now()))
        return HttpResponseRedirect(address(Notification, "changelist"))

    @admin.action(permissions=["view"], description=gettext_lazy("Mark as read"))
    def mark_as_read(self, request: HttpRequest, queryset: Any) -> None:
        self.confirm_read(
            request,
            mark_read(
                list(queryset.values_list("pk", flat=True)), by=actor(request), at=timezone.now()
            ),
        )

    def confirm_read(self, request: HttpRequest, count: int) -> None:
        said = ngettext(
            "%(count)s notification marked as read.",
            "%(count)s notifications marked as read.",
            count,
        )
        messages.success(request, said % {"count": count})

    @admin.display(description=gettext_lazy("work"))
    def about(self, row: Notification) -> SafeString:
        if not getattr(row, "seen", True):
            return format_html('<span class="tl-ref">{}</span>', row.item.ref)
        return format_html(
            '<a class="tl-link" href="{}"><span class="tl-ref">{}</span> {}</a>',
            work_page(row.item_id),
            row.item.ref,
            row.item.title,
        )

    @admin.display(description=gettext_lazy("message"))
    def said(self, row: Notification) -> SafeString | str:
        words = row.get_words_display()
        if row.words not in TONES:
            return words
        purpose = (getattr(row, "purpose", None) or "").replace("_", " ")
        return format_html(
            '{} <span class="tl-meta">{}</span>', display.badge(words, TONES[row.words]), purpose
        )

    @admin.display(description=gettext_lazy("due"), ordering="item__next_due_at")
    def due_at(self, row: Notification) -> SafeString | str:
        return display.due(row.item) if getattr(row, "seen", True) else display.NOTHING

    @admin.display(description=gettext_lazy("when"), ordering="at")
    def sent(self, row: Notification) -> SafeString | str:
        return display.when(row.at)

    @admin.display(description=gettext_lazy("read"), ordering="read_at")
    def read(self, row: Notification) -> SafeString | str:
        if row.read_at is None:
            settled = getattr(row, "settled", False)
            return _("Settled") if settled else display.badge(_("Unread"), "info")
        return display.when(row.read_at)
