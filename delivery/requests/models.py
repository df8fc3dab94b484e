"""Request: work that a client asked the agency for."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from delivery.engagements.money import currency_of, said_with_unit
from delivery.requests.details import UNCHANGED, Unchanged
from routing.kernel.clean_text import one_line
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.people.clients import Contact
from routing.work.folding import Fold
from routing.work.items import WorkItem, WorkNoun


class Request(WorkNoun):
    """
    A client's request for work.

    ``target`` is the deliverable that a change request is about. The agency states the impact of
    the change, and an approver of the client accepts or declines it. ``impact_amount`` is in the
    currency of the target's engagement, and ``impact_date`` is a day in the client's time zone.

    While a question is open, ``remind_at`` is when the client is reminded next or, after the last
    reminder, when the question goes to the owner.
    """

    class State(models.TextChoices):
        CAPTURED = "captured", _("New")
        NEEDS_INFORMATION = "needs_information", _("Needs information")
        TRIAGED = "triaged", _("Triaged")
        ACCEPTED = "accepted", _("Accepted")
        IN_DELIVERY = "in_delivery", _("In delivery")
        DELIVERED = "delivered", _("Delivered")
        CLOSED = "closed", _("Closed")
        REJECTED = "rejected", _("Rejected")
        DUPLICATE = "duplicate", _("Duplicate")
        CANCELLED = "cancelled", _("Cancelled")

    class Kind(models.TextChoices):
        NEW = "new", _("New work")
        CAMPAIGN = "campaign", _("Campaign")
        CHANGE = "change", _("Change")

    class Channel(models.TextChoices):
        CRM = "crm", _("CRM")
        FORM = "form", _("Web form")
        PORTAL = "portal", _("Portal")
        EMAIL = "email", _("E-mail")
        PHONE = "phone", _("Phone")
        MEETING = "meeting", _("Meeting")

    class Impact(models.TextChoices):
        UNKNOWN = "", _("Not stated")
        STATED = "stated", _("Stated")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")

    open_states = frozenset(
        {
            State.CAPTURED,
            State.NEEDS_INFORMATION,
            State.TRIAGED,
            State.ACCEPTED,
            State.IN_DELIVERY,
            State.DELIVERED,
        }
    )
    open_to_clients = True
    searchable = ("details",)
    before_acceptance = (State.CAPTURED, State.NEEDS_INFORMATION, State.TRIAGED)

    redactable = ("details", "question", "impact_note")
    impersonal = ("state", "kind", "channel", "impact", "tags")

    state = StateField(
        _("state"), max_length=20, choices=State.choices, default=State.CAPTURED, protected=True
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.NEW)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    details = models.TextField(_("description"), blank=True, default="", max_length=10_000)
    wanted_date = models.DateField(_("needed by"), null=True, blank=True)
    tags = models.JSONField(_("tags"), default=list, db_default=[], blank=True)
    contact = models.ForeignKey(
        Contact,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="requests",
        verbose_name=_("requested by"),
    )
    question = models.TextField(_("open question"), blank=True, default="", max_length=2_000)
    asked_at = models.DateTimeField(_("asked"), null=True, editable=False)
    reminded_at = models.DateTimeField(_("last reminder"), null=True, editable=False)
    reminders = models.PositiveSmallIntegerField(
        _("reminders"), default=0, db_default=0, editable=False
    )
    remind_at = models.DateTimeField(_("next reminder"), null=True, editable=False)
    duplicate_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="duplicates",
        verbose_name=_("duplicate of"),
    )
    target = models.ForeignKey(
        "delivery.Deliverable",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="changes",
        verbose_name=_("changes"),
    )
    impact = models.CharField(
        _("impact"),
        max_length=10,
        choices=Impact,
        default="",
        db_default="",
        blank=True,
        editable=False,
    )
    impact_hours = models.DecimalField(
        _("extra hours"), max_digits=8, decimal_places=2, null=True, editable=False
    )
    impact_amount = models.DecimalField(
        _("extra cost"), max_digits=14, decimal_places=2, null=True, editable=False
    )
    impact_date = models.DateField(_("ready on"), null=True, editable=False)
    impact_note = models.TextField(
        _("impact"), max_length=2_000, blank=True, default="", db_default="", editable=False
    )
    impact_by = models.ForeignKey(
        Contact,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        editable=False,
        verbose_name=_("decided by"),
    )
    triaged_at = models.DateTimeField(_("triaged"), null=True, editable=False)
    accepted_at = models.DateTimeField(_("accepted"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    history = Tracked()

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        default_permissions = ("add", "view")
        # Search uses icontains, which Django writes as UPPER(details) LIKE UPPER(…).
        indexes = (
            # No index names ``state``, here or in a condition: each step would then write into this
            # index again, because PostgreSQL cannot keep the new row beside the old one (HOT).
            GinIndex(OpClass(Fold("details"), "gin_trgm_ops"), name="request_folded_idx"),
        )
        constraints = (
            # Literals, because a constraint changes by a migration only, never with the class.
            models.CheckConstraint(
                condition=models.Q(
                    state__in=[
                        "captured",
                        "needs_information",
                        "triaged",
                        "accepted",
                        "in_delivery",
                        "delivered",
                        "closed",
                        "rejected",
                        "duplicate",
                        "cancelled",
                    ]
                ),
                name="request_state_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="duplicate") | models.Q(duplicate_of__isnull=False),
                name="duplicate_names_original",
            ),
        )

    def said_in_history(self, column: str, value: Any) -> str | None:
        """Return the extra cost with its currency, or the extra hours with their unit."""

        def currency() -> str:
            return currency_of(self.target.brief) if self.target else ""

        return said_with_unit(column, value, currency)

    @transition(field=state, source=State.CAPTURED, target=State.NEEDS_INFORMATION)
    def ask(self, *, at: datetime, question: str, remind_at: datetime | None) -> None:
        self.question, self.asked_at = question, at
        self.reminded_at, self.reminders, self.remind_at = None, 0, remind_at
        self.item.waiting_on = WorkItem.WaitingOn.CLIENT

    @transition(field=state, source=State.NEEDS_INFORMATION, target=None)
    def remind(self, *, at: datetime, remind_at: datetime) -> None:
        """Remind the client of the open question."""
        self.reminded_at, self.reminders, self.remind_at = at, self.reminders + 1, remind_at
        self.item.waiting_on = WorkItem.WaitingOn.CLIENT

    @transition(field=state, source=before_acceptance, target=None)
    def stall(self, *, at: datetime) -> None:
        """The client does not answer, or nobody of it can. The owner decides what happens next."""
        self.remind_at = None
        self.item.waiting_on = WorkItem.WaitingOn.AGENCY

    @transition(field=state, source=before_acceptance, target=None)
    def wait_again(self, *, at: datetime, remind_at: datetime) -> None:
        """Somebody of the client can answer again."""
        if self.state == self.State.NEEDS_INFORMATION:
            self.remind_at = remind_at
        self.item.waiting_on = WorkItem.WaitingOn.CLIENT

    @transition(field=state, source=State.NEEDS_INFORMATION, target=State.CAPTURED)
    def answer(self, *, at: datetime, details: str) -> None:
        """Append the answer to the description."""
        self.details = f"{self.details}\n\n{details}".strip()
        self.question, self.remind_at = "", None
        # The client may have been asked about the impact of a change as well.
        asked = self.impact == self.Impact.STATED
        self.item.waiting_on = WorkItem.WaitingOn.CLIENT if asked else WorkItem.WaitingOn.AGENCY

    @transition(field=state, source=State.CAPTURED, target=State.TRIAGED)
    def triage(self, *, at: datetime) -> None:
        self.triaged_at = at

    @transition(field=state, source=State.TRIAGED, target=State.ACCEPTED)
    def accept(self, *, at: datetime) -> None:
        self.accepted_at = at

    @transition(field=state, source=State.ACCEPTED, target=State.IN_DELIVERY)
    def begin(self, *, at: datetime) -> None:
        """The first deliverable went into production."""

    @transition(field=state, source=[State.ACCEPTED, State.IN_DELIVERY], target=None)
    def write_brief(self, *, at: datetime) -> None:
        """Begin the first brief, if no flow did."""

    @transition(field=state, source=[State.ACCEPTED, State.IN_DELIVERY], target=None)
    def make_campaign(self, *, at: datetime) -> None:
        """Its deliverables are launched together, on one date."""
        self.kind = self.Kind.CAMPAIGN

    @transition(field=state, source=State.IN_DELIVERY, target=State.DELIVERED)
    def deliver(self, *, at: datetime) -> None:
        """All deliverables are live or handed over."""

    @transition(field=state, source=State.DELIVERED, target=State.CLOSED)
    def close(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=before_acceptance, target=State.REJECTED)
    def reject(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=before_acceptance, target=State.DUPLICATE)
    def mark_duplicate(self, *, at: datetime, duplicate_of: int) -> None:
        """:param duplicate_of: id of the request that stays"""
        self.duplicate_of_id = duplicate_of
        self.ended_at = at

    @transition(
        field=state,
        source=[*before_acceptance, State.ACCEPTED, State.IN_DELIVERY],
        target=State.CANCELLED,
    )
    def cancel(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=before_acceptance, target=State.CANCELLED)
    def withdraw(self, *, at: datetime) -> None:
        """The contact who asked no longer wants it."""
        self.ended_at = at

    @transition(field=state, source=before_acceptance, target=None)
    def state_impact(
        self, *, at: datetime, hours: Decimal, amount: Decimal, date: date, note: str
    ) -> None:
        """State the impact. This cancels the answer to an earlier statement."""
        self.impact, self.impact_by_id = self.Impact.STATED, None
        self.impact_hours, self.impact_amount = hours, amount
        self.impact_date, self.impact_note = date, note
        self.item.waiting_on = WorkItem.WaitingOn.CLIENT

    @transition(field=state, source=before_acceptance, target=None)
    def accept_impact(self, *, at: datetime, contact: int | None) -> None:
        self._impact(self.Impact.ACCEPTED, contact)

    @transition(field=state, source=before_acceptance, target=None)
    def decline_impact(self, *, at: datetime, contact: int | None) -> None:
        self._impact(self.Impact.DECLINED, contact)

    def _impact(self, answer: Impact, contact: int | None) -> None:
        """:param contact: id of the contact who answered for the client"""
        self.impact, self.impact_by_id = answer, contact
        # A question may be open as well.
        asked = self.state == self.State.NEEDS_INFORMATION
        self.item.waiting_on = WorkItem.WaitingOn.CLIENT if asked else WorkItem.WaitingOn.AGENCY

    @transition(
        field=state, source=[*before_acceptance, State.ACCEPTED, State.IN_DELIVERY], target=None
    )
    def edit(
        self,
        *,
        at: datetime,
        title: str | Unchanged,
        priority: int | Unchanged,
        kind: str | Unchanged,
        channel: str | Unchanged,
        details: str | Unchanged,
        wanted_date: date | Unchanged | None,
        contact_id: int | Unchanged | None,
        tags: tuple[str, ...] | Unchanged,
    ) -> None:
        """Change fields of the request. ``title`` and ``priority`` belong to the work item."""
        of_the_item = {"title": title, "priority": priority}
        own = {
            "kind": kind,
            "channel": channel,
            "details": details,
            "wanted_date": wanted_date,
            "contact_id": contact_id,
            "tags": tags if tags is UNCHANGED else list(tags),
        }
        for row, values in ((self.item, of_the_item), (self, own)):
            for name, value in values.items():
                if value is not UNCHANGED:
                    setattr(row, name, one_line(str(value)) if name == "title" else value)
