"""Exports at the desk: of any list, the reader's own long ones, and the record of all."""

from __future__ import annotations

from http import HTTPStatus
from io import BytesIO
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from routing.desk.addresses import address
from routing.desk.export_columns import ColumnType, ExportColumn
from routing.desk.export_jobs import Export, ExportRecord
from routing.desk.exporting import ListToExport, UnknownFormat, form_called, list_to_export
from routing.desk.exports import MEDIA_TYPES
from routing.desk.named_lists import UnknownList, named_list, request_of
from routing.desk.operations.exports import (
    MOST_AT_ONCE,
    MOST_RUNNING,
    TooManyExports,
    ask_for_export,
    cancel_export,
    export_now,
    note_download,
)
from routing.desk.ranges import answer_with
from routing.kernel.storage import private
from routing.people.staff import User
from routing.runs.admin.events import ReadOnly
from routing.work.display import NOTHING, badge, exact, size, when

FORMAT = "format"


def export_list(request: HttpRequest, name: str) -> HttpResponseBase:
    """
    Send a list as its address narrows it, or have a long one written for “My exports”.

    The format is in the form, or CSV. A long list needs a POST, since a link must not start work.

    :raises PermissionDenied: if the reader may not see the list
    :raises Http404: if there is no such list or format
    """
    assert isinstance(request.user, User)  # the desk has nobody else
    try:
        form = form_called(request.POST.get(FORMAT, "csv"))
        found = list_to_export(name, request.user, request.GET)
    except (UnknownList, UnknownFormat):
        raise Http404 from None
    if found.count(MOST_AT_ONCE) <= MOST_AT_ONCE:
        return _sent(found, form)
    if request.method != "POST":
        words = _("This list has more than %(most)s rows. Export it with the button.")
        messages.warning(request, words % {"most": _grouped(MOST_AT_ONCE)})
        query = found.query.urlencode()
        listed = address(found.page.model, "changelist")
        return HttpResponseRedirect(f"{listed}?{query}" if query else listed)
    try:
        row = ask_for_export(found, form, at=timezone.now())
    except TooManyExports:
        words = _("You have %(most)s exports running. Wait for one, or cancel it.")
        messages.error(request, words % {"most": MOST_RUNNING})
    else:
        words = _(
            "%(count)s rows are being written. You find the file here when it is ready, and get an "
            "e-mail unless you have downloaded it by then."
        )
        messages.success(request, words % {"count": _grouped(row.total)})
    return HttpResponseRedirect(address(Export, "changelist"))


def _sent(found: ListToExport, form: str) -> HttpResponseBase:
    at, out = timezone.now(), BytesIO()  # of a short list
    export_now(found, form, out, way=ExportRecord.Way.PAGE, at=at)
    out.seek(0)
    name = f"{found.name}-{at:%Y%m%dT%H%M%SZ}.{form}"
    answer = FileResponse(out, as_attachment=True, filename=name, content_type=MEDIA_TYPES[form])
    return _guarded(answer)


def _guarded(answer: HttpResponseBase) -> HttpResponseBase:
    answer["Cache-Control"] = "private, no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _grouped(count: int) -> str:
    return number_format(count, use_l10n=True, force_grouping=True)


def title_of(name: str) -> str:
    """Return the name of a list as the sidebar has it, or its machine name if it is gone."""
    try:
        page = named_list(name)
    except UnknownList:
        return name
    return str(page.heading or page.opts.verbose_name_plural).capitalize()


def filters_in_words(row: ExportRecord) -> str:
    """Return the filters of an export, or nothing if there were none or they were erased."""
    return ", ".join(f"{name}={value}" for name, value in row.filters or ())


