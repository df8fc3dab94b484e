"""Figures of checks: how often a person overrides an earlier result."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from delivery.checks.models import CheckResult
from routing.figures.catalogue import Computes, Figure, Topic, register
from routing.figures.dimensions import Dimension, person
from routing.people.staff import User


def results_of_people(at: datetime) -> QuerySet[Any]:
    """Return what people judged, and whether the result before it said something else."""
    own = CheckResult.objects.filter(
        version=OuterRef("version"), check_row=OuterRef("check_row"), pk__lt=OuterRef("pk")
    )
    last = own.order_by("-pk").values("passed")[:1]
    found = CheckResult.objects.filter(by__kind=User.Kind.PERSON).annotate(before=Subquery(last))
    return found.annotate(has_before=Exists(own))


register(
    Figure(
        name="qa_overrides",
        topic=Topic.QUALITY,
        title=_("Overridden results of checks"),
        formula=_(
            "Results of checks that differ from the result before it of the same check about the "
            "same version, divided by all results."
        ),
        grain=_("a result of one check about one version that a person gave"),
        counted=_("Results that people gave in the period, by signing off or by running checks."),
        left_out=_("Results of checks that the system ran."),
        rows=results_of_people,
        item="version__deliverable__item",
        at="at",
        computes=Computes.RATE,
        good=Q(has_before=True) & ~Q(passed=F("before")),
        own=(
            Dimension(name="check", title=_("Check"), path="check_row__name"),
            person("by", _("By"), "by"),
        ),
    )
)
