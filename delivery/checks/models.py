"""
Check: a rule that versions or briefs must pass. CheckResult and BriefCheckResult: the outcome for
one version and for one brief.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from delivery.briefs.models import Brief
from delivery.deliverables.formats import Format
from delivery.deliverables.versions import Version
from routing.kernel.history import Tracked
from routing.people.clients import Client
from routing.people.staff import User


class Check(models.Model):
    """
    A rule that versions must pass before they leave QA, or briefs before they are approved.

    ``kind`` is a name from ``checks.kinds.catalogue``, and says whether versions or briefs are
    checked. A QA reviewer signs off the kind ``judgment``, which no machine can judge. An empty
    ``format`` or ``client`` means any; briefs have no format. If it is ``only_in_flows``, it looks
    only at the work of flows that name it. A check is never deleted, because results refer to it;
    it is set inactive instead.
    """

    redactable = ("name", "params")
    impersonal = ("kind", "format")

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=40)
    params = models.JSONField(_("parameters"), default=dict, blank=True)
    format = models.CharField(
        _("applies to"), max_length=10, choices=Format.choices, blank=True, default=""
    )
    client = models.ForeignKey(
        Client,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="checks",
        verbose_name=_("client"),
    )
    only_in_flows = models.BooleanField(
        _("only in flows that name it"), default=False, db_default=False
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("active"), default=True)

    history = Tracked()

    class Meta:
        verbose_name = _("check")
        verbose_name_plural = _("checks")
        ordering = ("position", "id")
        default_permissions = ("add", "change", "view")
        constraints = (
            # Without nulls_distinct, two checks for all clients could have the same name.
            models.UniqueConstraint(
                fields=("name", "client"), nulls_distinct=False, name="check_name_once_a_client"
            ),
        )

    def __str__(self) -> str:
        return self.name


class CheckResult(models.Model):
    """
    Result of one check of one version. The newest result of a check counts.

    ``findings`` are the failed ones as JSON, with quotations from the version. ``digest`` is the
    digest of the version that was checked.
    """

    redactable = ("params", "findings")
    impersonal = ("digest",)

    version = models.ForeignKey(
        Version, on_delete=models.PROTECT, related_name="results", verbose_name=_("version")
    )
    check_row = models.ForeignKey(
        Check, on_delete=models.PROTECT, related_name="results", verbose_name=_("check")
    )
    digest = models.CharField(_("digest"), max_length=64)
    params = models.JSONField(_("parameters"), default=dict)  # at the time of the check
    passed = models.BooleanField(_("passed"))
    findings = models.JSONField(_("findings"), default=list)
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    # Triggers of the database refuse updates and deletions.
    append_only: ClassVar[bool] = True

    class Meta:
        verbose_name = _("check result")
        verbose_name_plural = _("check results")
        ordering = ("version", "id")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.check_row}: {_('passed') if self.passed else _('failed')}"


class BriefCheckResult(models.Model):
    """
    Result of one check of one brief. The newest result of a check counts.

    ``findings`` are the failed ones as JSON, with quotations from the brief. ``digest`` is the
    digest of the text, plan and dates that were checked. ``accepted`` is true if a person accepted
    the findings, with the reason; it holds while the check finds the same.
    """

    redactable = ("params", "findings", "reason")
    impersonal = ("digest",)

    brief = models.ForeignKey(
        Brief, on_delete=models.PROTECT, related_name="check_results", verbose_name=_("brief")
    )
    check_row = models.ForeignKey(
        Check, on_delete=models.PROTECT, related_name="brief_results", verbose_name=_("check")
    )
    digest = models.CharField(_("digest"), max_length=64)
    params = models.JSONField(_("parameters"), default=dict)  # at the time of the check
    passed = models.BooleanField(_("passed"))
    findings = models.JSONField(_("findings"), default=list)
    accepted = models.BooleanField(_("accepted"), default=False)
    reason = models.TextField(_("reason"), blank=True, default="")
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    # Triggers of the database refuse updates and deletions.
    append_only: ClassVar[bool] = True

    class Meta:
        verbose_name = _("check result of a brief")
        verbose_name_plural = _("check results of briefs")
        ordering = ("brief", "id")
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(passed=True, accepted=True), name="only_a_failure_is_accepted"
            ),
        )

    def __str__(self) -> str:
        return f"{self.check_row}: {_('passed') if self.passed else _('failed')}"

    @property
    def blocks(self) -> bool:
        """Return whether it keeps the brief from being approved."""
        return not self.passed and not self.accepted
