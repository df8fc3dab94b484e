"""ValueStream: work that is done by hand so far, and could become a flow."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy

from routing.flows.models import Flow
from routing.kernel.history import Tracked
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant
from routing.people.staff import User

grant("routing.view_valuestream", AM, QA, OPS, INTEGRATIONS, AUDITOR)
grant("routing.add_valuestream", OPS)
grant("routing.change_valuestream", OPS)


class ValueStreamQuerySet(models.QuerySet["ValueStream"]):
    def not_automated(self) -> ValueStreamQuerySet:
        """Filter for those that no flow does yet, and that are not meant to stay by hand."""
        return self.filter(flow=None, stays_manual=False)


class ValueStream(models.Model):
    """
    Work that creates value for a client or the agency and is not automated yet.

    ``flow`` is the flow that was started from it.
    """

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = (
        "name",
        "purpose",
        "begins_with",
        "outcome",
        "how_often",
        "decision_points",
        "known_failures",
    )

    name = models.CharField(gettext_lazy("name"), max_length=120, unique=True)
    purpose = models.TextField(
        gettext_lazy("purpose"), help_text=gettext_lazy("What it achieves, and for whom.")
    )
    begins_with = models.CharField(
        gettext_lazy("begins with"),
        max_length=200,
        blank=True,
        default="",
        help_text=gettext_lazy("What sets it off today, such as an e-mail or a day of the month."),
    )
    outcome = models.TextField(
        gettext_lazy("outcome"),
        blank=True,
        default="",
        help_text=gettext_lazy("How somebody can tell that it was done."),
    )
    decision_points = models.JSONField(
        gettext_lazy("decision points"),
        default=list,
        help_text=gettext_lazy("What somebody decides on the way, one a line."),
    )
    known_failures = models.JSONField(
        gettext_lazy("known failures"),
        blank=True,
        default=list,
        help_text=gettext_lazy("What goes wrong today, one a line."),
    )
    how_often = models.CharField(
        gettext_lazy("how often"),
        max_length=120,
        help_text=gettext_lazy("Such as “about 20 times a month”."),
    )
    owner = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=gettext_lazy("owner"),
        help_text=gettext_lazy("Knows how it is done today."),
    )
    stays_manual = models.BooleanField(
        gettext_lazy("stays manual"),
        default=False,
        help_text=gettext_lazy("It is not going to be automated. Give the reason below."),
    )
    flow = models.ForeignKey(
        Flow,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="value_streams",
        verbose_name=gettext_lazy("flow"),
    )

    objects = ValueStreamQuerySet.as_manager()
    history = Tracked()

    class Meta:
        verbose_name = gettext_lazy("value stream")
        verbose_name_plural = gettext_lazy("value streams")
        ordering = ("name",)
        default_permissions = ("add", "change", "view")

    def __str__(self) -> str:
        return self.name
