"""VersionProof: what must be proven of a run, beside what its deliverables prove by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict, Field, StrictStr, model_validator

from routing.flows.models import FlowVersion, VersionPart
from routing.flows.registry import VersionRows, with_version
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant
from routing.runs.outcomes import AWAITS, DOCUMENT, FIELD, VALUES, Outcome

KEY = "proofs"  # in the file of a flow
MOST_VALUES = 10
FIELD_LENGTH, VALUE_LENGTH = 100, 200
FIELD_NAME = rf"\A[A-Za-z0-9_.-]{{1,{FIELD_LENGTH}}}\Z"

grant("routing.view_versionproof", AM, QA, OPS, INTEGRATIONS, AUDITOR)
for _verb in ("add", "change", "delete"):
    grant(f"routing.{_verb}_versionproof", OPS)


class VersionProof(VersionPart):
    """
    An outcome that every run of a version must prove once its work is done.

    That an invoice was sent is proven by a field of the CRM record that started the run, which has
    one of ``values``, or without a field by a document that a person records.
    """

    class Kind(models.TextChoices):
        INVOICE_SENT = Outcome.Kind.INVOICE_SENT, Outcome.Kind.INVOICE_SENT.label
        SLA_MET = Outcome.Kind.SLA_MET, Outcome.Kind.SLA_MET.label

    redactable = ("values",)
    impersonal = ("kind", "field")

    version = models.ForeignKey(
        FlowVersion, on_delete=models.CASCADE, related_name="proofs", verbose_name=_("version")
    )
    kind = models.CharField(_("outcome"), max_length=12, choices=Kind)
    field = models.CharField(
        _("field in the CRM"),
        max_length=FIELD_LENGTH,
        blank=True,
        default="",
        validators=[
            RegexValidator(FIELD_NAME, _("The internal name of a property, such as invoice_state."))
        ],
        help_text=_("Leave empty if a person records the invoice as a document."),
    )
    values = models.JSONField(
        _("values that prove it"),
        blank=True,
        default=list,
        help_text=_("Separated by commas, such as sent, paid."),
    )

    class Meta:
        verbose_name = _("proof")
        verbose_name_plural = _("proofs")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("version", "kind"),
                name="version_proof_once",
                deferrable=models.Deferrable.IMMEDIATE,
                violation_error_message=_("This outcome is in the list already."),
            ),
        )

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def expected(self) -> Mapping[str, Any]:
        """Return what the proof is to be, as the evidence of an expected outcome has it."""
        if self.kind != self.Kind.INVOICE_SENT:
            return {}
        if not self.field:
            return {AWAITS: DOCUMENT}
        return {AWAITS: FIELD, FIELD: self.field, VALUES: list(self.values)}


# -- In the file of a flow -------------------------------------------------------------------------


class VersionProofShape(BaseModel):
    """A proof in the file of a flow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: VersionProof.Kind
    field: Annotated[StrictStr, Field(max_length=FIELD_LENGTH)] = ""
    values: Annotated[
        tuple[Annotated[StrictStr, Field(min_length=1, max_length=VALUE_LENGTH)], ...],
        Field(max_length=MOST_VALUES),
    ] = ()

    @model_validator(mode="after")
    def _fits(self) -> VersionProofShape:
        if self.field and self.kind != VersionProof.Kind.INVOICE_SENT:
            raise ValueError("only invoice_sent has a field")
        if bool(self.field) != bool(self.values):
            raise ValueError("give a field with its values, or neither for a document")
        return self


def _read(version: FlowVersion) -> Sequence[VersionProofShape]:
    return [
        VersionProofShape.model_construct(
            kind=VersionProof.Kind(row.kind), field=row.field, values=tuple(row.values)
        )
        for row in version.proofs.all()
    ]


def _write(version: FlowVersion, rows: Sequence[VersionProofShape]) -> None:
    VersionProof.objects.bulk_create(
        VersionProof(version=version, kind=row.kind.value, field=row.field, values=list(row.values))
        for row in rows
    )


with_version(VersionRows(KEY, VersionProof, VersionProofShape, _read, _write))
