"""Deliverable: one thing that is made, checked, approved, and published or handed over."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from delivery.deliverables.formats import Format
from delivery.engagements.money import currency_of, said_with_unit
from delivery.requests.details import UNCHANGED, Unchanged
from delivery.requests.models import Request
from routing.kernel.clean_text import one_line
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.people.destinations import Destination
from routing.work.items import WorkItem, WorkNoun


class Deliverable(WorkNoun):
    """
    One thing that the agency makes for a request.

    ``version`` is the newest version. ``reworked`` is the version that was returned for rework,
    which cannot be submitted a second time. ``rounds`` counts the changes that the client asked
    for. ``amount`` is in the currency of the engagement. ``replaces`` stays live until this one is
    live.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        IN_PRODUCTION = "in_production", _("In production")
        IN_QA = "in_qa", _("In QA")
        REWORK = "rework", _("Rework")
        IN_INTERNAL_REVIEW = "in_internal_review", _("In internal review")
        IN_CLIENT_REVIEW = "in_client_review", _("In client review")
        APPROVED = "approved", _("Approved")
        PUBLISHING = "publishing", _("Publishing")
        PUBLISH_FAILED = "publish_failed", _("Publishing failed")
        LIVE = "live", _("Live")
        HANDED_OVER = "handed_over", _("Files handed over")
        ARCHIVED = "archived", _("Archived")
        CANCELLED = "cancelled", _("Cancelled")

    open_to_clients = True
    making = (State.PLANNED, State.IN_PRODUCTION, State.REWORK)
    judged = (State.IN_QA, State.IN_INTERNAL_REVIEW, State.IN_CLIENT_REVIEW)
    placed = (State.LIVE, State.PUBLISHING, State.PUBLISH_FAILED)  # what its page is matters
    publishable_again = (State.LIVE, State.PUBLISH_FAILED)
    done_states = frozenset({State.LIVE, State.HANDED_OVER, State.ARCHIVED})
    # Clients and visitors saw the version, or are about to.
    seen_states = done_states | {State.PUBLISHING, State.PUBLISH_FAILED}
    open_states = frozenset(
        {*making, *judged, State.APPROVED, State.PUBLISHING, State.PUBLISH_FAILED}
    )

    address_column = "live_url"
    redactable = ("live_url",)
    impersonal = ("state", "key", "format")

    state = StateField(
        _("state"), max_length=20, choices=State.choices, default=State.PLANNED, protected=True
    )
    request = models.ForeignKey(
        Request, on_delete=models.PROTECT, related_name="deliverables", verbose_name=_("request")
    )
    brief = models.ForeignKey(
        "delivery.Brief",
        on_delete=models.PROTECT,
        related_name="deliverables",
        verbose_name=_("brief"),
    )
    key = models.CharField(_("key in the plan"), max_length=12, editable=False)
    format = models.CharField(_("type"), max_length=10, choices=Format.choices, default=Format.PAGE)
    destination = models.ForeignKey(
        Destination,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="deliverables",
        verbose_name=_("destination"),
    )
    replaces = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        verbose_name=_("replaces"),
    )
    version = models.ForeignKey(
        "delivery.Version",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("version"),
    )
    reworked = models.ForeignKey(
        "delivery.Version",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("returned at"),
    )
    amount = models.DecimalField(_("planned amount"), max_digits=14, decimal_places=2, default=0)
    hours = models.DecimalField(_("planned hours"), max_digits=8, decimal_places=2, default=0)
    due_date = models.DateField(_("planned date"), null=True, blank=True)
    rounds = models.PositiveSmallIntegerField(_("change rounds used"), default=0)
    live_url = models.CharField(_("live at"), max_length=1000, blank=True, default="")
    live_at = models.DateTimeField(_("live since"), null=True, editable=False)
    # The day in the client's time zone on which what was launched by hand is to be taken down.
    ends_date = models.DateField(_("ends on"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    history = Tracked()

    class Meta:
        verbose_name = _("deliverable")
        verbose_name_plural = _("deliverables")
        default_permissions = ("view",)
        constraints = (
            # Approving a newer brief finds its deliverables again by their keys.
            models.UniqueConstraint(fields=("request", "key"), name="planned_once_a_request"),
            # Two briefs cannot replace the same page. A cancelled successor leaves its place free.
            models.UniqueConstraint(
                fields=("replaces",),
                condition=~models.Q(state="cancelled") & models.Q(replaces__isnull=False),
                name="one_successor_at_a_time",
            ),
            # Checks and approvals rely on this and do not ask again.
            models.CheckConstraint(
                condition=models.Q(state__in=["planned", "in_production", "cancelled"])
                | models.Q(version__isnull=False),
                name="what_is_judged_has_a_version",
            ),
        )
        indexes = (
            # Every reviewer's Today asks for all work in QA, which is a small part of all work.
            models.Index(
                fields=["item"],
                condition=models.Q(state="in_qa"),
                name="deliverable_in_qa_idx",
            ),
            models.Index(
                fields=["live_url"],
                condition=~models.Q(live_url=""),
                name="deliverable_live_at_idx",
            ),
        )

    def said_in_history(self, column: str, value: Any) -> str | None:
        """Return an amount with its currency, or hours with their unit."""
        return said_with_unit(column, value, lambda: currency_of(self.brief))

    @transition(
        field=state,
        source=[*making, *judged, State.APPROVED, State.PUBLISHING, State.PUBLISH_FAILED],
        target=None,
    )
    def edit(
        self,
        *,
        at: datetime,
        title: str | Unchanged,
        priority: int | Unchanged,
        due_date: date | Unchanged | None,
    ) -> None:
        """Change what people read about the work. ``title`` and ``priority`` are of its item."""
        if title is not UNCHANGED:
            self.item.title = one_line(title)
        if priority is not UNCHANGED:
            self.item.priority = priority
        if due_date is not UNCHANGED:
            self.due_date = due_date

    @transition(
        field=state,
        source=[*making, *judged, State.APPROVED, State.PUBLISHING, State.PUBLISH_FAILED],
        target=None,
    )
    def assign(self, *, at: datetime, doer: int | None) -> None:
        """:param doer: id of the assignee, None for nobody"""
        self.item.doer_id = doer

    @transition(field=state, source=State.PLANNED, target=State.IN_PRODUCTION)
    def start(self, *, at: datetime, doer: int | None = None) -> None:
        """:param doer: id of the assignee, if there is none yet"""
        if self.item.doer_id is None:
            self.item.doer_id = doer

    @transition(field=state, source=[State.IN_PRODUCTION, State.REWORK], target=None)
    def upload(self, *, at: datetime, version: int) -> None:
        """:param version: id of the newest version"""
        self.version_id = version

    @transition(field=state, source=[State.IN_PRODUCTION, State.REWORK], target=State.IN_QA)
    def submit(self, *, at: datetime) -> None:
        """Submit the newest version for QA; its checks run."""

    @transition(field=state, source=State.IN_QA, target=None)
    def run_checks(self, *, at: datetime) -> None:
        """Run the checks again, for example after one was changed."""

    @transition(field=state, source=State.IN_QA, target=None)
    def sign_off(self, *, at: datetime) -> None:
        """Record the judgment of a person; it is stored as the result of a check."""

    @transition(field=state, source=State.IN_QA, target=State.IN_INTERNAL_REVIEW)
    def pass_qa(self, *, at: datetime) -> None:
        """All checks have passed, including those that a person signs off."""

    @transition(field=state, source=list(judged), target=State.REWORK)
    def send_back(self, *, at: datetime) -> None:
        self._back()

    @transition(field=state, source=list(judged), target=State.REWORK)
    def return_for_rework(self, *, at: datetime, counts: bool = False) -> None:
        """
        A check failed, or an approver asked for changes.

        :param counts: the client asked, so a change round of the engagement is used
        """
        self._back()
        self.rounds += counts

    @transition(field=state, source=[State.APPROVED, State.PUBLISH_FAILED], target=State.REWORK)
    def reopen(self, *, at: datetime) -> None:
        """Withdraw approved work that should not, or cannot, be published as it is."""
        self._back()

    def _back(self) -> None:
        self.reworked_id = self.version_id
        self.item.waiting_on = WorkItem.WaitingOn.AGENCY

    @transition(
        field=state,
        source=[State.IN_INTERNAL_REVIEW, State.IN_CLIENT_REVIEW],
        target=State.IN_INTERNAL_REVIEW,
    )
    def ask_agency(self, *, at: datetime) -> None:
        """Ask the agency, again if its approval expired or was rejected."""
        self.item.waiting_on = WorkItem.WaitingOn.AGENCY

    @transition(
        field=state,
        source=[State.IN_INTERNAL_REVIEW, State.IN_CLIENT_REVIEW],
        target=State.IN_CLIENT_REVIEW,
    )
    def ask_client(self, *, at: datetime) -> None:
        """Ask the client, again if the approval expired."""
        self.item.waiting_on = WorkItem.WaitingOn.CLIENT

    @transition(field=state, source=[State.IN_INTERNAL_REVIEW, State.IN_CLIENT_REVIEW], target=None)
    def stall(self, *, at: datetime) -> None:
        """
        The approval was rejected or expired, or too few people are left to give it. The owner
        decides what happens next.
        """
        self.item.waiting_on = WorkItem.WaitingOn.AGENCY

    @transition(field=state, source=State.IN_CLIENT_REVIEW, target=None)
    def wait_again(self, *, at: datetime) -> None:
        """Enough people of the client can answer the open approval again."""
        self.item.waiting_on = WorkItem.WaitingOn.CLIENT

    @transition(
        field=state,
        source=[State.IN_INTERNAL_REVIEW, State.IN_CLIENT_REVIEW],
        target=State.APPROVED,
    )
    def approve(self, *, at: datetime) -> None:
        """All approval stages are complete."""
        self.item.waiting_on = WorkItem.WaitingOn.AGENCY

    @transition(field=state, source=[State.APPROVED, State.PUBLISH_FAILED], target=State.PUBLISHING)
    def publish(self, *, at: datetime) -> None:
        """Start publishing to the destination."""

    @transition(field=state, source=[State.PUBLISHING, State.PUBLISH_FAILED], target=State.LIVE)
    def go_live(self, *, at: datetime, url: str) -> None:
        """The destination shows it at ``url``."""
        # An address that does not fit must not undo a publication that has happened.
        self.live_url, self.live_at = url[:1000], at

    @transition(field=state, source=[State.APPROVED, State.LIVE], target=State.LIVE)
    def launch_by_hand(self, *, at: datetime, address: str, ends: date | None = None) -> None:
        """
        A person launched it where no adapter does, or records that once more.

        :param address: where it can be seen, or an empty string
        :param ends: the day on which it is to be taken down, None if it stays
        """
        self.live_url, self.live_at, self.ends_date = address, self.live_at or at, ends

    @transition(field=state, source=State.LIVE, target=None)
    def set_end(self, *, at: datetime, ends: date | None) -> None:
        """:param ends: the day on which it is to be taken down, None if it stays"""
        self.ends_date = ends

    @transition(field=state, source=State.LIVE, target=State.ARCHIVED)
    def take_down(self, *, at: datetime) -> None:
        """A person took it down where they had launched it."""
        self.ended_at = at

    @transition(field=state, source=State.LIVE, target=None)
    def renew(self, *, at: datetime, url: str, version: int = 0) -> None:
        """The page was restored, created again, or taken over as somebody else wrote it."""
        self.live_url, self.version_id = url[:1000], version or self.version_id

    @transition(field=state, source=State.PUBLISHING, target=State.PUBLISH_FAILED)
    def fail_publishing(self, *, at: datetime) -> None:
        """The destination refused it or does not answer. An exception gives the reason."""

    @transition(field=state, source=State.APPROVED, target=State.HANDED_OVER)
    def hand_out(self, *, at: datetime) -> None:
        """The client can fetch the files."""
        self.ended_at = at

    @transition(field=state, source=State.HANDED_OVER, target=None)
    def confirm_receipt(self, *, at: datetime) -> None:
        """A contact has the files, as the portal saw."""

    @transition(field=state, source=State.HANDED_OVER, target=None)
    def record_receipt(self, *, at: datetime) -> None:
        """A contact has the files, as they said elsewhere."""

    @transition(field=state, source=State.HANDED_OVER, target=None)
    def remind_receipt(self, *, at: datetime) -> None:
        """The client is asked again to confirm the receipt."""

    @transition(field=state, source=[State.LIVE, State.HANDED_OVER], target=State.ARCHIVED)
    def archive(self, *, at: datetime) -> None:
        """No longer current: replaced, or taken down by a person."""
        self.ended_at = at

    # Not while it is being published: the page may be public by the time the state is written.
    @transition(
        field=state,
        source=[*making, *judged, State.APPROVED, State.PUBLISH_FAILED],
        target=State.CANCELLED,
    )
    def cancel(self, *, at: datetime) -> None:
        """Stop the work. A version that is live already stays live."""
        self.ended_at = at

    @transition(
        field=state, source=[*making, *judged, State.APPROVED, State.PUBLISH_FAILED], target=None
    )
    def replan(self, *, at: datetime, plans: dict[str, dict[str, object]], brief: int) -> None:
        """
        Follow the plan of a newer brief.

        :param plans: the new title, amount, hours, due_date and destination_id by key
        """
        self.brief_id = brief
        for name, value in plans[self.key].items():
            setattr(self.item if name == "title" else self, name, value)
