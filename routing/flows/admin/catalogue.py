"""The catalogue of flows as one document to print: entries, maps, rules and exception routes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from routing.desk.addresses import address
from routing.desk.base import DeskAdmin
from routing.flows.admin.workflow_map import MapStop, map_of, when_of
from routing.flows.models import Flow, FlowVersion, live_of
from routing.flows.rules import Rule
from routing.flows.switch_off import SwitchOff
from routing.flows.value_streams import ValueStream
from routing.runs.exceptions import ExceptionRoute


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One ownership rule: when it matches, and who then owns the work."""

    rule: Rule
    when: str


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """
    A flow as the document shows it.

    :ivar version: the live version, or None
    :ivar facts: labels with their values; those that nobody filled in are left out
    """

    flow: Flow
    version: FlowVersion | None
    switched_off: SwitchOff | None
    facts: tuple[tuple[str, str], ...]
    stops: tuple[MapStop, ...]
    rules: tuple[RuleLine, ...]


class Printing(DeskAdmin[Flow]):
    """The page that shows the whole catalogue as a document."""

    list_before_template = "desk/catalogue_link.html"

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.catalogue_view)
        return [path("catalogue/", page, name="routing_flow_catalogue"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {
            "catalogue_url": address(Flow, "catalogue"),
            "events_url": address(Flow, "events"),
            "streams_url": address(ValueStream, "changelist"),
        }
        return super().changelist_view(request, more | (extra_context or {}))

    def catalogue_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        flows = Flow.objects.select_related("owner", "backup", "outcome_owner")
        context = {
            "title": _("Catalogue of flows"),
            "entries": [entry_of(flow) for flow in flows],
            "routes": ExceptionRoute.objects.all(),
            "streams": ValueStream.objects.not_automated().select_related("owner"),
            "back": address(Flow, "changelist"),
        }
        return self.render(request, "desk/catalogue.html", context)


def entry_of(flow: Flow) -> CatalogueEntry:
    version = live_of(flow.pk)
    return CatalogueEntry(
        flow=flow,
        version=version,
        switched_off=SwitchOff.objects.current().filter(flow=flow).select_related("off_by").first(),
        facts=tuple((label, value) for label, value in _facts(flow) if value),
        stops=tuple(map_of(flow, version)) if version else (),
        rules=tuple(_rules(version)) if version else (),
    )


def _facts(flow: Flow) -> Iterator[tuple[str, str]]:
    """Yield what the entry says and the map does not."""
    stable = Flow.objects.filter(slug__in=flow.stay_stable).values_list("name", flat=True)
    yield _("Criticality"), str(flow.get_criticality_display())
    yield _("Touches"), ", ".join(str(Flow.Touches(each).label) for each in flow.touches)
    yield _("May change"), "; ".join(flow.may_change)
    yield _("System of record"), flow.system_of_record
    yield _("Must hold"), "; ".join(flow.must_hold)
    yield _("Flows that must stay stable"), ", ".join(stable)
    yield _("Feels a change first"), flow.feels_first
    yield _("Team leads may edit rules"), _("Yes") if flow.leads_may_edit else ""


def _rules(version: FlowVersion) -> Iterator[RuleLine]:
    labels = dict(version.fields.values_list("name", "label"))
    rows = version.rules.select_related("team__lead").prefetch_related("conditions")
    for rule in rows.order_by("position"):
        yield RuleLine(rule, when_of(rule, labels))
