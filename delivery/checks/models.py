"""Check: a rule every version must pass. CheckResult: that one did, or did not, and why."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from delivery.deliverables.formats import Format
from delivery.deliverables.versions import Version
from routing.kernel.history import Tracked
from routing.people.clients import Client
from routing.people.staff import User


class Check(models.Model):
    """
    ``kind`` is one of engine.checks; ``judgment`` is the kind that no machine judges: a QA reviewer
    signs it.

    Empty ``format`` and ``client`` mean any. Never deleted, since results name it: take it out of
    use.
    """

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
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("active"), default=True)

    history = Tracked()

    class Meta:
        verbose_name = _("check")
        verbose_name_plural = _("checks")
        ordering = ("position", "id")
        default_permissions = ("add", "change", "view")
        constraints = (
            models.UniqueConstraint(
                fields=("name", "client"), nulls_distinct=False, name="check_name_once_a_client"
            ),
        )

    def __str__(self) -> str:
        return self.name


class CheckResult(models.Model):
    """
    One judgment of one version: the newest of a check counts. ``findings`` are those that failed,
    as JSON, quoted from the version; ``digest`` is that of the version, so a result never speaks of
    anything else.
    """

    version = models.ForeignKey(
        Version, on_delete=models.PROTECT, related_name="results", verbose_name=_("version")
    )
    check_row = models.ForeignKey(
        Check, on_delete=models.PROTECT, related_name="results", verbose_name=_("check")
    )
    digest = models.CharField(_("digest"), max_length=64)
    params = models.JSONField(_("parameters"), default=dict)  # as they were
    passed = models.BooleanField(_("passed"))
    findings = models.JSONField(_("findings"), default=list)
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    append_only: ClassVar[bool] = True

    class Meta:
        verbose_name = _("check result")
        verbose_name_plural = _("check results")
        ordering = ("version", "id")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.check_row}: {_('passed') if self.passed else _('failed')}"
