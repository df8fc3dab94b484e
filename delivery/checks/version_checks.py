"""
VersionCheck: a check that a flow version names, so that it looks at the work of that flow.

Most checks look at all work. One that is only for flows that name it looks at nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import models
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict

from delivery.checks.models import Check
from routing.flows.models import FlowVersion, VersionPart
from routing.flows.registry import Reference, VersionRows, with_version
from routing.kernel.roles import EVERYONE, OPS, grant

KEY = "checks"  # in the file of a flow

grant("delivery.view_versioncheck", *EVERYONE)
for _verb in ("add", "change", "delete"):
    grant(f"delivery.{_verb}_versioncheck", OPS)


class VersionCheck(VersionPart):
    """A check that looks at the versions, or the briefs, of every run of a flow version."""

    impersonal: tuple[str, ...] = ()

    version = models.ForeignKey(
        FlowVersion,
        on_delete=models.CASCADE,
        related_name="named_checks",
        verbose_name=_("flow version"),
    )
    check_row = models.ForeignKey(
        Check,
        on_delete=models.PROTECT,
        related_name="named_by",
        verbose_name=_("check"),
        limit_choices_to={"client": None},
    )

    class Meta:
        verbose_name = _("check of the flow")
        verbose_name_plural = _("checks of the flow")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("version", "check_row"),
                name="version_check_once",
                deferrable=models.Deferrable.IMMEDIATE,
                violation_error_message=_("This check is in the list already."),
            ),
        )

    def __str__(self) -> str:
        return str(self.check_row)


def named_in_runs(checks: Sequence[Check], runs: Iterable[int | None]) -> NamedChecks:
    """
    Return which of these checks the flows of these runs name. One query if any check is only for
    flows that name it, otherwise none.
    """
    only = [check.pk for check in checks if check.only_in_flows]
    named: dict[int, set[int]] = defaultdict(set)
    if only:
        rows = VersionCheck.objects.filter(
            check_row__in=only, version__runs__in={run for run in runs if run}
        )
        for run, check in rows.values_list("version__runs", "check_row"):
            named[run].add(check)
    return NamedChecks(named)


class NamedChecks:
    """The checks that the flow of each run names, by the id of the run."""

    def __init__(self, by_run: Mapping[int, Collection[int]]) -> None:
        self._by_run = by_run

    def looks_at(self, check: Check, run: int | None) -> bool:
        """Return whether a check looks at work of this run, whatever its client and format."""
        return not check.only_in_flows or check.pk in self._by_run.get(run or 0, ())


# -- In the file of a flow -------------------------------------------------------------------------


class VersionCheckShape(BaseModel):
    """A check in the file of a flow, by its name. Only checks for all clients have such names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str


def _nameable() -> models.QuerySet[Check]:
    return Check.objects.filter(client=None)


def _names() -> set[str]:
    return set(_nameable().values_list("name", flat=True))


def _read(version: FlowVersion) -> Sequence[VersionCheckShape]:
    rows = version.named_checks.select_related("check_row").order_by("pk")
    return [VersionCheckShape.model_construct(name=row.check_row.name) for row in rows]


def _write(version: FlowVersion, rows: Sequence[VersionCheckShape]) -> None:
    names = [row.name for row in rows]
    known = {check.name: check for check in _nameable().filter(name__in=names)}
    VersionCheck.objects.bulk_create(
        VersionCheck(version=version, check_row=known[row.name]) for row in rows
    )


with_version(
    VersionRows(
        KEY,
        VersionCheck,
        VersionCheckShape,
        _read,
        _write,
        refers=(Reference("name", _names, "no check for all clients has this name"),),
        columns={"name": "check_row"},
    )
)
