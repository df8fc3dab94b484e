"""Audit seals at the desk, read only, and the verification of the chain."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.audit.models import Seal
from routing.audit.verify import verify
from routing.desk.addresses import address
from routing.runs.admin.events import ReadOnly
from routing.work.display import when


@admin.register(Seal)
class SealAdmin(ReadOnly[Seal]):
    list_display = ("id", "ledger", "row_count", "short_head", "when_sealed")
    list_filter = ("ledger",)
    search_fields = ("=head",)
    search_help_text = gettext_lazy("Full head")
    ordering = ("-id",)
    list_before_template = "desk/verify.html"
    empty_title = gettext_lazy("No seals yet")
    empty_text = gettext_lazy("The scheduler seals the history every 30 seconds.")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.verify_view)
        return [path("verify/", page, name="routing_seal_verify"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context: HttpResponse = super().changelist_view(
            request,
            {
                "verifying": address(Seal, "verify"),
                "last": Seal.objects.last(),
                **(extra_context or {}),
            },
        )
        return context

    def verify_view(self, request: HttpRequest) -> HttpResponse:
        """Verify the chain. By POST, because it reads everything."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        back = address(Seal, "changelist")
        if request.method != "POST":
            return HttpResponseRedirect(back)
        found = verify()
        title = _("The audit trail is intact") if found.whole else _("The audit trail is broken")
        return self.render(
            request, "desk/verified.html", {"title": title, "found": found, "back": back}
        )

    @admin.display(description=gettext_lazy("head"))
    def short_head(self, seal: Seal) -> str:
        return seal.head[:16]

    @admin.display(description=gettext_lazy("sealed"), ordering="id")
    def when_sealed(self, seal: Seal) -> SafeString | str:
        return when(seal.sealed_at)
