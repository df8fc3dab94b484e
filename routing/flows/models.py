"""
Flow and its versions: the events that start it, the facts it needs and the action it takes.
"""

from __future__ import annotations

from typing import ClassVar, Self

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.flows.fields import FieldType
from routing.flows.trigger_operators import TriggerOperator
from routing.kernel.history import Tracked
from routing.people.staff import User


class Flow(models.Model):
    class Criticality(models.TextChoices):
        ESSENTIAL = "essential", _("Essential")
        MAY_PAUSE = "may_pause", _("May pause")

    class Touches(models.TextChoices):
        BILLING = "billing", _("Billing")
        PRIVACY = "privacy", _("Privacy")
        CLIENT_SLA = "client_sla", _("SLA with clients")

    redactable = (
        "name",
        "purpose",
        "outcome",
        "runbook",
        "metric",
        "may_change",
        "system_of_record",
        "must_hold",
        "feels_first",
    )
    impersonal = ("slug", "criticality", "touches", "stay_stable")

    slug = models.SlugField(_("slug"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    purpose = models.TextField(
        _("purpose"), help_text=_("The decision this flow makes for the business.")
    )
    outcome = models.TextField(_("outcome"), help_text=_("The proof that the work was done."))
    runbook = models.TextField(
        _("runbook"),
        blank=True,
        default="",
        help_text=_("Steps to take when the flow stops, and to roll it back."),
    )
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("policy owner")
    )
    backup = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("policy backup")
    )
    metric = models.CharField(
        _("metric"),
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_("The one figure that shows that the flow helps."),
    )
    outcome_owner = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("outcome owner"),
        help_text=_("Answers for the outcome, and can agree to changes as the second person."),
    )
    criticality = models.CharField(
        _("criticality"),
        max_length=10,
        choices=Criticality.choices,
        default=Criticality.ESSENTIAL,
        db_default=Criticality.ESSENTIAL,
        help_text=_("Whether work would come to harm if the flow were switched off for a day."),
    )
    touches = models.JSONField(
        _("touches"),
        blank=True,
        default=list,
        db_default=[],
        help_text=_("Every change but one of wording then needs two people."),
    )
    may_change = models.JSONField(
        _("may change"),
        blank=True,
        default=list,
        db_default=[],
        help_text=_("Records, systems and fields that its runs write, one a line."),
    )
    system_of_record = models.CharField(
        _("system of record"),
        max_length=120,
        blank=True,
        default="",
        db_default="",
        help_text=_("The system that is right if two differ."),
    )
    must_hold = models.JSONField(
        _("must hold"),
        blank=True,
        default=list,
        db_default=[],
        help_text=_("Constraints that every version must keep, one a line."),
    )
    stay_stable = models.JSONField(
        _("flows that must stay stable"),
        blank=True,
        default=list,
        db_default=[],
        help_text=_("A change of this flow must not disturb them."),
    )
    feels_first = models.CharField(
        _("feels a change first"),
        max_length=120,
        blank=True,
        default="",
        db_default="",
        help_text=_("The people or the client who would notice a change first."),
    )
    leads_may_edit = models.BooleanField(
        _("team leads may edit rules"),
        default=False,
        db_default=False,
        help_text=_(
            "The leads of the teams to which its live rules route can then edit its drafts as its "
            "policy owner can."
        ),
    )
    last_review = models.DateField(_("last review"), null=True, blank=True)
    next_review = models.DateField(_("next review"), null=True, blank=True)

    history = Tracked()

    class Meta:
        verbose_name = _("flow")
        verbose_name_plural = _("flows")
        ordering = ("name",)
        default_permissions = ("add", "change", "view")
        permissions = (("publish_flow", "Can publish and roll back flow versions"),)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(owner=models.F("backup")),
                name="flow_owner_is_not_backup",
                violation_error_message=_("Policy owner and backup must be two different people."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class FlowVersionQuerySet(models.QuerySet["FlowVersion"]):
    def live(self) -> Self:
        """Filter for the newest published version of each flow."""
        # DISTINCT ON keeps the first row of each flow in this order.
        return (
            self.filter(published_at__isnull=False)
            .order_by("flow_id", "-number")
            .distinct("flow_id")
        )


class FlowVersion(models.Model):
    """
    One version of a flow. It is a draft until it is published. After that, triggers in the database
    refuse to change it or its rows.

    To roll back, a copy of an older version (``copied_from``) is published.
    """

    redactable = ("template", "title", "criteria")
    impersonal = ("action", "policy")

    flow = models.ForeignKey(
        Flow, on_delete=models.PROTECT, related_name="versions", verbose_name=_("flow")
    )
    number = models.PositiveIntegerField(_("number"))
    # The first of its actions. Versions from before there were several have no rows of them.
    action = models.CharField(
        _("action"),
        max_length=60,
        help_text=_("The operation to start once the owner is known."),
    )
    template = models.TextField(
        _("brief template"),
        blank=True,
        default="",
        help_text=_("Fields in braces are replaced, such as {deal.name}."),
    )
    title = models.CharField(
        _("work title"),
        max_length=200,
        default="{deal.name}",
        help_text=_("Can contain fields in braces."),
    )
    policy = models.CharField(_("SLA policy"), max_length=50, default="standard")
    criteria = models.JSONField(
        _("success criteria"),
        blank=True,
        default=list,
        db_default=[],
        help_text=_("By what this version is judged, one a line. Frozen when it is published."),
    )
    rollback_to = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("rollback version"),
        help_text=_("The version to publish again if this one does harm."),
    )
    copied_from = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("copy of"),
    )
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    published_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("published by"),
    )

    objects: ClassVar[models.Manager[FlowVersion]] = FlowVersionQuerySet.as_manager()
    history = Tracked()

    class Meta:
        verbose_name = _("flow version")
        verbose_name_plural = _("flow versions")
        ordering = ("flow", "-number")
        default_permissions = ("add", "change", "view")
        constraints = (
            models.UniqueConstraint(fields=("flow", "number"), name="flow_version_once"),
        )

    def __str__(self) -> str:
        return f"{self.flow} v{self.number}"


