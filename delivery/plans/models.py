"""PlanTemplate and its versions: the usual text and deliverables of a brief of one kind of work."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from delivery.plans.lines import TemplateLine, read_lines
from delivery.requests.models import Request
from routing.kernel.history import Tracked
from routing.people.clients import Client
from routing.people.staff import User

MOST_BODY = 20_000  # as long as a brief


class PlanTemplate(models.Model):
    """
    A template for briefs and their plans. Its newest version is used.

    ``kind`` is the kind of the requests that it is for, and an empty ``client`` means any. There is
    at most one default for each kind and client. A template is never deleted, because briefs refer
    to its versions; it is set inactive instead.
    """

    redactable = ("name",)
    impersonal = ("kind",)

    name = models.CharField(_("name"), max_length=120, unique=True)
    kind = models.CharField(
        _("kind of work"), max_length=10, choices=Request.Kind, default=Request.Kind.NEW
    )
    client = models.ForeignKey(
        Client,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="plan_templates",
        verbose_name=_("client"),
    )
    is_default = models.BooleanField(_("default"), default=False)
    is_active = models.BooleanField(_("active"), default=True)

    history = Tracked()

    class Meta:
        verbose_name = _("brief template")
        verbose_name_plural = _("brief templates")
        ordering = ("name",)
        default_permissions = ("add", "change", "view")
        constraints = (
            # Without nulls_distinct, there could be two defaults for all clients.
            models.UniqueConstraint(
                fields=("kind", "client"),
                condition=models.Q(is_default=True),
                nulls_distinct=False,
                name="one_default_plan_template",
                violation_error_message=_(
                    "Another template is the default for this kind and client."
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(is_default=False) | models.Q(is_active=True),
                name="default_plan_template_is_active",
                violation_error_message=_("An inactive template cannot be the default."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class PlanTemplateVersion(models.Model):
    """
    What a template said from one save to the next. A brief keeps the version that filled it.

    Read ``lines`` by ``planned``.
    """

    redactable = ("body", "lines", "reason")

    template = models.ForeignKey(
        PlanTemplate, on_delete=models.PROTECT, related_name="versions", verbose_name=_("template")
    )
    number = models.PositiveIntegerField(_("number"))
    body = models.TextField(_("brief text"), blank=True, default="", max_length=MOST_BODY)
    lines = models.JSONField(_("planned deliverables"), default=list, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    # Triggers of the database refuse updates and deletions.
    append_only: ClassVar[bool] = True

    class Meta:
        verbose_name = _("version of a brief template")
        verbose_name_plural = _("versions of brief templates")
        ordering = ("template", "-number")
        default_permissions = ("view",)
        constraints = (
            # Two people who save at the same moment would both take the next number.
            models.UniqueConstraint(
                fields=("template", "number"), name="plan_template_number_once"
            ),
        )

    def __str__(self) -> str:
        return _("%(template)s, version %(number)s") % {
            "template": self.template,
            "number": self.number,
        }

    @property
    def planned(self) -> tuple[TemplateLine, ...]:
        """:raises BadLines: never for what was saved by ``save_template``"""
        return read_lines(self.lines)
