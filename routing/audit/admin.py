"""
Audit seals and erasures at the desk, read only, and the verification of the chain.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.audit.models import Erasure, Seal
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


@admin.register(Erasure)
class ErasureAdmin(ReadOnly[Erasure]):
    """Erasures with their state. Only the owner of the database can complete one."""

    list_display = ("of_contact", "state", "asked_by", "when_asked", "to_decide")
    list_select_related = ("asked_by",)
    ordering = ("-id",)
    fields = ("asked_by", "asked_at", "reason", "done_at")
    change_form_outer_before_template = "desk/erasure.html"
    empty_title = gettext_lazy("No erasures")
    empty_text = gettext_lazy("Open a contact and choose “Erase personal data”.")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.seen(request, object_id)
        context = {
            "erasure": row,
            "undecided": _undecided(row),
            "state": self.state(row),
            "show_history": False,
            **(extra_context or {}),
        }
        page: HttpResponse = super().change_view(request, object_id, form_url, context)
        return page

    @admin.display(description=gettext_lazy("contact"))
    def of_contact(self, row: Erasure) -> str:
        return _("Erased contact %(number)s") % {"number": row.contact_id}

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: Erasure) -> str:
        if row.done_at is not None:
            return _("Complete")
        if row.report.get("left"):
            return _("Incomplete: the last run left some places")
        return _("Waiting for the owner of the database")

    @admin.display(description=gettext_lazy("asked for"), ordering="id")
    def when_asked(self, row: Erasure) -> SafeString | str:
        return when(row.asked_at)

    @admin.display(description=gettext_lazy("near matches to decide"))
    def to_decide(self, row: Erasure) -> int:
        return len(_undecided(row))


def _undecided(row: Erasure) -> list[str]:
    """Return the near matches about which nobody has decided yet."""
    decided = row.report.get("decided", {})
    return [place for place in row.report.get("near", ()) if place not in decided]
