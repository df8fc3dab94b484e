"""Campaign: the deliverables of one request that are launched together, on one date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from delivery.requests.models import Request
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.work.items import WorkNoun


class Campaign(WorkNoun):
    """
    The parts of a campaign, which are the deliverables of its request, and their launch date.

    Its state follows from its parts. ``launch_date`` is a day in the client's time zone, the same
    as that of the request's brief, which dates such as D-5 follow. Its outcome is proven when those
    of all parts are that were not cancelled.
    """

    class State(models.TextChoices):
        PLANNING = "planning", _("Planning")
        LAUNCHING = "launching", _("Launching")
        LIVE = "live", _("Live")
        PROVEN = "proven", _("Proven")
        CLOSED = "closed", _("Closed")
        CANCELLED = "cancelled", _("Cancelled")

    open_states = frozenset({State.PLANNING, State.LAUNCHING, State.LIVE})
    impersonal = ("state",)

    state = StateField(
        _("state"), max_length=20, choices=State.choices, default=State.PLANNING, protected=True
    )
    request = models.OneToOneField(
        Request, on_delete=models.PROTECT, related_name="campaign", verbose_name=_("request")
    )
    launch_date = models.DateField(_("launch date"), null=True, blank=True)
    live_at = models.DateTimeField(_("live since"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    history = Tracked()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        default_permissions = ("view",)

    @transition(field=state, source=[State.PLANNING, State.LAUNCHING], target=None)
    def move_launch(self, *, at: datetime, launch: date) -> None:
        """Set the launch date, or move it with what follows it."""
        self.launch_date = launch

    @transition(field=state, source=[State.PLANNING, State.LAUNCHING], target=None)
    def adopt_launch(self, *, at: datetime, launches: Mapping[int, date]) -> None:
        """
        Follow the launch date of the brief, which was set there.

        :param launches: the date by the id of the request
        """
        self.launch_date = launches[self.request_id]

    @transition(field=state, source=State.PLANNING, target=State.LAUNCHING)
    def launch(self, *, at: datetime) -> None:
        """The first part is live or handed over."""

    @transition(field=state, source=[State.PLANNING, State.LAUNCHING], target=State.LIVE)
    def go_live(self, *, at: datetime) -> None:
        """All parts that were not cancelled are live or handed over."""
        self.live_at = at

    @transition(field=state, source=State.LIVE, target=State.PROVEN)
    def prove(self, *, at: datetime) -> None:
        """The proof of all parts is there."""
        self.ended_at = at

    @transition(field=state, source=State.LIVE, target=State.CLOSED)
    def close(self, *, at: datetime) -> None:
        """The request was closed before all parts were proven."""
        self.ended_at = at

    @transition(
        field=state, source=[State.PLANNING, State.LAUNCHING, State.LIVE], target=State.CANCELLED
    )
    def cancel(self, *, at: datetime) -> None:
        """The request was cancelled."""
        self.ended_at = at
