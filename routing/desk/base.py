"""
Shared behaviour of all pages of the desk: nothing is deleted, history is not restored, and rows
that a person may not see answer like rows that do not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NoReturn, TypeVar

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import lookup_spawns_duplicates
from django.core.exceptions import FieldDoesNotExist, PermissionDenied, SuspiciousOperation
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from routing.desk.addresses import FILTERS, address, list_query, page_of
from routing.desk.bar import bar_of
from routing.desk.change_list import DeskList
from routing.desk.choosing import UnknownColumn, chosen_columns, unknown_columns
from routing.desk.export_columns import ExportColumn
from routing.desk.opening import opened
from routing.desk.refining import in_address, is_refined, no_such_filter, refined
from routing.desk.timeline import ActivityEntry, saves_of, saves_of_parts
from routing.people.actors import Actor, actor_of
from routing.work.gates import Words
from routing.work.search_terms import asked, words_in


def actor(request: HttpRequest) -> Actor:
    """Return the signed-in actor, read once for each request."""
    found: Actor | None = getattr(request, "actor", None)
    if found is None:
        found = actor_of(request)
        request.actor = found  # type: ignore[attr-defined]
    return found


LEFT_OUT = "?e=1"  # where Django leads from an address with a filter that a list does not have


def offers(entry: Any, lookup: str) -> bool:
    """Return whether a lookup belongs to an entry of ``list_filter``."""
    if isinstance(entry, type):
        names = (getattr(entry, "parameter_name", None), *getattr(entry, "other_names", ()))
        return lookup in names
    column = entry if isinstance(entry, str) else entry[0]
    return lookup == column or lookup.startswith(column + LOOKUP_SEP)


ModelT = TypeVar("ModelT", bound=Model)


class DeskAdmin(ModelAdmin, Generic[ModelT]):
    """
    Base of all pages of the desk. They translate between screens and operations.

    A subclass names its model, as in ``DeskAdmin[Request]``, because Unfold's classes have no
    types.
    """

    model: type[ModelT]
    change_list_template = "desk/list.html"
    show_full_result_count = False
    list_per_page = 50
    show_facets = False
    empty_value_display = "–"
    list_name: str = ""  # by which commands and exports know the list; see named_lists
    export_columns: tuple[ExportColumn, ...] = ()  # of the list as a file
    export_related: tuple[str, ...] = ()  # relations that only these columns read
    heading: Words = ""  # of the list, as in the sidebar; the model's plural by default
    empty_title: Words = ""  # heading and text of an empty list
    empty_text: Words = ""
    more_columns: tuple[str, ...] = ()  # that a person can choose beside those of list_display
    linked_lookups: tuple[str, ...] = ()  # of an address that our own pages link to, not a filter

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        refuse = self.admin_site.admin_view(self.revert_view)
        return [path("<path:object_id>/history/<int:version>/", refuse), *super().get_urls()]

    def revert_view(self, request: HttpRequest, object_id: str, version: int) -> NoReturn:
        """:raises PermissionDenied: always; restoring an old row would bypass every gate"""
        raise PermissionDenied(_("History is read-only and cannot be restored."))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if is_refined(request.GET):
            return HttpResponseRedirect(f"{request.path}?{in_address(refined(self, request))}")
        if (query := opened(self, request, actor(request))) is not None:
            return HttpResponseRedirect(f"{request.path}?{in_address(query)}")
        context = {"title": self.list_title(request), **(extra_context or {})}
        page: HttpResponse = super().changelist_view(request, context)
        if page.headers.get("Location", "").endswith(LEFT_OUT):
            messages.warning(request, no_such_filter(self, request))
        shown = getattr(page, "context_data", None) or {}
        if isinstance(shown.get("cl"), DeskList):
            shown["bar"] = bar_of(shown["cl"], request, actor(request))
        return page

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return chosen_columns(self, request.GET)

    def unknown_columns(self, request: HttpRequest) -> list[UnknownColumn]:
        return unknown_columns(self, request.GET)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelT]:
        found: QuerySet[ModelT] = super().get_queryset(request)
        return found

    def for_page(self, request: HttpRequest, rows: QuerySet[ModelT]) -> QuerySet[ModelT]:
        """Return the rows of a list with what only the shown ones need. They are counted before."""
        return rows

    def for_export(self, rows: Sequence[ModelT]) -> None:
        """Load what the columns of a file need for these rows, some of a list, all at once."""

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> ModelT | None:
        found: ModelT | None = super().get_object(request, object_id, from_field)
        return found

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DeskList]:
        return DeskList

    def filtered(self, request: HttpRequest) -> QuerySet[ModelT]:
        """
        Return the rows of the list as its address narrows them, for what is no list, as an export.

        :raises SuspiciousOperation: if the address cannot be read; a list leaves such parts out
        """
        try:
            found = self.get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            raise SuspiciousOperation(str(error)) from error
        if found.faults:
            raise SuspiciousOperation(" ".join(str(fault) for fault in found.faults))
        rows: QuerySet[ModelT] = found.get_queryset(request)
        return rows

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """
        Return whether the address may narrow the list in this way: by its filters and no others.

        Django allows every column of the row itself. The number of rows would then tell what the
        page hides, such as an amount, a secret or a password, digit by digit.
        """
        if lookup in self.linked_lookups:
            return True
        for entry in self.get_list_filter(request):
            if offers(entry, lookup):
                ours = isinstance(entry, type)  # which reads its values itself
                return ours or bool(super().lookup_allowed(lookup, value, request))
        try:
            self.opts.get_field(lookup.split(LOOKUP_SEP, maxsplit=1)[0])
        except FieldDoesNotExist:
            raise IncorrectLookupParameters from None  # not a column: the list without it
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        fields = self.get_search_fields(request)
        if not fields or not words_in(search_term):
            return queryset, False
        twice = any(lookup_spawns_duplicates(self.opts, field.lstrip("=^")) for field in fields)
        return queryset.filter(asked(search_term, fields)), twice

    def list_title(self, request: HttpRequest) -> str:
        return str(self.heading) or capfirst(str(self.opts.verbose_name_plural))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied(_("History is read-only."))
        row = self.seen(request, object_id)
        entries = saves_of(row) if hasattr(row, "history") else []
        parts = [inline.model for inline in self.inlines]
        entries += saves_of_parts(row, parts, actor(request))
        entries += self.further_history(row)
        entries.sort(key=lambda entry: entry.at, reverse=True)
        title = _("History of %(what)s") % {"what": row}
        return self.render(
            request,
            "desk/history.html",
            {"title": title, "original": row, "entries": entries, "back": page_of(row)},
        )

    def further_history(self, row: ModelT) -> list[ActivityEntry]:
        """Return entries for rows whose past is told elsewhere than in their history table."""
        return []

    def render(
        self, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
    ) -> TemplateResponse:
        shared = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "now": timezone.now(),
            "back_to_list": self.back_to_list(request),
            "list_query": list_query(request),
        }
        return TemplateResponse(request, template, shared | context, status=status)

    def back_to_list(self, request: HttpRequest) -> str:
        """
        Return the address of the list from which this page was opened, as it was, or empty.
        """
        # Links of a list carry its query, never an address, so this cannot lead anywhere else.
        query = request.GET.get(FILTERS, "")
        if not query:
            return ""
        return f"{address(self.model, 'changelist')}?{QueryDict(query).urlencode()}"

    def seen(self, request: HttpRequest, object_id: str) -> ModelT:
        """
        Return a row that this person may see.

        :raises PermissionDenied: if they may not see rows of this model at all
        :raises Http404: if there is no such row, or they may not see it
        """
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return row

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> NoReturn:
        # Django redirects with a message, and only this method can change that. A 404 does not say
        # if a hidden row exists.
        raise Http404

    # History and events record who changed what. Django's own log stays empty, because it would
    # keep names for ever, unsealed and out of reach of erasure.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Log nothing."""

    log_change = log_addition

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Log nothing."""