@admin.register(Export)
class ExportAdmin(ReadOnly[Export]):
    heading = gettext_lazy("My exports")
    list_display = ("what", "filters", "progress", "asked", "until", "steps")
    list_display_links = None
    ordering = ("-id",)
    list_before_template = "desk/exports.html"
    empty_title = gettext_lazy("No exports")
    empty_text = gettext_lazy(
        "Choose “Export” above a list. Files of more than 5,000 rows are kept here for a day."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Export]:
        return super().get_queryset(request).filter(user=request.user.pk)

    def get_urls(self) -> list[URLPattern]:
        pages = (
            ("of/<slug:name>/", require_http_methods(["GET", "POST"])(export_list), "of"),
            ("<uuid:key>/download/", require_safe(self.download_view), "download"),
            ("<uuid:key>/cancel/", require_POST(self.cancel_view), "cancel"),
        )
        named = [
            path(route, self.admin_site.admin_view(view), name=f"routing_export_{name}")
            for route, view, name in pages
        ]
        return [*named, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        running = self.get_queryset(request).filter(due_at__isnull=False).exists()
        return super().changelist_view(request, {"running": running, **(extra_context or {})})

    def own(self, request: HttpRequest, key: UUID) -> Export:
        """:raises Http404: if there is no such export, or it is another person's"""
        row = self.get_queryset(request).filter(key=key).first()
        if row is None or not self.has_view_permission(request):
            raise Http404
        return row

    def download_view(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        """
        Send a file, or the range of it that was asked for.

        :raises Http404: if it is another person's, not ready, gone, or of a list that the reader
            may no longer see
        """
        row, now = self.own(request, key), timezone.now()
        if not Export.objects.ready(now).filter(pk=row.pk).exists():
            raise Http404
        try:
            page = named_list(row.list_name)
            stream: Any = private().open(row.storage_key)
        except (UnknownList, FileNotFoundError):
            raise Http404 from None
        if not page.has_view_permission(request_of(page, row.user, request.GET)):
            stream.close()
            raise Http404
        answer = answer_with(
            request,
            stream,
            size=row.size,
            etag=f'"{row.sha256}"',
            content_type=MEDIA_TYPES[row.format],
        )
        if answer.status_code in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            answer["Content-Disposition"] = f'attachment; filename="{row.file_name}"'
            note_download(row.pk, at=now)
        return _guarded(answer)

    def cancel_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        if cancel_export(self.own(request, key).pk, at=timezone.now()):
            messages.success(request, _("Export cancelled."))
        else:
            messages.warning(request, _("The export had ended already."))
        return HttpResponseRedirect(address(Export, "changelist"))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the list, which shows everything about an export."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        self.seen(request, object_id)
        return HttpResponseRedirect(address(Export, "changelist"))

    @admin.display(description=gettext_lazy("list"))
    def what(self, row: Export) -> str:
        return f"{title_of(row.list_name)}, {row.get_format_display()}"

    @admin.display(description=gettext_lazy("filters"))
    def filters(self, row: Export) -> str:
        return row.query.replace("&", ", ") or NOTHING

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, row: Export) -> SafeString | str:
        if row.storage_key:
            words = _("%(rows)s rows, %(size)s")
            return words % {"rows": _grouped(row.done), "size": size(row.size)}
        if row.cancelled_at:
            return badge(_("Cancelled"))
        if row.fault:
            return format_html("{} {}", badge(_("Failed"), "bad"), row.get_fault_display())
        words = _("%(done)s of %(total)s rows") % {
            "done": _grouped(row.done),
            "total": _grouped(row.total),
        }
        return format_html(
            '<progress max="{}" value="{}" aria-label="{}"></progress> {}',
            max(row.total, 1),
            min(row.done, row.total),
            _("Rows written"),
            words,
        )

    @admin.display(description=gettext_lazy("asked for"))
    def asked(self, row: Export) -> SafeString | str:
        return when(row.asked_at)

    @admin.display(description=gettext_lazy("gone after"))
    def until(self, row: Export) -> SafeString | str:
        return when(row.expires_at) if row.storage_key else NOTHING

    @admin.display(description=gettext_lazy("next step"))
    def steps(self, row: Export) -> SafeString | str:
        if row.storage_key and row.expires_at and row.expires_at > timezone.now():
            return format_html(
                '<a class="tl-link" href="{}">{} <span class="tl-sr">{}</span></a>',
                reverse("admin:routing_export_download", args=[row.key]),
                _("Download"),
                row.file_name,
            )
        if row.due_at is None:
            return NOTHING
        # The form of actions is around the list, so the button names an address of its own.
        return format_html(
            '<button class="tl-link" type="submit" formmethod="post" formaction="{}">{}</button>',
            reverse("admin:routing_export_cancel", args=[row.key]),
            _("Cancel"),
        )


@admin.register(ExportRecord)
class ExportRecordAdmin(ReadOnly[ExportRecord]):
    heading = gettext_lazy("Export log")
    list_name = "exports"
    list_display = ("happened", "user", "what", "narrowed", "count", "way", "digest")
    list_select_related = ("user",)
    list_filter = ("format", "way")
    search_fields = ("user__email", "user__full_name", "=list_name", "=sha256")
    search_help_text = gettext_lazy("Name or e-mail address, list, or SHA-256 of the file")
    ordering = ("-id",)
    fields = ("user", "list_name", "narrowed", "format", "way", "rows", "sha256", "exactly")
    empty_title = gettext_lazy("No exports")
    empty_text = gettext_lazy("Each export of a list is recorded here, with who took it and when.")
    export_columns = (
        ExportColumn("number", gettext_lazy("number"), "pk", ColumnType.NUMBER),
        ExportColumn("at", gettext_lazy("at"), "at", ColumnType.INSTANT),
        ExportColumn("by", gettext_lazy("person"), "user.full_name"),
        ExportColumn("by_email", gettext_lazy("e-mail"), "user.email"),
        ExportColumn("list", gettext_lazy("list"), "list_name"),
        ExportColumn("filters", gettext_lazy("filters"), filters_in_words),
        ExportColumn("format", gettext_lazy("format"), "format"),
        ExportColumn("way", gettext_lazy("way"), "way"),
        ExportColumn("rows", gettext_lazy("rows"), "rows", ColumnType.NUMBER),
        ExportColumn("sha256", gettext_lazy("SHA-256"), "sha256"),
    )

    @admin.display(description=gettext_lazy("when"), ordering="id")
    def happened(self, row: ExportRecord) -> SafeString | str:
        return when(row.at)

    @admin.display(description=gettext_lazy("at"))
    def exactly(self, row: ExportRecord) -> str:
        return exact(row.at)

    @admin.display(description=gettext_lazy("list"))
    def what(self, row: ExportRecord) -> str:
        return f"{title_of(row.list_name)}, {row.get_format_display()}"

    @admin.display(description=gettext_lazy("filters"))
    def narrowed(self, row: ExportRecord) -> str:
        return filters_in_words(row) or NOTHING

    @admin.display(description=gettext_lazy("rows"))
    def count(self, row: ExportRecord) -> str:
        return _grouped(row.rows)

    @admin.display(description=gettext_lazy("SHA-256"))
    def digest(self, row: ExportRecord) -> SafeString:
        return format_html('<code title="{}">{}</code>', row.sha256, row.sha256[:12])
