"""Pages of one version: its content, changes, checks and approvals, and its preview in a frame."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from delivery.approvals.admin.review_results import approvals_of, checks_of
from delivery.deliverables.diff import difference
from delivery.deliverables.models import Deliverable
from delivery.deliverables.preview import preview
from delivery.deliverables.versions import Version
from routing.desk.addresses import address
from routing.desk.base import DeskAdmin, actor
from routing.work.files_view import address_of
from routing.work.visibility import files_seen_by


class VersionPages(DeskAdmin[Deliverable]):
    """Pages of versions, open to everyone who sees their deliverable."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        page = path(
            "<path:object_id>/version/<int:number>/",
            wrap(require_safe(self.version_view)),
            name="delivery_deliverable_version",
        )
        frame = path(
            "<path:object_id>/version/<int:number>/preview/",
            wrap(require_safe(self.preview_view)),
            name="delivery_deliverable_preview",
        )
        # Before the admin's own URLs, which end with a pattern that matches everything.
        return [frame, page, *super().get_urls()]

    def version_of(
        self, request: HttpRequest, object_id: str, number: int
    ) -> tuple[Deliverable, Version]:
        """:raises Http404: if there is no such version, or its deliverable is hidden"""
        row = self.seen(request, object_id)
        actor(request).require("delivery.view_version", to=_("see versions"))
        found = (
            Version.objects.filter(deliverable=row, number=number)
            .select_related("author")
            .prefetch_related("files__file")
            .first()
        )
        if found is None:
            raise Http404
        return row, found

    def preview_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        _row, version = self.version_of(request, object_id, number)
        # One query for all images: the preview asks for the address of each.
        seen = set(
            files_seen_by(actor(request))
            .filter(versions__version=version)
            .values_list("pk", flat=True)
        )
        return preview(request, version, lambda file: address_of(file) if file.pk in seen else "")

    def version_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        row, version = self.version_of(request, object_id, number)
        before = (
            Version.objects.filter(deliverable=row, number__lt=number)
            .order_by("-number")
            .prefetch_related("files__file")
            .first()
        )
        after = row.versions.filter(number__gt=number).order_by("number").first()
        context = {
            "title": _("%(ref)s, version %(number)s") % {"ref": row.item.ref, "number": number},
            "deliverable": row,
            "original": row,
            "version": version,
            "frame": address(Deliverable, "preview", row.pk, number),
            "before": before,
            "after": after,
            "different": difference(before.manifest, version.manifest) if before else None,
            "checks": checks_of(row, version)[version.pk],
            "approvals": approvals_of(row, version),
            "back": address(Deliverable, "change", row.pk),
            "item": row.item,
        }
        return self.render(request, "desk/version_of_work.html", context)
