"""Rule: assigns work to a team with the required skills if its conditions match."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.flows.conditions import Operator
from routing.flows.models import FlowVersion, VersionPart
from routing.people.staff import Team
from routing.work.items import WorkItem


class Rule(VersionPart):
    """
    One rule of a flow version. The first rule by ``position`` whose conditions match decides. A
    rule without conditions always matches.
    """

    redactable = ("name",)
    impersonal = ("skills",)

    version = models.ForeignKey(
        FlowVersion, on_delete=models.CASCADE, related_name="rules", verbose_name=_("version")
    )
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(_("name"), max_length=120)
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, related_name="+", verbose_name=_("team")
    )
    skills = ArrayField(
        models.CharField(max_length=40), verbose_name=_("required skills"), blank=True, default=list
    )
    account_first = models.BooleanField(
        _("prefer account owner"),
        default=False,
        help_text=_("Prefer the client's owner, if available, over people with less work."),
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"), choices=WorkItem.Priority, default=WorkItem.Priority.NORMAL
    )

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ("position",)
        constraints = (
            # Deferrable, because two rules swap their positions in one form.
            models.UniqueConstraint(
                fields=("version", "position"),
                name="rule_position_once",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
        )

    def __str__(self) -> str:
        return self.name


class Condition(VersionPart):
    """One typed clause. All clauses of a group must match, and one matching group is enough."""

    redactable = ("value",)
    impersonal = ("field", "operator")

    rule = models.ForeignKey(
        Rule, on_delete=models.CASCADE, related_name="conditions", verbose_name=_("rule")
    )
    group = models.PositiveSmallIntegerField(_("group"), default=1)
    field = models.CharField(_("field"), max_length=60)
    operator = models.CharField(
        _("operator"), max_length=12, choices=[(each.value, each.value) for each in Operator]
    )
    value = models.JSONField(_("value"), blank=True, null=True, default=None)

    class Meta:
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")
        ordering = ("group", "id")

    def __str__(self) -> str:
        return f"{self.field} {self.operator} {self.value}"
