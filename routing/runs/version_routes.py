"""
VersionRoute: the owner and timebox of exceptions of one flow, where exception routing of the agency
does not fit it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict, Field

from routing.flows.models import FlowVersion, VersionPart
from routing.flows.registry import VersionRows, with_version
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant
from routing.runs.exceptions import ExceptionRoute
from routing.runs.models import Run
from routing.sla.policies import MOST_WORKTIME

KEY = "exception_routes"  # in the file of a flow
MOST_MINUTES = int(MOST_WORKTIME / timedelta(minutes=1))
DEFAULT_MINUTES = 240

grant("routing.view_versionroute", AM, QA, OPS, INTEGRATIONS, AUDITOR)
for _verb in ("add", "change", "delete"):
    grant(f"routing.{_verb}_versionroute", OPS)


class VersionRoute(VersionPart):
    """Owner and timebox for exceptions with this reason in runs of a version."""

    impersonal = ("reason", "taker")

    version = models.ForeignKey(
        FlowVersion,
        on_delete=models.CASCADE,
        related_name="exception_routes",
        verbose_name=_("version"),
    )
    reason = models.CharField(_("exception reason"), max_length=40, choices=Reason.choices)
    taker = models.CharField(
        _("assigned to"),
        max_length=10,
        choices=ExceptionRoute.Taker.choices,
        default=ExceptionRoute.Taker.WORK,
    )
    timebox_minutes = models.PositiveIntegerField(
        _("timebox (working minutes)"),
        default=DEFAULT_MINUTES,
        validators=[MaxValueValidator(MOST_MINUTES)],
    )

    class Meta:
        verbose_name = _("exception route")
        verbose_name_plural = _("exception routes")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("version", "reason"),
                name="version_route_once",
                deferrable=models.Deferrable.IMMEDIATE,
                violation_error_message=_("This reason is in the list already."),
            ),
        )

    def __str__(self) -> str:
        return _now("%(reason)s: %(who)s") % {
            "reason": self.get_reason_display(),
            "who": self.get_taker_display(),
        }


# -- Which route counts ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Routes:
    """
    The routes of the agency by reason, and those of versions of flows by version and reason. A
    route of the version counts before the one of the agency.
    """

    agency: Mapping[str, ExceptionRoute]
    own: Mapping[tuple[int, str], VersionRoute]

    @classmethod
    def of(cls, runs: Iterable[Run | None]) -> Routes:
        """Read the routes for exceptions of these runs, in at most two queries."""
        versions = {run.version_id for run in runs if run is not None and run.version_id}
        rows = VersionRoute.objects.filter(version__in=versions) if versions else ()
        return cls(
            ExceptionRoute.objects.in_bulk(field_name="reason"),
            {(row.version_id, row.reason): row for row in rows},
        )

    def own_route(self, reason: str, run: Run | None) -> VersionRoute | None:
        """Return the route that the version of the run has for this reason."""
        return self.own.get((run.version_id, reason)) if run is not None else None

    def taker(self, reason: str, run: Run | None) -> str:
        route = self.own_route(reason, run) or self.agency.get(reason)
        return route.taker if route else ExceptionRoute.Taker.WORK

    def agency_minutes(self, reason: str) -> int:
        """Return the timebox of the agency, or the default where it has no route."""
        return (self.agency.get(reason) or ExceptionRoute()).timebox_minutes


# -- In the file of a flow -------------------------------------------------------------------------


class VersionRouteShape(BaseModel):
    """An exception route in the file of a flow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason
    taker: ExceptionRoute.Taker = ExceptionRoute.Taker.WORK
    timebox_minutes: Annotated[int, Field(ge=0, le=MOST_MINUTES)] = DEFAULT_MINUTES


def _read(version: FlowVersion) -> Sequence[VersionRouteShape]:
    return [
        VersionRouteShape.model_construct(
            reason=Reason(row.reason),
            taker=ExceptionRoute.Taker(row.taker),
            timebox_minutes=row.timebox_minutes,
        )
        for row in version.exception_routes.all()
    ]


def _write(version: FlowVersion, rows: Sequence[VersionRouteShape]) -> None:
    VersionRoute.objects.bulk_create(
        VersionRoute(
            version=version,
            reason=row.reason.value,
            taker=row.taker.value,
            timebox_minutes=row.timebox_minutes,
        )
        for row in rows
    )


with_version(VersionRows(KEY, VersionRoute, VersionRouteShape, _read, _write, checkpoint=False))