def live_of(flow: int) -> FlowVersion | None:
    """Return the live version of a flow, by its id, or None if nothing is published."""
    rows = FlowVersion.objects.filter(flow=flow, published_at__isnull=False)
    return rows.order_by("-number").first()


class VersionPart(models.Model):
    """A row that belongs to a version and is frozen with it."""

    class Meta:
        abstract = True


class TriggerQuerySet(models.QuerySet["Trigger"]):
    def live(self) -> Self:
        """Filter for triggers of live versions, which start flows now."""
        return self.filter(version__in=FlowVersion.objects.live().values("pk"))


class Trigger(VersionPart):
    """
    An event that starts the flow, by its kind and optionally a field of its body.

    The field is compared with ``value``, or with any of ``values`` if the operator is ``one_of``.
    """

    redactable = ("value", "values")
    impersonal = ("kind", "field", "operator")

    version = models.ForeignKey(
        FlowVersion, on_delete=models.CASCADE, related_name="triggers", verbose_name=_("version")
    )
    kind = models.CharField(_("kind of event"), max_length=100)
    field = models.CharField(
        _("field"),
        max_length=60,
        blank=True,
        default="",
        help_text=_("Leave empty to match any event of this kind."),
    )
    operator = models.CharField(
        _("operator"),
        max_length=20,
        choices=TriggerOperator.choices,
        default=TriggerOperator.EQUALS,
        db_default=TriggerOperator.EQUALS,
    )
    value = models.CharField(_("value"), max_length=200, blank=True, default="")
    values = models.JSONField(_("values"), blank=True, default=list, db_default=[])

    objects = TriggerQuerySet.as_manager()

    class Meta:
        verbose_name = _("trigger")
        verbose_name_plural = _("triggers")

    def __str__(self) -> str:
        if not self.field:
            return self.kind
        shown = ", ".join(self.values) if self.operator == TriggerOperator.ONE_OF else self.value
        return f"{self.kind} {self.field} {self.operator} {shown}"


class FlowField(VersionPart):
    """A fact that the flow uses, and whether it may act without it."""

    redactable = ("label", "choices")
    impersonal = ("name", "type")

    version = models.ForeignKey(
        FlowVersion, on_delete=models.CASCADE, related_name="fields", verbose_name=_("version")
    )
    name = models.CharField(
        _("name"),
        max_length=60,
        validators=[
            RegexValidator(
                r"\A[a-z]+(\.[a-z][a-z_]*)+\Z", _("Lower case with a dot, such as deal.amount.")
            )
        ],
    )
    label = models.CharField(_("label"), max_length=120)
    type = models.CharField(
        _("type"), max_length=10, choices=[(kind.value, kind.value) for kind in FieldType]
    )
    required = models.BooleanField(_("required"), default=False)
    # Records of decisions are never rewritten, so rules may not use what identifies a person.
    personal = models.BooleanField(
        _("personal"), default=False, help_text=_("Identifies a person. Rules cannot use it.")
    )
    money = models.BooleanField(
        _("money"),
        default=False,
        db_default=False,
        help_text=_("Sets what a client pays. Changes of it need a second person."),
    )
    choices = models.JSONField(_("choices"), blank=True, default=list)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("field")
        verbose_name_plural = _("fields")
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("version", "name"),
                name="flow_field_once",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
        )

    def __str__(self) -> str:
        return self.label


class VersionAction(VersionPart):
    """
    One of the actions of a version, in the order of ``position``. ``inputs`` has a text by the name
    of each input that its kind declares, see ``routing.flows.actions``.
    """

    redactable = ("inputs",)
    impersonal = ("kind",)

    version = models.ForeignKey(
        FlowVersion, on_delete=models.CASCADE, related_name="actions", verbose_name=_("version")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    kind = models.CharField(_("action"), max_length=60)
    inputs = models.JSONField(_("inputs"), blank=True, default=dict)

    class Meta:
        verbose_name = _("action")
        verbose_name_plural = _("actions")
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.kind
