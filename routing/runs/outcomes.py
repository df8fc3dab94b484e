"""Outcome: the proof that a deliverable, or a run as a whole, did what it was for."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.kernel.transitions import verb_of
from routing.people.staff import User
from routing.runs.models import Run
from routing.work.items import WorkItem

# In the evidence of an invoice that is expected: what proves it, and then of a CRM record which
# field and which of its values.
AWAITS, FIELD, VALUES = "awaits", "field", "values"
DOCUMENT = "document"
FIRST_PROOF = 1  # the version of proofs that have no other


class OutcomeQuerySet(models.QuerySet["Outcome"]):
    def due(self, at: datetime) -> Self:
        """Filter for outcomes that are due for a check at ``at`` (aware)."""
        return self.filter(next_probe_at__lte=at)

    def current(self) -> Self:
        """Filter for outcomes that are neither waived nor superseded."""
        return self.filter(verb_of(Outcome, "supersede").guard)

    def unmet(self) -> Self:
        """Filter for outcomes that keep a run from being complete."""
        return self.filter(state__in=Outcome.unmet_states)


class Outcome(models.Model):
    """
    One thing that must be proven before a run is complete, such as that a deliverable is live.
    That an invoice was sent or the SLA was met is about the run itself.

    ``evidence`` is the JSON result of the last check. ``failures`` counts failed checks in a row.
    ``unseen_since`` is the time of the first of the latest checks that got no answer.
    ``next_probe_at`` is empty if nothing can be checked, or nothing needs to be. ``proof_version``
    says which version of the comparison proved it, since a later one may be stricter.
    """

    class Kind(models.TextChoices):
        LIVE = "live", _("Live as approved")
        HANDED_OVER = "handed_over", _("Received by the client")
        LAUNCHED = "launched", _("Launched by hand")
        CAMPAIGN = "campaign", _("Campaign live")
        INVOICE_SENT = "invoice_sent", _("Invoice sent")
        SLA_MET = "sla_met", _("SLA met")

    class State(models.TextChoices):
        EXPECTED = "expected", _("Expected")
        PROVEN = "proven", _("Proven")
        DECAYED = "decayed", _("No longer holds")
        FAILED = "failed", _("Failed")
        WAIVED = "waived", _("Waived")
        SUPERSEDED = "superseded", _("Superseded")

    # Those that are proven by fetching an address.
    probed_kinds = (Kind.LIVE, Kind.LAUNCHED)
    unmet_states = (State.EXPECTED, State.DECAYED, State.FAILED)
    unproven_states = (*unmet_states, State.WAIVED)  # a waived one is accepted without its proof

    redactable = ("evidence",)
    impersonal = ("kind", "state")

    item = models.ForeignKey(
        WorkItem, on_delete=models.PROTECT, related_name="outcomes", verbose_name=_("work item")
    )
    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, null=True, related_name="outcomes", verbose_name=_("run")
    )
    kind = models.CharField(_("what"), max_length=12, choices=Kind)
    state = StateField(
        _("state"), max_length=12, choices=State.choices, default=State.EXPECTED, protected=True
    )
    expected_at = models.DateTimeField(_("expected since"))
    proven_at = models.DateTimeField(_("proven"), null=True)
    probed_at = models.DateTimeField(_("last checked"), null=True)
    next_probe_at = models.DateTimeField(_("next check"), null=True)
    worker = models.UUIDField(null=True)  # that is checking, if that process has a heartbeat
    unseen_since = models.DateTimeField(_("unreachable since"), null=True)
    failures = models.PositiveIntegerField(_("failed checks"), default=0)
    evidence = models.JSONField(_("evidence"), default=dict)
    proof_version = models.PositiveSmallIntegerField(
        _("version of the proof"), default=FIRST_PROOF, db_default=FIRST_PROOF
    )
    waived_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("waived by"),
    )

    # These columns change with every check. Records of them would bury those of the outcome.
    beside_history = ("evidence",)
    history = Tracked(
        excluded_fields=("probed_at", "next_probe_at", "worker", "unseen_since", "failures")
    )
    objects = OutcomeQuerySet.as_manager()

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        ordering = ("id",)
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("item", "kind"), name="outcome_once_an_item"),
            models.CheckConstraint(
                condition=~models.Q(state="waived") | models.Q(waived_by__isnull=False),
                name="waived_by_name",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="proven") | models.Q(proven_at__isnull=False),
                name="proven_when",
            ),
        )
        indexes = (
            models.Index(
                fields=["next_probe_at", "id"],
                condition=models.Q(next_probe_at__isnull=False),
                name="outcome_probe_idx",
            ),
        )

    @property
    def is_unmet(self) -> bool:
        """Return whether the outcome keeps its run from being complete."""
        return self.state in self.unmet_states

    @property
    def is_receipt(self) -> bool:
        """Return whether the client proves it, by confirming that they have the files."""
        return self.kind == self.Kind.HANDED_OVER

    @property
    def is_document(self) -> bool:
        """Return whether a person proves it, by recording a document."""
        awaits: Any = self.evidence.get(AWAITS)
        return self.kind == self.Kind.INVOICE_SENT and awaits == DOCUMENT

    @property
    def is_checked(self) -> bool:
        """Return whether the product checks it again by itself, and at once if it is asked."""
        is_by_person = self.is_receipt or self.is_document
        return self.next_probe_at is not None and not is_by_person

    @property
    def is_overdue_receipt(self) -> bool:
        """Return whether the client did not confirm before the end of the timebox."""
        return self.is_receipt and self.state == self.State.EXPECTED and self.next_probe_at is None

    def __str__(self) -> str:
        return f"{self.item}: {self.get_kind_display()}"

    @transition(field=state, source=[State.EXPECTED, State.DECAYED], target=State.PROVEN)
    def prove(self, *, at: datetime, evidence: dict[str, Any], version: int = FIRST_PROOF) -> None:
        self.proven_at, self.evidence, self.failures = at, evidence, 0
        self.proof_version = version

    @transition(field=state, source=State.PROVEN, target=State.DECAYED)
    def decay(self, *, at: datetime, evidence: dict[str, Any]) -> None:
        """Record that the proof no longer holds."""
        self.evidence = evidence

    @transition(field=state, source=State.EXPECTED, target=State.FAILED)
    def fail(self, *, at: datetime, evidence: dict[str, Any]) -> None:
        """Record that it can no longer be proven, such as an SLA that was missed."""
        self.evidence, self.next_probe_at = evidence, None

    @transition(
        field=state, source=[State.EXPECTED, State.DECAYED, State.FAILED], target=State.WAIVED
    )
    def waive(self, *, at: datetime, waived_by: int) -> None:
        """
        Accept the outcome without proof.

        :param waived_by: id of the user who does so
        """
        self.waived_by_id, self.next_probe_at = waived_by, None

    @transition(
        field=state,
        source=[State.EXPECTED, State.PROVEN, State.DECAYED, State.FAILED],
        target=State.SUPERSEDED,
    )
    def supersede(self, *, at: datetime) -> None:
        """Stop checking, because something newer has replaced it."""
        self.next_probe_at = None


def next_look(outcomes: models.QuerySet[Outcome]) -> datetime | None:
    """Return the time at which the next of these outcomes is checked, if one is still missing."""
    missing = outcomes.filter(state__in=Outcome.unmet_states)
    found: datetime | None = missing.aggregate(next=models.Min("next_probe_at"))["next"]
    return found
