"""A finding about drafts whose invoice is proven by a record that their runs do not have."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from integrations.outbox.crm import DEAL
from routing.flows.lint import LintFinding, lint
from routing.flows.models import FlowVersion
from routing.flows.registry import facts_of_kind
from routing.runs.proofs import KEY


def _is_about_deal(kind: str) -> bool:
    return any(name.startswith(f"{DEAL}.") for name in facts_of_kind(kind) or ())


@lint
def invoices_without_record(version: FlowVersion) -> Iterator[LintFinding]:
    """Find a field of the CRM that no run of the version can have."""
    kinds = version.triggers.values_list("kind", flat=True)
    if any(_is_about_deal(kind) for kind in kinds):
        return
    page = reverse("admin:routing_flowversion_change", args=[version.pk])
    for place, row in enumerate(version.proofs.all()):
        if row.field:
            message = _(
                "The proof “%(proof)s” reads a field of a CRM record, and no trigger of this "
                "version is about one. Choose such a trigger, or prove it by a document."
            )
            yield LintFinding(
                "proof_without_record",
                message % {"proof": row},
                f"{page}#proofs-group",
                path=(KEY, place, "field"),
            )
